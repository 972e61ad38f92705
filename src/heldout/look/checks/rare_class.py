"""Check: classes with few rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import setting
from heldout.wording import plural


@dataclass(frozen=True)
class RareClass(Check):
    """Counts the rows of each class."""

    id = "rare-class"
    title = "Classes with few rows"
    topic = Topic.CLASSES
    severities = (Severity.WARNING,)
    meaning = (
        "A sealed test part and five folds need at least one row each; what is said about such a class rests on one or "
        "two rows."
    )
    remedy = "collect more rows of these classes, merge them, or leave them out"

    least_rows: int = setting(10, "Rows below which a class is rare.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the rarest class first."""
        classes, counts = evidence.data.classes, evidence.counts
        rare = [i for i in np.argsort(counts) if counts[i] < self.least_rows]
        if not rare:
            return []
        finding = self.finding(
            Severity.WARNING,
            f"{plural(len(rare), 'class')} with fewer than {self.least_rows} rows; the rarest is "
            f"{classes[rare[0]]!r}: {counts[rare[0]]:,}",
            items=[f"{classes[i]}: {counts[i]:,}" for i in rare],
        )
        return [finding]
