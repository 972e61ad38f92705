"""Check: values beyond the fences."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.columns import NumberSummary
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.wording import percent, plural


@dataclass(frozen=True)
class Outliers(Check):
    """Counts the values beyond 1.5 interquartile ranges from the quartiles (Tukey's fences), column by column."""

    id = "outliers"
    title = "Values beyond the fences"
    topic = Topic.COLUMNS
    severities = (Severity.NOTE,)
    kinds = ("table",)
    meaning = (
        "The fences lie 1.5 interquartile ranges beyond the quartiles. Of perfectly normal values 0.7 % lie beyond "
        "them, and of skewed ones many more, so nothing is ever dropped for it."
    )
    remedy = "look at the box plots; for long tails, give the logarithm of the column"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the column with the most outliers first."""
        numeric = [s for s in evidence.columns if isinstance(s, NumberSummary)]
        if not numeric:
            return NotApplicable(Reason.TOO_FEW, "there are no numeric columns")
        found = sorted((s for s in numeric if s.n_outliers), key=lambda s: -s.n_outliers)
        if not found:
            return []
        finding = self.finding(
            Severity.NOTE,
            f"values beyond the fences in {plural(len(found), 'column')}, most in {found[0].name!r}: "
            f"{percent(found[0].n_outliers / found[0].n)}",
            items=[f"{s.name}: {s.n_outliers:,} ({percent(s.n_outliers / s.n)})" for s in found],
        )
        return [finding]
