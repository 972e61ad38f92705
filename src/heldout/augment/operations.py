"""What may be asked of an augmentation, in one line: ``"rotate 3, shift 0.1, flip p 0.3"``.

An operation is its name, its amount (in its own unit), and after ``p`` the probability that a new sample gets it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from heldout.errors import SettingError


@dataclass(frozen=True)
class Operation:
    """One step of an augmentation.

    Attributes
    ----------
    name : str
    amount : float
        Largest change, in the unit of the operation; 0 where it has none.
    probability : float
        That a new sample undergoes it.
    column : str
        Of ``swap``: the categorical column; empty otherwise.
    """

    name: str
    amount: float = 0.0
    probability: float = 1.0
    column: str = ""

    def __str__(self) -> str:
        words = [self.name, self.column, f"{self.amount:g}" if self.amount else "", f"p {self.probability:g}"]
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class Known:
    """What is known of an operation: what it does, and between which bounds its amount lies."""

    default: Operation
    low: float
    high: float
    what: str


def _known(name: str, amount: float, probability: float, low: float, high: float, what: str) -> tuple[str, Known]:
    return name, Known(Operation(name, amount, probability), low, high, what)


IMAGES: dict[str, Known] = dict(
    [
        _known("flip", 0, 0.5, 0, 0, "mirrors left and right"),
        _known("rotate", 5, 1, 0, 180, "turns by up to so many degrees"),
        _known("shift", 0.1, 1, 0, 1, "moves by up to this share of each side"),
        _known(
            "crop", 28, 1, 1, 4096, "cuts out a square of so many pixels at a random place; originals at the centre"
        ),
        _known("brightness", 0.1, 1, 0, 1, "adds up to this share of the full range"),
        _known("contrast", 0.1, 1, 0, 1, "scales the distance from the mean by 1 minus to 1 plus this"),
        _known("erase", 0.1, 0.5, 0, 1, "paints over a rectangle of up to this share of the area"),
        _known("mix", 0.3, 0.5, 0, 0.5, "mixes in up to this share of another image of the class"),
    ]
)

SOUNDS: dict[str, Known] = dict(
    [
        _known("shift", 0.125, 0.5, 0, 3600, "moves by up to so many seconds, silence in the gap"),
        _known("noise", 20, 0.5, -20, 100, "adds zero-mean white noise, from this to 20 more decibels below the sound"),
        _known("pitch", 2, 0.5, 0, 24, "shifts by up to so many semitones"),
        _known("stretch", 0.2, 0.5, 0, 0.9, "changes the speed to 1 minus to 1 plus this, length kept"),
        _known("gain", 6, 0.5, 0, 60, "makes it louder or softer by up to so many decibels"),
        _known("mix", 0.3, 0.5, 0, 0.5, "mixes in up to this share of another sound of the class"),
    ]
)

TABLE: dict[str, Known] = dict(
    [
        _known("noise", 0.1, 1, 0, 10, "adds noise of so many deviations on the least principal components"),
        _known("mix", 5, 0.5, 1, 1000, "moves towards one of so many nearest rows of the class"),
        _known("swap", 0, 0.5, 0, 0, "gives the column named another category that its class has"),
    ]
)

KNOWN = {"images": IMAGES, "sounds": SOUNDS, "table": TABLE}

DEFAULTS = {
    "images": "rotate 5, shift 0.08, brightness 0.1, contrast 0.1",
    "sounds": "shift 0.125, noise 20, pitch 2, stretch 0.2",
    "table": "noise 0.1",
}
"""What is done where nothing is said. No flip: a mirrored b is a d."""


def parse_operations(text: str | Sequence[str] | None, kind: str) -> tuple[Operation, ...]:
    """Read a line of operations.

    Parameters
    ----------
    text : str, list of str, or None
        Operations separated by commas; None: `DEFAULTS` of the kind.
    kind : 'table', 'images' or 'sounds'

    Raises
    ------
    SettingError
        Naming each operation that is unknown, twice there, or out of bounds.

    Examples
    --------
    >>> [str(step) for step in parse_operations("rotate 3, flip p 0.3", "images")]
    ['rotate 3 p 1', 'flip p 0.3']
    """
    line = DEFAULTS[kind] if text is None else text if isinstance(text, str) else ",".join(text)
    pieces = [piece.strip() for piece in line.split(",")]
    found, problems = [], []
    for piece in pieces:
        try:
            found.append(_parsed(piece, kind))
        except ValueError as error:
            problems.append(str(error))
    names = [(step.name, step.column) for step in found]
    problems += [f"{name!r} is there twice" for name in sorted({n[0] for n in names if names.count(n) > 1})]
    if problems:
        raise SettingError("; ".join(problems), where=f"operations {line!r}", fix=_offer(kind))
    return tuple(found)


def _parsed(piece: str, kind: str) -> Operation:
    words = piece.split()
    if not words:
        raise ValueError("an operation is empty")
    known = KNOWN[kind].get(words[0])
    if known is None:
        near = difflib.get_close_matches(words[0], KNOWN[kind], 1)
        raise ValueError(f"{words[0]!r} is no operation on {_plural(kind)}" + (f", {near[0]!r} is" if near else ""))
    step, rest = known.default, words[1:]
    if "p" in rest[-2:-1]:
        step, rest = replace(step, probability=_number(piece, rest[-1], 0, 1)), rest[:-2]
    if step.name == "swap":
        if not rest:
            raise ValueError("'swap' names no column")
        return replace(step, column=" ".join(rest))
    if len(rest) > 1 or (rest and known.low == known.high):
        raise ValueError(f"{piece!r} has more words than {known.default.name!r} takes")
    if rest:
        step = replace(step, amount=_number(piece, rest[0], known.low, known.high))
    if step.name in ("crop",) and step.amount != int(step.amount):
        raise ValueError(f"{piece!r} is no whole number of pixels")
    return step


def _number(piece: str, word: str, low: float, high: float) -> float:
    try:
        value = float(word)
    except ValueError:
        raise ValueError(f"{piece!r}: {word!r} is no number") from None
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{piece!r}: {word} is not between {low:g} and {high:g}")
    return value


def _plural(kind: str) -> str:
    return "tables" if kind == "table" else kind


def _offer(kind: str) -> str:
    known = KNOWN[kind].values()
    steps = ", ".join(f"{k.default.name}{f' {k.default.amount:g}' if k.low != k.high else ''}" for k in known)
    return f"on {_plural(kind)}: {steps}; after each p PROBABILITY if you like"
