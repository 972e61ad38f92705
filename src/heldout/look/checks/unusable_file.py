"""Check: files that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.wording import plural


@dataclass(frozen=True)
class UnusableFile(Check):
    """Lists the files that were skipped while the data were loaded."""

    id = "unusable-file"
    title = "Files that cannot be used"
    topic = Topic.FILES
    severities = (Severity.WARNING,)
    meaning = (
        "They are left out of training and testing. If the broken files are mostly of one class or source, what is "
        "left is a biased part of the data."
    )
    remedy = "repair or remove these files; --strict stops at the first one"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        skipped = evidence.data.skipped
        if not skipped and evidence.kind.files is None:
            return NotApplicable(Reason.NO_FILES, "rows are not files")
        if not skipped:
            return []
        finding = self.finding(
            Severity.WARNING,
            f"{plural(len(skipped), 'file')} cannot be used, first {skipped[0].id}: {skipped[0].reason}",
            items=[f"{item.id}: {item.reason}" for item in skipped],
        )
        return [finding]
