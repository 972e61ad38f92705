"""Check: constant columns."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.data.dataset import LeftOut
from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.wording import plural


@dataclass(frozen=True)
class ConstantColumn(Check):
    """Lists the columns that were left out because they hold one value."""

    id = "constant-column"
    title = "Constant columns"
    topic = Topic.COLUMNS
    severities = (Severity.NOTE,)
    kinds = ("table",)
    meaning = "A column that never changes teaches nothing."
    remedy = "nothing to do, heldout leaves these columns out; remove them from the table to be rid of this note"

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        names = [name for name, why in evidence.data.left_out.items() if why is LeftOut.CONSTANT]
        if not names:
            return []
        title = f"{plural(len(names), 'column')} left out: {LeftOut.CONSTANT.value}"
        return [self.finding(Severity.NOTE, title, items=names)]
