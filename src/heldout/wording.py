"""Counts and shares as people read them."""

from __future__ import annotations


def plural(n: int, word: str) -> str:
    """Write a count with its noun: ``1 row``, ``1,200 rows``, ``2 classes``, ``3 copies``."""
    return f"{n:,} {word if n == 1 else many(word)}"


def many(word: str) -> str:
    """The plural of a noun: rows, classes, copies, boxes, days."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def percent(share: float) -> str:
    """Write a share as a percentage with one digit."""
    return f"{100 * share:.1f} %"
