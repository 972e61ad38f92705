"""Check: groups whose rows know each other's answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluate.standard_errors import share_standard_error
from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, Severity
from heldout.look.models import neighbours, out_of_fold
from heldout.look.sampling import fold_numbers
from heldout.settings import Range, setting
from heldout.wording import percent


@dataclass(frozen=True)
class Memory:
    """Accuracy of the nearest neighbour with folds that tear groups apart, and with folds that keep them whole."""

    torn: float
    whole: float
    error: float
    n: int


@dataclass(frozen=True)
class MemoryPays(Check):
    """Compares a nearest neighbour that may know rows of the same group with one that may not.

    Groups are copies and declared groups, and those in file names where none are declared.
    """

    id = "memory-pays"
    title = "Groups whose rows know each other's answers"
    topic = Topic.COPIES
    severities = (Severity.WARNING, Severity.NOTE)
    meaning = "The difference is what a plain random split would add to a score without anything being learnt."
    remedy = "declare these groups (--group COL, --group-pattern REGEX, or a column group in labels.csv)"
    doing = "asking simple models"

    least_shared: float = setting(
        0.02, "Share of the rows that must have another one in their group, at the least.", within=Range(0, 1)
    )
    least_gain: float = setting(0.03, "Difference of accuracy that is worth a finding.", within=Range(0, 1))
    errors_apart: float = setting(3.0, "The same in standard errors, which count groups.")

    def run(self, evidence: Evidence) -> Found:
        """A note for groups that heldout keeps together, a warning for those that it does not know."""
        if not evidence.can_model:
            return NotApplicable(Reason.TOO_FEW, "there are too few rows or groups to fit a model")
        in_names = evidence.names[0].groups if evidence.names and evidence.data.groups is None else None
        tried = [
            (memory, what, is_kept)
            for groups, what, is_kept in (
                (evidence.known_groups, "copies and declared groups", True),
                (in_names, "groups in file names", False),
            )
            if groups is not None and (memory := self.memory_of(evidence, groups)) is not None
        ]
        if not tried:
            return NotApplicable(Reason.NO_GROUPS, "hardly any rows share a group")
        return [finding for one in tried for finding in self._judged(*one)]

    def memory_of(self, evidence: Evidence, groups: np.ndarray) -> Memory | None:
        """Measure it for these groups of all rows; None where hardly any sampled row shares a group."""
        sampled = groups[evidence.rows]
        shared = (np.bincount(sampled)[sampled] > 1).mean()
        if shared < self.least_shared or len(np.unique(sampled)) < 2:
            return None
        generator = evidence.generator(2)
        torn, whole = (_hits(evidence, fold_numbers(evidence.y, names, generator)) for names in (None, sampled))
        # Rows of a group stand or fall together: the error counts groups.
        n_groups = len(np.unique(sampled))
        spread = float((torn - whole).std(ddof=1) / n_groups**0.5)
        error = max(spread, share_standard_error(float(whole.mean()), n_groups) / 2)
        return Memory(float(torn.mean()), float(whole.mean()), error, len(sampled))

    def _judged(self, found: Memory, what: str, is_kept: bool) -> list[Finding]:
        gain = found.torn - found.whole
        if gain < max(self.least_gain, self.errors_apart * found.error):
            return []
        finding = self.finding(
            Severity.NOTE if is_kept else Severity.WARNING,
            f"learning by heart pays: the nearest neighbour is right in {percent(found.torn)} if {what} are torn "
            f"apart, in {percent(found.whole)} if they are kept together",
            meaning=f"The difference of {percent(gain)} ± {percent(found.error)} is what a plain random split would "
            "add to a score without anything being learnt."
            + (" heldout keeps these groups together." if is_kept else ""),
            remedy="nothing to do: the split keeps them together" if is_kept else "",
            details={"torn": found.torn, "whole": found.whole, "standard_error": found.error, "rows": found.n},
        )
        return [finding]


def _hits(evidence: Evidence, folds: np.ndarray) -> np.ndarray:
    inside, _ = out_of_fold(evidence.x, evidence.y, folds, evidence.n_classes, build=lambda: neighbours(1))
    hits: np.ndarray = (inside.argmax(1) == evidence.y).astype(np.float64)
    return hits
