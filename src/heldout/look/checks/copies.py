"""Check: copies and near-copies."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.copied import group_details, group_line, some_of_each
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.wording import percent, plural


@dataclass(frozen=True)
class CopiedRows(Check):
    """Lists the groups of copies and near-copies, whatever their labels (`heldout.kinds.copies.find.find_copies`)."""

    id = "copies"
    title = "Copies and near-copies"
    topic = Topic.COPIES
    severities = (Severity.WARNING,)
    meaning = "A random split would put copies on both sides."
    remedy = "nothing to do with heldout, which keeps each group on one side; --groups FILE.csv writes the groups down"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the largest group first."""
        data, copies = evidence.data, evidence.copies
        if copies.note and not copies.applied:
            return NotApplicable(Reason.NO_COPIES, "chance explains the equal rows")
        if not copies.applied:
            return []
        groups = sorted(evidence.copied_rows, key=lambda rows: -len(rows))
        finding = self.finding(
            Severity.WARNING,
            f"{plural(copies.n_copies, 'row')} ({percent(copies.n_copies / len(data))}) are copies or near-copies of "
            f"others, in {plural(copies.n_groups, 'group')}; the largest: "
            f"{group_line(data, groups[0], with_labels=False)}",
            meaning=f"{copies.note} {self.meaning}",
            items=[group_line(data, rows, with_labels=False) for rows in groups],
            details=group_details(data, groups),
            rows=some_of_each(groups),
        )
        return [finding]
