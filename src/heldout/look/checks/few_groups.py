"""Check: classes with few groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import setting
from heldout.wording import plural


@dataclass(frozen=True)
class FewGroups(Check):
    """Counts the groups (declared ones and copies) that the rows of each class come from."""

    id = "few-groups"
    title = "Classes with few groups"
    topic = Topic.CLASSES
    severities = (Severity.WARNING,)
    meaning = (
        "Groups are never split, so that a class needs as many groups as there are folds, and one for the test. "
        "However many rows it has, only its groups count as independent observations."
    )
    remedy = "collect rows from more sources, or use fewer folds (--folds)"

    least_groups: int = setting(5, "Groups below which a class has too few for five folds.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the class with the fewest groups first."""
        data, counts, groups = evidence.data, evidence.counts, evidence.known_groups
        if groups is None:
            return NotApplicable(Reason.NO_GROUPS, "no groups were declared and no copies found")
        pairs = np.unique(np.stack([data.y, groups]), axis=1)[0]
        n_groups = np.bincount(pairs, minlength=data.n_classes)
        few = [i for i in np.argsort(n_groups) if n_groups[i] < self.least_groups <= counts[i]]
        if not few:
            return []
        finding = self.finding(
            Severity.WARNING,
            f"{plural(len(few), 'class')} with fewer than {self.least_groups} groups; the one with the fewest is "
            f"{data.classes[few[0]]!r}: {n_groups[few[0]]}",
            items=[f"{data.classes[i]}: {counts[i]:,} rows in {plural(int(n_groups[i]), 'group')}" for i in few],
        )
        return [finding]
