"""Settings, declared once: the checks, the command-line options, the YAML schema and the docs come from the field.

A record of settings is a frozen dataclass whose fields are made by `setting`, and whose ``__post_init__`` calls
`check`. A new setting is one more field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, TypeVar

from heldout.errors import SettingError

Record = TypeVar("Record")


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``; an open end is not one of them."""

    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: Any) -> bool:
        above = self.low < value if self.open_low else self.low <= value
        below = value < self.high if self.open_high else value <= self.high
        return bool(above and below)

    def __str__(self) -> str:
        if not (self.open_low or self.open_high) and -inf < self.low and self.high < inf:
            return f"between {_plain(self.low)} and {_plain(self.high)}"
        ends = []
        if self.low > -inf:
            ends.append(f"{'above' if self.open_low else 'at least'} {_plain(self.low)}")
        if self.high < inf:
            ends.append(f"{'below' if self.open_high else 'at most'} {_plain(self.high)}")
        return " and ".join(ends)

    def schema(self) -> dict[str, float]:
        """The bounds in the words of JSON schema."""
        low = {"exclusiveMinimum" if self.open_low else "minimum": self.low} if self.low > -inf else {}
        high = {"exclusiveMaximum" if self.open_high else "maximum": self.high} if self.high < inf else {}
        return low | high


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


@dataclass(frozen=True)
class Setting:
    """A setting as its field declares it.

    Attributes
    ----------
    name, kind : str
        Of the field; the kind is its annotation without ``| None``, such as ``"int"`` or ``"int | str"``.
    optional : bool
        Whether None is allowed.
    default : object
    help : str
        One line: a sentence.
    within : Range or None
        Of a number.
    choices : tuple of str
        All values, where they are few.
    metavar : str
        What stands for the value on help pages.
    flags : str
        The short option, such as ``"-j"``, or a long one that is not the name, or both.
    unset : str
        What None (or an empty list) means, in place of a default.
    envvar : str
        Variable of the environment that the option is read from if it is not given.
    read : callable or None
        Takes a value as it was given (text from the command line), returns it as it is kept; raises `SettingError`
        for one that cannot be.
    decides : bool
        Whether results depend on it: not so for limits of time and numbers of processes.
    """

    name: str
    kind: str
    optional: bool
    default: Any
    help: str
    within: Range | None
    choices: tuple[str, ...]
    metavar: str
    flags: str
    unset: str
    envvar: str
    read: Callable[[Any], Any] | None
    decides: bool

    @property
    def option(self) -> str:
        """The long option."""
        given = [flag for flag in self.flags.split() if flag.startswith("--")]
        return given[0] if given else "--" + self.name.replace("_", "-")

    @property
    def default_text(self) -> str:
        """The default as it reads on a help page; empty where there is nothing to say."""
        if self.default is None or self.default == () or self.default == "":
            return self.unset
        if isinstance(self.default, bool):
            return "yes" if self.default else "no"
        return str(self.default)

    @property
    def values_text(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return ", ".join(self.choices)
        words = _WORDS[self.kind]
        return f"{words}, {self.within}" if self.within else words

    def problem(self, value: Any) -> str:
        """What is wrong with a value, or nothing."""
        if value is None and self.optional:
            return ""
        if not _is_of(self.kind, value):
            return f"{self.name} is {value!r}, not {_ARTICLES[self.kind]}"
        if isinstance(value, Real) and not isinstance(value, Integral) and not isfinite(value):
            return f"{self.name} is {value}, not a finite number"
        if self.within is not None and isinstance(value, Real) and value not in self.within:
            return f"{self.name} is {value}; it must be {self.within}"
        if self.choices and value not in self.choices:
            near = get_close_matches(str(value), self.choices, 1, 0.4)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            return f"{self.name} is {value!r}; it must be one of {', '.join(self.choices)}{hint}"
        return _refusal(self.read, value) if self.read else ""

    def schema(self) -> dict[str, Any]:
        """Its entry in a JSON schema."""
        entry: dict[str, Any] = {"description": self.help}
        if self.kind == "tuple[str, ...]":
            return entry | {"type": "array", "items": {"type": "string"}, "default": list(self.default)}
        types = [_JSON_TYPES[part] for part in self.kind.split(" | ")]
        if self.read and "string" not in types:
            types.append("string")
        entry |= {"type": types + (["null"] if self.optional else []), "default": self.default}
        if self.choices:
            entry["enum"] = [*self.choices, *([None] if self.optional else [])]
        return entry | (self.within.schema() if self.within else {})


_KINDS: dict[str, type] = {"str": str, "int": Integral, "float": Real, "bool": bool, "tuple[str, ...]": tuple}
_JSON_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "yes or no",
    "tuple[str, ...]": "names",
    "int | str": "whole number or word",
}
_ARTICLES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple[str, ...]": "a list of names",
    "int | str": "a whole number or a word",
}


def _is_of(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    return any(isinstance(value, _KINDS[part]) for part in kind.split(" | "))


def _refusal(read: Callable[[Any], Any], value: Any) -> str:
    """What a reader says against a value, or nothing."""
    try:
        read(value)
    except SettingError as error:
        first, *more = error.what.split("\n")
        return "\n".join([f"{first} ({error.fix})" if error.fix else first, *more])
    return ""


def setting(
    default: Any,
    help: str,
    *,
    within: Range | None = None,
    choices: tuple[str, ...] = (),
    metavar: str = "",
    flags: str = "",
    unset: str = "",
    envvar: str = "",
    read: Callable[[Any], Any] | None = None,
    decides: bool = True,
) -> Any:
    """Declare a field of a record of settings; see `Setting` for the parameters."""
    declared: dict[str, Any] = {"help": help, "within": within, "choices": choices, "metavar": metavar, "flags": flags}
    declared |= {"unset": unset, "envvar": envvar, "read": read, "decides": decides}
    return dataclasses.field(default=default, metadata={"setting": declared})


def settings_of(record: Any) -> tuple[Setting, ...]:
    """The settings of a record or of its class, in their order."""
    return _settings_of(record if isinstance(record, type) else type(record))


@cache
def _settings_of(record: Any) -> tuple[Setting, ...]:
    found = []
    for spec in dataclasses.fields(record):
        kind = spec.type.__name__ if isinstance(spec.type, type) else str(spec.type)
        optional = kind.endswith(" | None")
        found.append(
            Setting(spec.name, kind.removesuffix(" | None"), optional, spec.default, **spec.metadata["setting"])
        )
    return tuple(found)


def problems(record: Any) -> list[str]:
    """Everything that is wrong with the values of a record."""
    return [text for one in settings_of(record) if (text := one.problem(getattr(record, one.name)))]


def check(record: Any, *more: str, fix: str) -> None:
    """Refuse a record with impossible values: all of them at once, and ``more`` problems that are not of one field.

    Raises
    ------
    SettingError
    """
    found = [*problems(record), *filter(None, more)]
    if found:
        raise SettingError("; ".join(found), fix=fix)


def from_values(record: type[Record], values: Mapping[str, Any], *, where: str = "") -> Record:
    """Make a record from values as people give them.

    Raises
    ------
    SettingError
        For unknown names, with the nearest known one, and for impossible values, all at once.
    """
    known = {one.name: one for one in settings_of(record)}
    found: dict[str, Any] = {}
    refused: list[SettingError] = []
    for name, value in values.items():
        if name not in known:
            near = get_close_matches(str(name), known, 1, 0.5)
            fix = f"did you mean {near[0]!r}?" if near else "known settings: " + ", ".join(known)
            raise SettingError(f"Unknown setting {name!r}", where=where, fix=fix)
        read = known[name].read
        try:
            found[name] = read(value) if read and value is not None else value
        except SettingError as error:
            refused.append(error)
    if not refused:
        return record(**found)
    try:
        record(**found)
    except SettingError as error:
        refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    raise SettingError("; ".join(error.what for error in refused), where=where, fix=refused[-1].fix)


def names(value: Any) -> Any:
    """Read a list of names: a tuple of what stands between commas, or of what a YAML list holds."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        return value
    return tuple(text for part in parts if (text := str(part).strip()))


def json_schema(record: Any, title: str) -> dict[str, Any]:
    """JSON schema of a YAML file of these settings."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "properties": {one.name: one.schema() for one in settings_of(record)},
    }


def markdown_table(record: Any, *, leave_out: tuple[str, ...] = ()) -> str:
    """The settings as a table of the docs."""
    rows = ["| setting | values | default | meaning |", "| --- | --- | --- | --- |"]
    for one in settings_of(record):
        if one.name not in leave_out:
            name = f"`{one.name}`" + (f" (`{one.option}`)" if "--" in one.flags else "")
            cells = (name, one.values_text, one.default_text, one.help)
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"
