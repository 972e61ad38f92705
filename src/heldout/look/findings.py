"""What a look at the data found: plain data, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
MOST_ITEMS = 20
"""Items that a finding lists; the rest is counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know about the data.

    Attributes
    ----------
    id : str
        What was found, for machines: ``"duplicate-column"``.
    severity : 'error', 'warning' or 'note'
        An error makes scores wrong, a warning may, a note is good to know.
    title : str
        The finding in one line, with its numbers.
    explanation : str
        Why it matters, in plain words.
    items : tuple of str
        The columns, rows or files concerned, the worst first; at most `MOST_ITEMS`.
    n_items : int
        How many there are in all.
    remedy : str
        What can be done, in a form that can be pasted where possible.
    details : mapping
        Numbers behind it, as plain JSON.
    rows : tuple of int
        Positions of rows to show as pictures, where the items are rows.
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    remedy: str
    items: tuple[str, ...] = ()
    n_items: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The finding as plain JSON."""
        return {
            "id": self.id,
            "severity": self.severity,
            "title": self.title,
            "explanation": self.explanation,
            "items": list(self.items),
            "n_items": self.n_items,
            "remedy": self.remedy,
            "details": dict(self.details),
        }


def finding(
    id: str,
    severity: Severity,
    title: str,
    explanation: str,
    remedy: str,
    *,
    items: Sequence[str] = (),
    details: Mapping[str, Any] | None = None,
    rows: Sequence[int] = (),
) -> Finding:
    """Make a finding of any number of items."""
    shown = tuple(str(item) for item in items[:MOST_ITEMS])
    chosen = tuple(int(row) for row in rows[:MOST_ITEMS])
    return Finding(id, severity, title, explanation, remedy, shown, len(items), dict(details or {}), chosen)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then notes; otherwise as they came."""
    return tuple(sorted(findings, key=lambda each: SEVERITIES.index(each.severity)))


def plural(n: int, word: str) -> str:
    """Write a count with its noun: ``1 row``, ``1,200 rows``, ``2 classes``."""
    ending = "" if n == 1 else "es" if word.endswith("s") else "ies" if word.endswith("y") else "s"
    return f"{n:,} {word.removesuffix('y') if ending == 'ies' else word}{ending}"


def percent(share: float) -> str:
    """Write a share as a percentage with one digit."""
    return f"{100 * share:.1f} %"
