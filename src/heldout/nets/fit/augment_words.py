"""The language of augmentation: one line that says what is done to training rows, each time anew.

``flip, crop 4, rotate 10 p 0.5, mixup 0.2``: steps in their order, separated by commas, each a word with its amounts
and options; ``p P`` is the chance that a row undergoes the step. See `WORDS` for all of them.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from heldout.errors import SettingError
from heldout.lines import complain

IMAGES, SIGNALS, VECTORS = "images", "signals", "vectors"
_KINDS = {1: VECTORS, 2: SIGNALS, 3: IMAGES}
_MAX_STEPS = 30
_MAX_TEXT = 2_000


@dataclass(frozen=True)
class Amount:
    """A number after a word: what it is, its range, and its value where it may be left out."""

    name: str
    low: float
    high: float
    whole: bool = False
    default: float | None = None


@dataclass(frozen=True)
class Word:
    """A step that can be asked for: its form, what it takes, and the kinds of rows that it fits."""

    form: str
    kinds: tuple[str, ...]
    amounts: tuple[Amount, ...] = ()
    flags: tuple[str, ...] = ()
    p: float = 1.0


_SPATIAL = (IMAGES, SIGNALS)
_SHARE = Amount("SHARE", 0, 1)
_ALPHA = Amount("ALPHA", 0.01, 100, default=1.0)

#: Every word of the language.
WORDS = {
    "flip": Word("flip [vertical] [p P]", _SPATIAL, flags=("vertical",), p=0.5),
    "shift": Word("shift SHARE [p P]", _SPATIAL, (_SHARE,)),
    "crop": Word("crop PIXELS [reflect] [p P]", _SPATIAL, (Amount("PIXELS", 0, 10_000, True),), ("reflect",)),
    "rotate": Word("rotate DEGREES [p P]", (IMAGES,), (Amount("DEGREES", 0, 180),)),
    "brightness": Word("brightness AMOUNT [p P]", (IMAGES,), (Amount("AMOUNT", 0, 1),)),
    "contrast": Word("contrast AMOUNT [p P]", (IMAGES,), (Amount("AMOUNT", 0, 1),)),
    "erase": Word("erase SHARE [p P]", _SPATIAL, (_SHARE,), p=0.5),
    "timeshift": Word("timeshift SHARE [wrap] [p P]", _SPATIAL, (_SHARE,), ("wrap",)),
    "stretch": Word("stretch SHARE [p P]", (IMAGES,), (Amount("SHARE", 0, 0.9),)),
    "pitch": Word(
        "pitch SEMITONES [LOW HIGH] [p P]",
        (IMAGES,),
        (
            Amount("SEMITONES", 0, 24),
            Amount("LOW", 0, 384_000, default=0.0),
            Amount("HIGH", 1, 384_000, default=22_050.0),
        ),
    ),
    "specaugment": Word(
        "specaugment MASKS BANDS FRAMES [p P]",
        (IMAGES,),
        (Amount("MASKS", 1, 20, True), Amount("BANDS", 0, 10_000, True), Amount("FRAMES", 0, 100_000, True)),
    ),
    "noise": Word("noise DECIBELS [levels [UNIT]] [p P]", _SPATIAL, (Amount("DECIBELS", -60, 120),), ("levels",), 0.5),
    "gain": Word("gain DECIBELS [levels [UNIT]] [p P]", _SPATIAL, (Amount("DECIBELS", 0, 120),), ("levels",)),
    "mixup": Word("mixup [ALPHA] [p P]", (IMAGES, SIGNALS, VECTORS), (_ALPHA,)),
    "cutmix": Word("cutmix [ALPHA] [p P]", _SPATIAL, (_ALPHA,)),
}


@dataclass(frozen=True)
class Step:
    """One step of an augmentation.

    Attributes
    ----------
    name : str
    amounts : tuple of float
    flags : tuple of str
    p : float
        Chance that a row undergoes it.
    unit : float
        With ``levels``: decibels that a value of 1 stands for (100 where bytes hold levels from -100 to 0).
    at : int
        Character of the text where it starts.
    """

    name: str
    amounts: tuple[float, ...]
    flags: tuple[str, ...]
    p: float
    unit: float
    at: int


def parse_augment(line: object, shape: tuple[int, ...] | None = None) -> tuple[str, tuple[Step, ...]]:
    """Read a line: returns it with single spaces, and its steps. An empty line has none.

    Parameters
    ----------
    line : str
    shape : tuple of int, optional
        Of one row; then steps that do not fit it are refused as well.

    Raises
    ------
    SettingError
        For an unknown word, a missing or impossible amount, or a step that does not fit; points at the place.
    """
    if not isinstance(line, str):
        raise SettingError(f"augment={line!r}: a line of text"[:200], fix='augment="flip, crop 4"')
    text = " ".join(line.split())
    if len(text) > _MAX_TEXT:
        raise SettingError(f"the line of augment has {len(text):,} characters", fix=f"at most {_MAX_TEXT:,}")
    reader = _Reader(text)
    steps = reader.steps() if text else ()
    if shape is not None:
        for step in steps:
            reader.check_fit(step, shape)
    return text, steps


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [(m.group(), m.start()) for m in re.finditer(r",|[^\s,]+", text)]
        self.position = 0

    def steps(self) -> tuple[Step, ...]:
        found = [self._step()]
        while self.position < len(self.tokens):
            if len(found) >= _MAX_STEPS:
                raise self._error(f"more than {_MAX_STEPS} steps", "a shorter line")
            self.position += 1  # the comma: a step takes everything before it
            found.append(self._step())
        return tuple(found)

    def _step(self) -> Step:
        name, at = self._token()
        if name in ("", ","):
            raise self._error("expected a step", "known steps: " + ", ".join(WORDS))
        if name not in WORDS:
            hint = _near(name, tuple(WORDS))
            raise self._error(f"unknown step {name[:40]!r}{hint}", "known steps: " + ", ".join(WORDS))
        self.position += 1
        word = WORDS[name]
        amounts = tuple(self._amount(amount, word) for amount in word.amounts)
        flags: list[str] = []
        p, unit = None, 1.0
        while (option := self._token()[0]) not in ("", ","):
            if option == "p" and p is None:
                self.position += 1
                p = self._amount(Amount("P", 0, 1), word)
            elif option in word.flags and option not in flags:
                self.position += 1
                flags.append(option)
                if option == "levels":
                    unit = self._amount(Amount("UNIT", 0.001, 1000, default=1.0), word)
            else:
                known = (*word.flags, "p")
                problem = f"{option!r} is given twice" if option in known else f"{name} has no option {option[:40]!r}"
                raise self._error(problem + ("" if option in known else _near(option, known)), word.form)
        return Step(name, amounts, tuple(flags), word.p if p is None else p, unit, at)

    def _amount(self, amount: Amount, word: Word) -> float:
        token, _ = self._token()
        is_number = re.fullmatch(r"-?(\d{1,9}(\.\d{0,9})?|\.\d{1,9})", token) is not None
        if not is_number and amount.default is not None:
            return amount.default
        bounds = f"from {amount.low:,g} to {amount.high:,g}"
        kind = "a whole number" if amount.whole else "a number"
        if not is_number:
            found = repr(token) if token else "the end"
            raise self._error(f"expected {amount.name} ({kind} {bounds}), found {found}", word.form)
        value = float(token)
        if not amount.low <= value <= amount.high or (amount.whole and value != int(value)):
            raise self._error(f"{amount.name} is {token}, and not {kind} {bounds}", word.form)
        self.position += 1
        return value

    def check_fit(self, step: Step, shape: tuple[int, ...]) -> None:
        """Refuse a step that rows of this shape cannot undergo."""
        word, kind = WORDS[step.name], _KINDS[len(shape)]
        sizes = shape[:-1]
        if kind not in word.kinds:
            fitting = ", ".join(name for name, other in WORDS.items() if kind in other.kinds)
            self._refuse(
                step, f"{step.name} is for {' and '.join(word.kinds)}, the rows are {kind}", f"fits: {fitting}"
            )
        if kind == SIGNALS and {"vertical", "levels"} & set(step.flags):
            self._refuse(step, f"{step.name} {step.flags[0]} is for images, the rows are signals", word.form)
        if step.name == "gain" and kind == IMAGES and "levels" not in step.flags:
            self._refuse(
                step,
                "gain on images needs levels in decibels",
                "gain 6 levels 100 (bytes that hold 100 decibels), or brightness",
            )
        if step.name == "crop" and step.amounts[0] >= min(sizes):
            self._refuse(step, f"crop {step.amounts[0]:g} leaves nothing of rows of shape {shape}", "a smaller number")
        if step.name == "specaugment" and (step.amounts[1] > sizes[0] or step.amounts[2] > sizes[1]):
            problem = f"masks of {step.amounts[1]:g} bands and {step.amounts[2]:g} frames on rows of shape {shape}"
            self._refuse(step, problem, "narrower masks")
        if step.name == "pitch" and step.amounts[1] >= step.amounts[2]:
            self._refuse(step, "the lowest frequency is not below the highest", word.form)

    def _refuse(self, step: Step, problem: str, fix: str) -> None:
        raise complain(self.text, step.at, len(step.name), problem, fix, of="augment")

    def _token(self) -> tuple[str, int]:
        return self.tokens[self.position] if self.position < len(self.tokens) else ("", len(self.text))

    def _error(self, problem: str, fix: str) -> SettingError:
        token, at = self._token()
        return complain(self.text, at, len(token), problem, fix, of="augment")


def _near(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word.lower(), known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
