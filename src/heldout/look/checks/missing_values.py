"""Check: missing values."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import percent, plural


@dataclass(frozen=True)
class MissingValues(Check):
    """Counts the missing values of each column."""

    id = "missing-values"
    title = "Missing values"
    topic = Topic.COLUMNS
    severities = (Severity.WARNING, Severity.NOTE)
    kinds = ("table",)
    meaning = (
        "Missing numbers become the median of the training rows, with an indicator column; missing categories are a "
        "category of their own. Ask why they are missing: gaps that depend on the class or on the place of measurement "
        "are a cue that will not hold elsewhere."
    )
    remedy = "nothing to do unless the gaps have a reason"

    most_missing: float = setting(
        0.5, "Share of missing values above which a column is mostly empty: a warning.", within=Range(0, 1)
    )

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the column with the most gaps first."""
        gaps = sorted((s for s in evidence.columns if s.n_missing), key=lambda s: -s.n_missing)
        if not gaps:
            return []
        n_rows = len(evidence.data)
        mostly = [repr(s.name) for s in gaps if s.n_missing > self.most_missing * n_rows]
        finding = self.finding(
            Severity.WARNING if mostly else Severity.NOTE,
            f"values are missing in {plural(len(gaps), 'column')}, most in {gaps[0].name!r}: "
            f"{percent(gaps[0].n_missing / n_rows)}",
            remedy=f"drop the columns that are mostly empty ({', '.join(mostly[:5])}), or find the values"
            if mostly
            else "",
            items=[f"{s.name}: {s.n_missing:,} ({percent(s.n_missing / n_rows)})" for s in gaps],
        )
        return [finding]
