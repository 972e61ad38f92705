"""Hyperparameters to search: what to try, where it starts, and which way is simpler.

A space is a mapping of a parameter's name to a `Range` or to `Options`; each model's stands in its entry of
`heldout.models.table`. 'Simpler' is declared for each parameter, because the choice among settings that are equally
good depends on it: a smaller C, more neighbours, a shallower tree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heldout.errors import SettingError


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`.

    Parameters
    ----------
    low, high : float
        Both included.
    log : bool
        Whether equal ratios, and not equal differences, count the same; `low` must then be above 0.
    whole : bool
        Whole numbers only.
    simpler : {'', 'low', 'high'}
        The end with the simpler models; none if this parameter does not make a model simpler.
    start : float, optional
        Value to try first.

    Raises
    ------
    SettingError
        If no number lies in the range.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    simpler: str = ""
    start: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise SettingError(
                f"the range from {self.low:g} to {self.high:g} is empty",
                fix="give a lower and a higher finite number, such as Range(0.01, 100, log=True)",
            )
        if self.log and self.low <= 0:
            raise SettingError(
                f"a logarithmic range cannot begin at {self.low:g}", fix="begin above 0, or leave out log=True"
            )
        if self.whole and math.ceil(self.low) > math.floor(self.high):
            raise SettingError(
                f"there is no whole number between {self.low:g} and {self.high:g}",
                fix="widen it, or leave out whole=True",
            )
        if self.start is not None and not self.low <= self.start <= self.high:
            raise SettingError(
                f"the start {self.start:g} is outside {self.low:g} to {self.high:g}", fix="choose one inside"
            )
        _check_simpler(self.simpler, ("", "low", "high"))

    def at(self, share: float) -> float | int:
        """The value this share (0 to 1) of the way from `low` to `high`."""
        way = self.high / self.low if self.log else self.high - self.low
        value = self.low * way**share if self.log else self.low + way * share
        value = min(max(value, self.low), self.high)
        if not self.whole:
            return float(f"{value:.6g}") if self.low <= float(f"{value:.6g}") <= self.high else value
        return int(min(max(round(value), math.ceil(self.low)), math.floor(self.high)))

    def place(self, value: Any) -> float:
        """How far of the way from `low` to `high` a value lies, 0 to 1."""
        number = min(max(float(value), self.low), self.high)
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def values(self, n: int) -> list[float | int]:
        """At most n values, evenly spread, ends included."""
        return list(dict.fromkeys(self.at(i / max(1, n - 1)) for i in range(n)))


@dataclass(frozen=True)
class Options:
    """A few values, of which one is taken.

    Parameters
    ----------
    values_ : sequence
    simpler : {'', 'first', 'last'}
        The end of the sequence with the simpler models, if its order means anything.
    start : optional
        Value to try first; by default the first.

    Raises
    ------
    SettingError
        If there is no value.
    """

    values_: Sequence[Any]
    simpler: str = ""
    start: Any = None

    def __post_init__(self) -> None:
        if not len(self.values_):
            raise SettingError("there are no values to try", fix="give at least one, such as Options([1, 10, 100])")
        if self.start is not None and self.start not in list(self.values_):
            raise SettingError(f"the start {self.start!r} is not one of the values", fix="choose one of them")
        _check_simpler(self.simpler, ("", "first", "last"))

    def at(self, share: float) -> Any:
        """The value this share (0 to 1) of the way through the sequence."""
        return self.values_[min(int(share * len(self.values_)), len(self.values_) - 1)]

    def place(self, value: Any) -> float:
        """How far of the way through the sequence a value stands, 0 to 1."""
        return list(self.values_).index(value) / max(1, len(self.values_) - 1)

    def values(self, n: int) -> list[Any]:
        """All of them: a grid never leaves out a value that was named."""
        return list(self.values_)


Dimension = Range | Options
Space = Mapping[str, Dimension]


def _check_simpler(word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        raise SettingError(f"simpler={word!r} is not one of {', '.join(map(repr, allowed))}", fix="see the docstring")


def as_space(space: Mapping[str, Any]) -> dict[str, Dimension]:
    """A space in which plain sequences stand for `Options` without an order.

    Raises
    ------
    SettingError
        If it is empty, or a parameter has nothing to try; the parameter is named.
    """
    if not space:
        raise SettingError("there is no hyperparameter to search", fix="give one, such as {'C': [0.1, 1, 10]}")
    found: dict[str, Dimension] = {}
    for name, given in space.items():
        if isinstance(given, Range | Options):
            found[name] = given
            continue
        if isinstance(given, str) or not hasattr(given, "__len__"):
            raise SettingError(
                f"{given!r} is not a list of values to try", where=name, fix=f"[{given!r}], Range(...) or Options(...)"
            )
        try:
            found[name] = Options([value.item() if hasattr(value, "item") else value for value in given])
        except SettingError as error:
            raise SettingError(error.what, where=name, fix=error.fix) from None
    return found


def complexity(space: Space, setting: Mapping[str, Any]) -> float:
    """How far a setting is from the simplest one: the sum over parameters of its place on the way, 0 to 1 each."""
    total = 0.0
    for name, dimension in space.items():
        if dimension.simpler:
            place = dimension.place(setting[name])
            total += place if dimension.simpler in ("low", "first") else 1 - place
    return total


def start_of(space: Space) -> dict[str, Any]:
    """The setting to try first: what the candidate is without a search, or near it."""
    return {
        name: dimension.start if dimension.start is not None else dimension.at(0.0 if _is_options(dimension) else 0.5)
        for name, dimension in space.items()
    }


def _is_options(dimension: Dimension) -> bool:
    return isinstance(dimension, Options)
