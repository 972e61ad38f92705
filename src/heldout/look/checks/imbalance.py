"""Check: classes of very different size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluate.standard_errors import share_standard_error
from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import percent


@dataclass(frozen=True)
class Imbalance(Check):
    """Compares the rows of the classes, and the accuracy of always answering the largest one."""

    id = "imbalance"
    title = "Classes of very different size"
    topic = Topic.CLASSES
    severities = (Severity.WARNING, Severity.NOTE)
    meaning = "Accuracy counts rows, so that large classes weigh more in it."
    remedy = "read balanced accuracy and the scores of each class as well as the accuracy"

    most_constant: float = setting(
        0.8, "Share of the largest class from which a constant answer looks too good: a warning.", within=Range(0, 1)
    )
    least_ratio: float = setting(3.0, "Rows of the largest class over those of the smallest that are worth a note.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        data, counts = evidence.data, evidence.counts
        n, largest = int(counts.sum()), int(counts.argmax())
        share = float(counts[largest] / n)
        ratio = float(counts.max() / max(1, counts[counts > 0].min()))
        items = [f"{data.classes[i]}: {counts[i]:,} ({percent(counts[i] / n)})" for i in np.argsort(counts)]
        details = {"share": share, "ratio": ratio}
        if share >= self.most_constant:
            warning = self.finding(
                Severity.WARNING,
                f"always answering {data.classes[largest]!r} is right in {percent(share)} of the rows",
                meaning="With classes this uneven, accuracy hardly distinguishes a good model from a constant answer. "
                "heldout chooses by MCC, which is 0 for a constant answer, and also reports balanced accuracy.",
                remedy="judge by MCC, balanced accuracy and the scores of each class; collect more of the rare classes",
                items=items,
                details=details,
            )
            return [warning]
        if ratio < self.least_ratio:
            return []
        error = percent(share_standard_error(share, n))
        note = self.finding(
            Severity.NOTE,
            f"the largest class has {ratio:.3g} times the rows of the smallest; a constant answer is right in "
            f"{percent(share)} ± {error}",
            items=items,
            details=details,
        )
        return [note]
