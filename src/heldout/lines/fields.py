"""What a word or an option can take: numbers, amounts with a unit, sizes, choices and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from heldout.lines.messages import any_of

REQUIRED: Any = object()
"""Default of a field that may not be left out."""

_NUMBER = re.compile(r"-?(\d{1,9}(\.\d{0,17})?|\.\d{1,17})(e[+-]?\d{1,2})?")


class Quantity(NamedTuple):
    """A number with its unit; the unit is empty for a plain number."""

    value: float
    unit: str = ""


class Field(Protocol):
    """What a word or an option takes: how it is called, read, shown and written back."""

    @property
    def key(self) -> str:
        """Name of the value in `Item.values`."""

    @property
    def default(self) -> Any:
        """Value where it is left out; `REQUIRED` if it may not be."""

    @property
    def shown(self) -> str:
        """As the form of the word shows it: ``PIXELS``, ``average|max``."""

    @property
    def meaning(self) -> str:
        """What it is, for messages: ``the number of filters``."""

    @property
    def kind(self) -> str:
        """What may be written: ``a whole number from 1 to 100``."""

    def read(self, text: str) -> Any:
        """The value; `ValueError` if the text is none."""

    def write(self, value: Any) -> str:
        """The text that `read` reads as this value."""


class _Named:
    """How a field is called that has a key, and perhaps a name for forms and words for messages."""

    key: str
    name: str
    about: str

    @property
    def shown(self) -> str:
        """The name, in capitals unless it was given."""
        return self.name or self.key.upper()

    @property
    def meaning(self) -> str:
        """What it is, for messages."""
        return self.about or self.name or self.key.upper()


@dataclass(frozen=True)
class Number(_Named):
    """A number within a range.

    Attributes
    ----------
    key : str
    low, high : float
        Bounds; `above` and `below` say that the bound itself is outside.
    whole : bool
        Whole numbers only, read as int.
    span : bool
        A range such as ``20..40`` may be written, too; the value is then always a pair.
    unit : str
        Unit that may follow the number, such as ``dB``.
    default, name, meaning
        See `Field`; the name is the key in capitals unless given.
    """

    key: str
    low: float = 0.0
    high: float = 1e9
    whole: bool = False
    above: bool = False
    below: bool = False
    span: bool = False
    unit: str = ""
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The name in capitals; a range as two."""
        name = self.name or self.key.upper()
        return f"{name}[..{name}]" if self.span else name

    @property
    def kind(self) -> str:
        """The range in words."""
        what = "a whole number" if self.whole else "a number"
        low = f"{'above' if self.above else 'from'} {_in_full(self.low)}"
        high = f"{'below' if self.below else 'to'} {_in_full(self.high)}"
        high = "" if self.high >= 1e9 else f" {high}"
        also = f", or a range such as {self._example()}" if self.span else ""
        return f"{what} {low}{high}{also}"

    def _example(self) -> str:
        low, high = max(self.low, 20), min(self.high, 40)
        return f"{min(low, high):g}..{high:g}"

    def read(self, text: str) -> Any:
        """The number, or the pair of ends."""
        if not self.span:
            return self._one(text)
        low, dots, high = text.partition("..")
        first = self._one(low)
        last = self._one(high) if dots else first
        if last < first:
            raise ValueError("the range ends before it begins")
        return first, last

    def _one(self, text: str) -> int | float:
        text = text.removesuffix(self.unit) if self.unit else text
        if not _NUMBER.fullmatch(text) or (self.whole and not re.fullmatch(r"-?\d{1,9}(\.0*)?", text)):
            raise ValueError("no number")
        value = float(text)
        inside = (self.low < value if self.above else self.low <= value) and (
            value < self.high if self.below else value <= self.high
        )
        if not inside:
            raise ValueError("out of range")
        return int(value) if self.whole else value

    def write(self, value: Any) -> str:
        """The number with as many digits as it needs."""
        if self.span:
            low, high = value
            return _plain(low) if low == high else f"{_plain(low)}..{_plain(high)}"
        return _plain(value)


def _in_full(value: float) -> str:
    """A bound: whole numbers with all their digits."""
    return f"{int(value):,}" if value == int(value) else f"{value:,g}"


def _plain(value: float) -> str:
    """A number without a point where it is whole, else with as many digits as give it back."""
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


@dataclass(frozen=True)
class Amount(_Named):
    """A number whose unit says what it means: ``0.1`` or ``10%`` of a size, ``4px``, ``0.5s``.

    The value is a `Quantity`; per cent become a share.

    Attributes
    ----------
    units : mapping of unit to Number
        The range for each unit; the empty unit is a plain number.
    """

    key: str
    units: Mapping[str, Number]
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def kind(self) -> str:
        """Every unit with its range."""
        parts = [
            f"{number.kind} followed by {unit}" if unit and unit != "%" else number.kind
            for unit, number in self.units.items()
            if unit != "%"
        ]
        if "%" in self.units:
            parts.append("per cent")
        return any_of(parts)

    def read(self, text: str) -> Quantity:
        """The number and its unit."""
        found = re.fullmatch(r"(-?[\d.]+(?:e[+-]?\d+)?)([a-z%]*)", text, re.IGNORECASE)
        if not found or found[2] not in self.units:
            raise ValueError("no amount")
        value = self.units[found[2]].read(found[1])
        return Quantity(value / 100) if found[2] == "%" else Quantity(float(value), found[2])

    def write(self, value: Any) -> str:
        """The number, and the unit right after it; a share of a sound, which needs its unit, in per cent."""
        number, unit = value
        if not unit and "" not in self.units:
            return f"{_plain(100 * number)}%"
        return f"{_plain(number)}{unit}"


@dataclass(frozen=True)
class Size(_Named):
    """One or two sides in whole numbers: ``28`` or ``28x32`` (height by width).

    Attributes
    ----------
    pair : bool, default=True
        The value always has two sides, equal ones if one was written.
    """

    key: str
    low: int = 1
    high: int = 4096
    pair: bool = True
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The name, and the same for two sides."""
        return f"{self.name or self.key.upper()}|HEIGHTxWIDTH"

    @property
    def kind(self) -> str:
        """Both ways to write it."""
        return f"a whole number from {self.low:,} to {self.high:,}, or two such as 3x5"

    def read(self, text: str) -> tuple[int, ...]:
        """The sides."""
        found = re.fullmatch(r"([1-9]\d{0,8})(?:x([1-9]\d{0,8}))?", text.lower())
        sides = tuple(int(side) for side in found.groups() if side) if found else ()
        if not sides or not all(self.low <= side <= self.high for side in sides):
            raise ValueError("no size")
        return sides * 2 if self.pair and len(sides) == 1 else sides

    def write(self, value: Any) -> str:
        """One number where the sides are equal."""
        sides = [str(side) for side in value]
        return sides[0] if self.pair and sides[0] == sides[-1] else "x".join(sides)


@dataclass(frozen=True)
class Choice:
    """One of a few words; the form shows them all."""

    key: str
    choices: tuple[str, ...]
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """All choices, or the name where it is given."""
        return self.name or "|".join(self.choices)

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.name or self.key

    @property
    def kind(self) -> str:
        """All choices."""
        return any_of(self.choices)

    def read(self, text: str) -> str:
        """The choice; underscores and capitals are forgiven."""
        plain = text.lower().replace("_", "-")
        if plain not in self.choices:
            raise ValueError("no choice")
        return plain

    def write(self, value: Any) -> str:
        """The choice itself."""
        return str(value)


@dataclass(frozen=True)
class Either:
    """What one of several fields reads, the first that can: a number of components or a share of the variance."""

    key: str
    fields: tuple[Field, ...]
    default: Any = REQUIRED
    about: str = ""

    @property
    def shown(self) -> str:
        """All of them."""
        return "|".join(one.shown for one in self.fields)

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.shown

    @property
    def kind(self) -> str:
        """All of them."""
        return any_of([one.kind for one in self.fields])

    def read(self, text: str) -> Any:
        """By the first field that can read it."""
        for one in self.fields:
            if isinstance(one, Number) and one.whole and "." in text:
                continue  # 1.0 is no count: it may be meant as a share
            try:
                return one.read(text)
            except ValueError:
                continue
        raise ValueError("neither")

    def write(self, value: Any) -> str:
        """As a plain number."""
        return _plain(value)


@dataclass(frozen=True)
class Text(_Named):
    """The rest of a step, with its spaces: a column's name. It has to be the last field of its word."""

    key: str
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def kind(self) -> str:
        """Anything goes."""
        return "text"

    def read(self, text: str) -> str:
        """The text itself."""
        return text

    def write(self, value: Any) -> str:
        """The text itself."""
        return str(value)
