"""What errors of a line look like: the line, a mark under the wrong word, and the nearest word that there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from heldout.errors import SettingError

_SHOWN_BEFORE, _SHOWN_AFTER = 60, 40


def complain(text: str, at: int, length: int, problem: str, fix: str, *, of: str, where: str = "") -> SettingError:
    """Error that shows a line of text and marks the part of it that is wrong."""
    start = max(0, at - _SHOWN_BEFORE)
    shown = text[start : at + length + _SHOWN_AFTER]
    marker = " " * (at - start) + "^" * max(1, length)
    return SettingError(f"{problem} (character {at + 1} of {of})\n  {shown}\n  {marker}", where=where, fix=fix)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The known word that is most like this one; empty if none is."""
    near = get_close_matches(word.lower(), list(known), 1, cutoff)
    return near[0] if near else ""


def hint(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'relu'?``, or nothing."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def any_of(parts: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    *first, last = parts
    return f"{', '.join(first)} or {last}" if first else last
