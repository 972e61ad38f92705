"""The line of ``NetClassifier(augment=...)``: what training rows undergo, each time anew.

``flip, shift 4px, rotate 10 p 0.5, mixup 0.2``: steps in their order, ``mixup`` and ``cutmix`` last; ``p P`` is the
chance that a row undergoes the step. The operations are those of `heldout.augment.operations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from heldout.augment.operations import IMAGES, OPERATIONS, SIGNALS, VECTORS, Operation, P, Step, step_of
from heldout.lines import Amount, Line, Word, language

_KINDS = {1: VECTORS, 2: SIGNALS, 3: IMAGES}
_UNITS = ("", "%", "px")

TRAINING = {name: one for name, one in OPERATIONS.items() if one.training}
"""Operations that rows can undergo while a net trains, by name."""


def _word(operation: Operation) -> Word:
    fields = tuple(
        replace(one, units={unit: one.units[unit] for unit in _UNITS}) if isinstance(one, Amount) else one
        for one in operation.word.fields
    )
    return replace(operation.word, fields=fields, options=(*operation.word.options, P))


def _crop(words: Sequence[str]) -> Sequence[str]:
    """What ``crop 4`` asked for up to version 0.1: images moved by up to 4 pixels, their size kept."""
    try:
        return ["shift", f"{float(words[1]):g}px", *words[2:]]
    except (IndexError, ValueError):
        return ["shift", *words[1:]]


LANGUAGE = language(
    (_word(one) for one in TRAINING.values()),
    of="augment",
    may_be_empty=True,
    old={"crop": _crop},
    elsewhere={
        "centre-crop": "is for --prepare: it changes the size of all images",
        "center-crop": "is for --prepare: it changes the size of all images",
        **{name: "is for heldout augment" for name in OPERATIONS if name not in TRAINING},
    },
)
"""The language of ``NetClassifier(augment=...)``."""


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
    read = LANGUAGE.parse(line)
    steps = tuple(step_of(item, OPERATIONS[item.word].training_p) for item in read.items)
    if shape is not None:
        for step in steps:
            _check_fit(read, step, shape)
    return read.text, steps


def _check_fit(line: Line, step: Step, shape: tuple[int, ...]) -> None:
    """Refuse a step that rows of this shape cannot undergo."""
    kind, form = _KINDS[len(shape)], LANGUAGE.words[step.name].form
    found = _problem(step, kind, shape, form)
    if found:
        raise line.complaint(step.item, *found)


def _problem(step: Step, kind: str, shape: tuple[int, ...], form: str) -> tuple[str, str] | None:
    """What speaks against a step, and a remedy."""
    sizes, values = shape[:-1], step.values
    if kind not in step.operation.training:
        fitting = ", ".join(name for name, other in TRAINING.items() if kind in other.training)
        return f"{step.name} is for {' and '.join(step.operation.training)}, the rows are {kind}", f"fits: {fitting}"
    for_images = [key for key in ("vertical", "levels") if values.get(key)]
    if kind == SIGNALS and for_images:
        return f"{step.name} {for_images[0]} is for images, the rows are signals", form
    if step.name == "gain" and kind == IMAGES and values["levels"] is None:
        example = "gain 6 levels 100 (bytes that hold 100 decibels), or brightness"
        return "gain on images needs levels in decibels", example
    if step.name == "shift" and values["amount"].unit == "px" and values["amount"].value >= min(sizes):
        return f"{step.operation.word.write(values)} leaves nothing of rows of shape {shape}", "a smaller number"
    if step.name == "specaugment" and (values["bands"] > sizes[0] or values["frames"] > sizes[1]):
        masks = f"masks of {values['bands']} bands and {values['frames']} frames"
        return f"{masks} on rows of shape {shape}", "narrower masks"
    if step.name == "pitch" and values["low"] >= values["high"]:
        return "the lowest frequency is not below the highest", form
    return None


def rows_of_table() -> list[tuple[str, str, str]]:
    """Documentation: form, what is done, and the kinds of rows that can undergo it."""
    rows = []
    for name, word in LANGUAGE.words.items():
        chance = TRAINING[name].training_p
        form = word.form.removesuffix(" [p P]")
        does = word.does + (f"; p {chance:g}" if chance < 1 else "")
        rows.append((form, does, ", ".join(TRAINING[name].training)))
    return rows
