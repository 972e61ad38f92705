"""Records: frozen dataclasses that write themselves as plain JSON and read themselves again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self


@dataclass(frozen=True)
class Record:
    """Values under the names of their fields.

    Keys that a record does not know are kept in `other` and written again, so that a later version of the same schema
    loses nothing.
    """

    other: Mapping[str, Any] = field(default_factory=dict, kw_only=True, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        found: dict[str, Any] = {}
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if one.name != "other" and not (value is None and one.metadata.get("may_lack")):
                found[one.metadata.get("key", one.name)] = plain(value)
        return found | plain(self.other)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Take plain values apart.

        Raises
        ------
        ValueError
            If a key is missing, or holds something else.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"{cls.__name__} is a {type(values).__name__}")
        left, found = dict(values), {}
        for one in dataclasses.fields(cls):
            key = one.metadata.get("key", one.name)
            if one.name == "other":
                continue
            if key in left:
                found[one.name] = _read(one, left.pop(key))
            elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
                raise ValueError(f"{cls.__name__} has no {key!r}")
        return cls(**found, other=left)


class Readable(Protocol):
    """What a field may hold: something that reads itself from plain values and writes itself as such."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Any:
        """Take plain values apart."""


def part(of: type[Readable] | None = None, *, key: str = "", may_lack: bool = False) -> dict[str, Any]:
    """Metadata of a field: a record of its own (or a list of them), another name in the file, a key that may lack."""
    return {"may_lack": may_lack} | ({"of": of} if of else {}) | ({"key": key} if key else {})


def plain(value: Any) -> Any:
    """The value with records as dicts and tuples as lists."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _read(one: dataclasses.Field[Any], value: Any) -> Any:
    kind: type[Readable] | None = one.metadata.get("of")
    if isinstance(value, list):
        return tuple(kind.read(inner) for inner in value) if kind else tuple(value)
    return kind.read(value) if kind and value is not None else value
