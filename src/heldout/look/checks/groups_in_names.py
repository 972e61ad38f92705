"""Check: groups in file names."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.wording import plural


@dataclass(frozen=True)
class GroupsInNames(Check):
    """Looks for a part of the file names that repeats within classes and is more than a count of takes."""

    id = "groups-in-names"
    title = "Groups in file names"
    topic = Topic.FILES
    severities = (Severity.WARNING,)
    meaning = (
        "A part of the names repeats within classes, as the number of a patient, speaker or source recording does. "
        "Files of one source are alike beyond their class; if they are split between training and test, the test is "
        "too easy."
    )
    remedy = "declare the groups: --group-pattern REGEX, or a labels.csv with the columns file,label,group"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the coarsest groups first."""
        data, ways = evidence.data, evidence.names
        if evidence.kind.files is None:
            return NotApplicable(Reason.NO_FILES, "rows are not files")
        if data.groups is not None:
            return NotApplicable(Reason.GROUPS_DECLARED, "groups are declared")
        if not ways:
            return []
        best = ways[0]
        largest = int(np.bincount(best.groups).max())
        source, pattern = shlex.quote(str(data.origin.get("data", "DATA"))), shlex.quote(best.pattern)
        finding = self.finding(
            Severity.WARNING,
            f"file names seem to hold {best.n_groups:,} groups of up to {plural(largest, 'file')} ({best.example})",
            remedy=f"heldout train {source} --group-pattern {pattern} (or a labels.csv with the columns "
            "file,label,group)",
            items=[
                f"--group-pattern {shlex.quote(way.pattern)}: {way.n_groups:,} groups ({way.example})" for way in ways
            ],
            details={"pattern": best.pattern, "groups": best.n_groups, "example": best.example},
        )
        return [finding]
