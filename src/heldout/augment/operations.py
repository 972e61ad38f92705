"""Every operation of augmentation, declared once: its word, what it takes, and where it can be asked for.

`heldout augment --with` makes new samples on disk (`parse_operations`); ``NetClassifier(augment=...)`` changes training
rows each time they are seen (`heldout.augment.training`). A word means the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

from heldout.errors import SettingError
from heldout.lines import Amount, Item, Language, Number, Option, Quantity, Size, Text, Word, language

IMAGES, SIGNALS, VECTORS = "images", "signals", "vectors"
"""Kinds of rows while training; spectrograms are images with a row a band and a column a frame."""


@dataclass(frozen=True)
class Default:
    """What holds where an operation is asked for by its name alone.

    Attributes
    ----------
    p : float
        Chance that a sample undergoes it.
    value : value of its first field, or None
        None: it has to be written.
    """

    p: float = 1.0
    value: Any = None


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes
    ----------
    word : Word
        Its name, fields and options; ``p P`` comes to all.
    on_disk : mapping of 'images', 'sounds' or 'table' to Default
        Kinds of data for which `heldout augment` has it.
    training : tuple of str
        Kinds of rows that can undergo it while a net trains.
    training_p : float
        Chance that a row undergoes it while training, unless ``p`` says another.
    only_training : tuple of str
        Fields and options that `heldout augment` does not have.
    stream : str
        Key of its random numbers: its first name, so that a renamed operation draws as it always did.
    """

    word: Word
    on_disk: Mapping[str, Default] = field(default_factory=dict)
    training: tuple[str, ...] = ()
    training_p: float = 1.0
    only_training: tuple[str, ...] = ()
    stream: str = ""

    @property
    def name(self) -> str:
        """Its word."""
        return self.word.name


P = Option("p", Number("p", 0, 1))
SHARE = Number("share", 0, 1)
PERCENT = Number("percent", 0, 100)
PIXELS = Number("pixels", 0, 10_000, whole=True)
SECONDS = Number("seconds", 0, 3600)

_OPERATIONS = (
    Operation(
        Word("flip", "mirrors left and right (`vertical`: upside down)", options=(Option("vertical"),)),
        {"images": Default(0.5)},
        (IMAGES, SIGNALS),
        training_p=0.5,
    ),
    Operation(
        Word("rotate", "turns by up to this many degrees, bilinear", (Number("degrees", 0, 180),), example="rotate 10"),
        {"images": Default(value=5.0)},
        (IMAGES,),
    ),
    Operation(
        Word(
            "shift",
            "moves by up to this share of each side, or this many pixels (`4px`) or seconds (`0.1s`)",
            (Amount("amount", {"": SHARE, "%": PERCENT, "px": PIXELS, "s": SECONDS}),),
            (Option("reflect"),),
            example="shift 4px",
        ),
        {"images": Default(value=Quantity(0.1)), "sounds": Default(0.5, Quantity(0.125, "s"))},
        (IMAGES, SIGNALS),
        only_training=("reflect",),
    ),
    Operation(
        Word(
            "random-crop",
            "cuts a window of this size out at a random place; originals: at the centre",
            (Size("pixels", 1, 4096),),
            example="random-crop 28",
        ),
        {"images": Default(value=(28, 28))},
        stream="crop",
    ),
    Operation(
        Word("brightness", "adds up to this share of the full range", (Number("amount", 0, 1),)),
        {"images": Default(value=0.1)},
        (IMAGES,),
    ),
    Operation(
        Word("contrast", "scales the distance from the mean by 1 minus to 1 plus this", (Number("amount", 0, 1),)),
        {"images": Default(value=0.1)},
        (IMAGES,),
    ),
    Operation(
        Word("erase", "paints the mean over a rectangle of up to this share of the area", (SHARE,)),
        {"images": Default(0.5, 0.1)},
        (IMAGES, SIGNALS),
        training_p=0.5,
    ),
    Operation(
        Word(
            "timeshift",
            "moves in time by up to this share; silence enters, or (`wrap`) what left on the other side",
            (SHARE,),
            (Option("wrap"),),
        ),
        training=(IMAGES, SIGNALS),
    ),
    Operation(
        Word(
            "noise",
            "adds white noise of mean 0, this many decibels below the sample, or between two such numbers (`20..40`)",
            (Number("decibels", -60, 120, span=True, unit="dB"),),
            (Option("levels", Number("unit", 0.001, 1000, default=1.0)),),
            example="noise 20..40",
        ),
        {"sounds": Default(0.5, (20.0, 40.0))},
        (IMAGES, SIGNALS),
        training_p=0.5,
        only_training=("levels",),
    ),
    Operation(
        Word(
            "pitch",
            "raises or lowers the pitch by up to this many semitones, length kept; spectrograms: on a mel axis from "
            "LOW to HIGH Hz",
            (
                Number("semitones", 0, 24),
                Number("low", 0, 384_000, default=0.0),
                Number("high", 1, 384_000, default=22_050.0),
            ),
            example="pitch 2",
        ),
        {"sounds": Default(0.5, 2.0)},
        (IMAGES,),
        only_training=("low", "high"),
    ),
    Operation(
        Word("stretch", "plays 1 minus to 1 plus this share as fast, length kept", (Number("share", 0, 0.9),)),
        {"sounds": Default(0.5, 0.2)},
        (IMAGES,),
    ),
    Operation(
        Word(
            "gain",
            "makes louder or softer by up to this many decibels",
            (Number("decibels", 0, 120, unit="dB"),),
            (Option("levels", Number("unit", 0.001, 1000, default=1.0)),),
            example="gain 6",
        ),
        {"sounds": Default(0.5, 6.0)},
        (IMAGES, SIGNALS),
        only_training=("levels",),
    ),
    Operation(
        Word(
            "specaugment",
            "hides MASKS stripes of up to BANDS bands each, and as many of up to FRAMES frames",
            (
                Number("masks", 1, 20, whole=True),
                Number("bands", 0, 10_000, whole=True),
                Number("frames", 0, 100_000, whole=True),
            ),
            example="specaugment 1 8 16",
        ),
        training=(IMAGES,),
    ),
    Operation(
        Word("mix", "mixes in up to this share of another sample of the class", (Number("share", 0, 0.5),)),
        {"images": Default(0.5, 0.3), "sounds": Default(0.5, 0.3)},
    ),
    Operation(
        Word(
            "mixup",
            "mixes with another row of the batch, and their labels; the share comes from Beta(ALPHA, ALPHA)",
            (Number("alpha", 0.01, 100, default=1.0),),
        ),
        training=(IMAGES, SIGNALS, VECTORS),
    ),
    Operation(
        Word(
            "cutmix",
            "replaces a rectangle by that of another row of the batch, and mixes their labels",
            (Number("alpha", 0.01, 100, default=1.0),),
        ),
        training=(IMAGES, SIGNALS),
    ),
    Operation(
        Word("pca-noise", "adds noise of this many deviations on the least principal components", (
            Number("sigma", 0, 10),)),
        {"table": Default(value=0.1)},
        stream="noise",
    ),
    Operation(
        Word(
            "smote",
            "moves towards one of this many nearest rows of the class (SMOTE)",
            (Number("neighbours", 1, 1000, whole=True),),
        ),
        {"table": Default(0.5, 5)},
        stream="mix",
    ),
    Operation(
        Word("swap", "gives this column of categories another one that the class has", (Text("column"),)),
        {"table": Default(0.5)},
    ),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = MappingProxyType({one.name: one for one in _OPERATIONS})
"""By name."""


@dataclass(frozen=True)
class Step:
    """An operation as it was asked for.

    Attributes
    ----------
    name : str
        Its word.
    values : mapping
        By key of each field and option.
    p : float
        Chance that a sample undergoes it.
    item : Item
        Where it stands in its line.
    """

    name: str
    values: Mapping[str, Any]
    p: float
    item: Item = field(compare=False, repr=False)

    @property
    def operation(self) -> Operation:
        """What was asked for."""
        return OPERATIONS[self.name]

    @property
    def stream(self) -> str:
        """Key of its random numbers."""
        return f"{self.operation.stream or self.name} {self.values.get('column', '')}"

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __str__(self) -> str:
        return f"{self.operation.word.write(self.values)} p {self.p:g}"


def step_of(item: Item, p: float) -> Step:
    """The step that an item of a line asks for; ``p`` where it says no other."""
    values = {key: value for key, value in item.values.items() if key != "p"}
    return Step(item.word, values, p if item["p"] is None else item["p"], item)


KINDS = ("images", "sounds", "table")

DEFAULTS = {
    "images": "rotate 5, shift 0.08, brightness 0.1, contrast 0.1",
    "sounds": "shift 0.125s, noise 20..40, pitch 2, stretch 0.2",
    "table": "pca-noise 0.1",
}
"""What is done where nothing is said. No flip: a mirrored b is a d."""

_UNITS = {"images": ("", "%", "px"), "sounds": ("s", "%")}
"""How a shift may be measured."""


def on_disk(kind: str) -> Mapping[str, Operation]:
    """Operations of `heldout augment` on data of a kind."""
    return {name: one for name, one in OPERATIONS.items() if kind in one.on_disk}


def _word_on_disk(operation: Operation, kind: str) -> Word:
    """Its word with the default of the kind, and without what only training has."""
    default = operation.on_disk[kind]
    fields: list[Any] = []
    for one in operation.word.fields:
        if one.key in operation.only_training:
            continue
        more: dict[str, Any] = {"default": default.value} if not fields and default.value is not None else {}
        if isinstance(one, Amount):
            more["units"] = {unit: one.units[unit] for unit in _UNITS[kind]}
        fields.append(replace(cast("Any", one), **more))
    options = [option for option in operation.word.options if option.key not in operation.only_training]
    return replace(operation.word, fields=tuple(fields), options=(*options, P))


def _renamed(name: str) -> Any:
    return lambda words: [name, *words[1:]]


def _with(change: Any) -> Any:
    """Change the first number of a step where it is a plain one."""

    def rewrite(words: Sequence[str]) -> Sequence[str]:
        try:
            number = float(words[1])
        except (IndexError, ValueError):
            return words
        return [words[0], change(number), *words[2:]]

    return rewrite


_OLD: dict[str, dict[str, Any]] = {
    "images": {"crop": _renamed("random-crop")},
    "sounds": {
        "shift": _with(lambda seconds: f"{seconds:g}s"),
        "noise": _with(lambda decibels: f"{decibels:g}..{decibels + 20:g}"),
    },
    "table": {"noise": _renamed("pca-noise"), "mix": _renamed("smote")},
}
"""What meant something else up to version 0.1: a number of ``noise`` stood for itself to 20 decibels more."""

_PLURAL = {"images": "images", "sounds": "sounds", "table": "tables"}


def _elsewhere(kind: str) -> dict[str, str]:
    """Where to look for the words that are not for this kind of data."""
    other = [one for one in OPERATIONS.values() if kind not in one.on_disk]
    return {
        one.name: f"is for {' and '.join(_PLURAL[k] for k in one.on_disk)}, not for {_PLURAL[kind]}"
        if one.on_disk
        else "is for augmentation while training: NetClassifier(augment=...)"
        for one in other
    }


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        kind: language(
            (_word_on_disk(one, kind) for one in on_disk(kind).values()),
            of="the operations",
            step="operation",
            old=_OLD[kind],
            elsewhere=_elsewhere(kind),
        )
        for kind in KINDS
    }
)
"""The language of `heldout augment --with`, by kind of data."""


def parse_operations(text: str | Sequence[str] | None, kind: str) -> tuple[Step, ...]:
    """Read a line of operations of `heldout augment`.

    Parameters
    ----------
    text : str, list of str, or None
        Operations separated by commas, ``rotate 3, flip p 0.3``; None: `DEFAULTS` of the kind.
    kind : 'table', 'images' or 'sounds'

    Raises
    ------
    SettingError
        For an operation that is unknown, is there twice, or has an impossible number; it points at the place. Also
        for a kind of data without operations.

    Examples
    --------
    >>> [str(step) for step in parse_operations("rotate 3, flip p 0.3", "images")]
    ['rotate 3 p 1', 'flip p 0.3']
    """
    if kind not in LANGUAGES:
        raise SettingError(f"heldout augment has no operations for {kind} yet", fix=f"use {', '.join(KINDS)}")
    words = LANGUAGES[kind]
    line = words.parse(DEFAULTS[kind] if text is None else text if isinstance(text, str) else list(text))
    found: list[Step] = []
    for item in line.items:
        step = step_of(item, OPERATIONS[item.word].on_disk[kind].p)
        if any((step.name, step.values.get("column")) == (other.name, other.values.get("column")) for other in found):
            raise line.complaint(item, f"{item.word!r} is there twice", "keep one of them")
        found.append(step)
    return tuple(found)


def as_steps(operations: str | Sequence[Step] | None, kind: str) -> tuple[Step, ...]:
    """Operations that may have been read already."""
    if operations is None or isinstance(operations, str):
        return parse_operations(operations, kind)
    return tuple(operations)


def rows_of_table(kind: str) -> list[tuple[str, str, str]]:
    """Documentation of `heldout augment` for a kind: form, what is done, and what holds where nothing is written."""
    rows = []
    for name, word in LANGUAGES[kind].words.items():
        default = OPERATIONS[name].on_disk[kind]
        value = word.fields[0].write(default.value) + ", " if default.value is not None else ""
        rows.append((word.form.removesuffix(" [p P]"), word.does, f"{value}p {default.p:g}"))
    return rows
