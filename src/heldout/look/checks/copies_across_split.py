"""Check: copies across the split that came with the data."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.copied import group_details, group_line, some_of_each
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.wording import percent, plural


@dataclass(frozen=True)
class CopiesAcrossSplit(Check):
    """Looks for groups of copies with rows on both sides of the split that came with the data."""

    id = "copies-across-split"
    title = "Copies across the split that came with the data"
    topic = Topic.COPIES
    severities = (Severity.ERROR,)
    meaning = (
        "A model that has learnt such a row by heart is right on its copy without having understood anything, so that "
        "the score on the test part is too good."
    )
    remedy = "nothing to do with heldout, which leaves the training copies of test rows out; elsewhere, remove them"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        data, test = evidence.data, evidence.data.official_test
        if test is None:
            return NotApplicable(Reason.NO_TEST_PART, "the data came without a test part")
        if not evidence.copies.applied:
            return NotApplicable(Reason.NO_COPIES, "no copies were found")
        torn = [rows for rows in evidence.copied_rows if 0 < test[rows].sum() < len(rows)]
        if not torn:
            return []
        n_test = sum(int(test[rows].sum()) for rows in torn)
        finding = self.finding(
            Severity.ERROR,
            f"copies of {plural(n_test, 'test row')} ({percent(n_test / test.sum())}) of the split that came with the "
            f"data lie in its training part, first {group_line(data, torn[0], with_labels=False)}",
            items=[group_line(data, rows, with_labels=False) for rows in torn],
            details=group_details(data, torn),
            rows=some_of_each(torn),
        )
        return [finding]
