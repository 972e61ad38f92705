"""Check: copies with different labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.copied import group_details, group_line, some_of_each
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural


@dataclass(frozen=True)
class CopiesBetweenClasses(Check):
    """Compares the labels within each group of copies."""

    id = "copies-between-classes"
    title = "Copies with different labels"
    topic = Topic.COPIES
    severities = (Severity.ERROR, Severity.WARNING)
    meaning = "The same input cannot have two answers. No model can be right on all of these rows."
    remedy = "look at each group: correct the labels, or remove the rows if nobody can decide"

    least_share: float = setting(
        0.01, "Share of rows with a wrong label, at the least, from which it is an error.", within=Range(0, 1)
    )
    least_wrong: int = setting(3, "Rows with a wrong label, at the least, from which it is an error.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        data = evidence.data
        if not evidence.copies.applied:
            return NotApplicable(Reason.NO_COPIES, "no copies were found")
        torn = [rows for rows in evidence.copied_rows if len(np.unique(data.y[rows])) > 1]
        if not torn:
            return []
        n_rows = sum(map(len, torn))
        n_wrong = sum(len(rows) - int(np.bincount(data.y[rows]).max()) for rows in torn)
        is_error = n_wrong >= max(self.least_wrong, self.least_share * len(data))
        finding = self.finding(
            Severity.ERROR if is_error else Severity.WARNING,
            f"different labels within {plural(len(torn), 'group')} of copies ({plural(n_rows, 'row')}), first "
            f"{group_line(data, torn[0], with_labels=True)}",
            meaning=f"The same input cannot have two answers: at least {plural(n_wrong, 'label')} must be wrong, or "
            "the columns do not hold what separates the classes. No model can be right on all of these rows.",
            items=[group_line(data, rows, with_labels=True) for rows in torn],
            details=group_details(data, torn),
            rows=some_of_each(torn),
        )
        return [finding]
