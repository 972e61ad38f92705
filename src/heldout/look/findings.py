"""What a look at the data found: plain data, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_ITEMS = 20
"""Items that a finding lists; the rest is counted."""


class Severity(StrEnum):
    """How bad a finding is: an error makes scores wrong, a warning may, a note is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)

    def is_at_least(self, other: Severity) -> bool:
        """Whether it is as bad as another one, or worse."""
        return self.rank <= other.rank


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know about the data.

    Attributes
    ----------
    id : str
        What was found, for machines; that of its check: ``"duplicate-column"``.
    severity : Severity
    title : str
        The finding in one line, with its numbers.
    explanation : str
        Why it matters, in plain words.
    remedy : str
        What can be done, in a form that can be pasted where possible.
    items : tuple of str
        The columns, rows or files concerned, the worst first; at most `MOST_ITEMS`.
    n_items : int
        How many there are in all.
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
            "severity": self.severity.value,
            "title": self.title,
            "explanation": self.explanation,
            "items": list(self.items),
            "n_items": self.n_items,
            "remedy": self.remedy,
            "details": dict(self.details),
        }


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then notes; otherwise as they came."""
    return tuple(sorted(findings, key=lambda each: each.severity.rank))
