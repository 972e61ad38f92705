"""Check: equal rows that chance explains."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity


@dataclass(frozen=True)
class RepeatsByChance(Check):
    """Says where equal rows are not kept together, because shuffled columns give about as many."""

    id = "repeats-by-chance"
    title = "Equal rows that chance explains"
    topic = Topic.COPIES
    severities = (Severity.NOTE,)
    meaning = "With few distinct values, equal rows are to be expected and say nothing about their source."
    remedy = "if you know that rows belong together, name the column that says so: --group COL"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        if evidence.copies.applied:
            return []
        if not evidence.copies.note:
            return NotApplicable(Reason.NO_COPIES, "there are no equal rows")
        return [self.finding(Severity.NOTE, evidence.copies.note)]
