"""How a person says which rows are sealed and how the rest is cross-validated, in one word each."""

from __future__ import annotations

from typing import NamedTuple

from heldout.errors import SettingError
from heldout.lines import nearest

WAYS = ("class", "random", "hash", "time:COL", "column:COL", "published", "file:PATH")
HASHED_BY = ("group", "content", "id")
FOLDS = ("loo-group", "published")
_NEEDS_ARGUMENT = {"time": "COL", "column": "COL", "file": "PATH"}


class SplitWord(NamedTuple):
    """A way to choose the test rows: its name, and the column, file or key it goes by ('' if none)."""

    way: str
    by: str = ""


def parse_split(text: str) -> SplitWord:
    """Read ``class``, ``random``, ``hash``, ``hash:id``, ``time:COL``, ``column:COL``, ``published`` or ``file:PATH``.

    Raises
    ------
    SettingError
        If it is none of these; the nearest is offered.

    Examples
    --------
    >>> parse_split("time:visited")
    SplitWord(way='time', by='visited')
    """
    way, colon, by = text.partition(":")
    known = [word.partition(":")[0] for word in WAYS]
    if way not in known:
        near = nearest(way, known)
        offer = f"did you mean {near!r}? " if near else ""
        raise SettingError(f"Unknown split {text!r}", where="--split", fix=f"{offer}choose from {', '.join(WAYS)}")
    if way in _NEEDS_ARGUMENT and not by:
        raise SettingError(
            f"{text!r} needs a name after the colon", where="--split", fix=f"--split {way}:{_NEEDS_ARGUMENT[way]}"
        )
    if way == "hash" and colon and by not in HASHED_BY:
        raise SettingError(
            f"Unknown key {by!r} to hash rows by",
            where="--split",
            fix=f"hash:{', hash:'.join(HASHED_BY)}, or hash alone",
        )
    if way not in (*_NEEDS_ARGUMENT, "hash") and colon:
        raise SettingError(f"{way!r} takes no argument, got {text!r}", where="--split", fix=f"--split {way}")
    return SplitWord(way, by)


def parse_folds(value: int | str) -> int | str:
    """A number of folds (2 to 100), or one of `FOLDS`.

    Raises
    ------
    SettingError
        If it is neither.
    """
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, int):
        if 2 <= value <= 100:
            return value
        raise SettingError(f"folds is {value}; it must be between 2 and 100", where="--folds", fix="--folds 5")
    if value not in FOLDS:
        raise SettingError(
            f"folds is {value!r}, not a number or one of {', '.join(FOLDS)}", where="--folds", fix="--folds 5"
        )
    return value
