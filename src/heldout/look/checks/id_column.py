"""Check: ids among the columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.data.dataset import LeftOut
from heldout.look.check import Check, Found, Topic
from heldout.look.columns import NumberSummary, TextSummary
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, Severity
from heldout.settings import Range, setting
from heldout.wording import plural


@dataclass(frozen=True)
class IdColumn(Check):
    """Looks for columns in which nearly every row has a value of its own: text, or whole numbers packed closely."""

    id = "id-column"
    title = "Ids among the columns"
    topic = Topic.COLUMNS
    severities = (Severity.WARNING, Severity.NOTE)
    kinds = ("table",)
    meaning = (
        "Nearly every row has a value of its own (text, or whole numbers packed closely). A model can only learn such "
        "values by heart, and where ids were given out class by class, they give the answer away."
    )
    remedy = "remove these columns from the table; if a column names the source of several rows, give it with --group"

    most_rows_unjudged: int = setting(20, "Rows up to which different values say nothing.")
    least_distinct: float = setting(0.95, "Share of different values from which a column is an id.", within=Range(0, 1))
    most_span: float = setting(5.0, "Largest range of whole numbers that are ids, in multiples of the rows.")

    def run(self, evidence: Evidence) -> Found:
        """A note for each reason to leave columns out, and a warning for ids among the features."""
        return [*self._left_out(evidence), *self._kept(evidence)]

    def _left_out(self, evidence: Evidence) -> list[Finding]:
        left_out = evidence.data.left_out
        found = []
        for reason in dict.fromkeys(why for why in left_out.values() if why is not LeftOut.CONSTANT):
            names = [name for name, why in left_out.items() if why is reason]
            note = self.finding(
                Severity.NOTE,
                f"{plural(len(names), 'column')} left out: {reason.value}",
                meaning="A column that only names or counts the rows teaches nothing about new ones; if the rows are "
                "sorted by class, it gives the answer away.",
                remedy="nothing to do, heldout leaves these columns out; remove them from the table to be rid of this "
                "note",
                items=names,
            )
            found.append(note)
        return found

    def _kept(self, evidence: Evidence) -> list[Finding]:
        names = []
        for i, summary in enumerate(evidence.columns):
            if summary.n <= self.most_rows_unjudged or summary.n_distinct < self.least_distinct * summary.n:
                continue
            if isinstance(summary, TextSummary) or self._numbers_rows(evidence.data.x.iloc[:, i], summary):
                names.append(summary.name)
        if not names:
            return []
        title = f"ids among the features: {', '.join(map(repr, names[:5]))}"
        return [self.finding(Severity.WARNING, title, items=names)]

    def _numbers_rows(self, column: object, summary: NumberSummary) -> bool:
        """Whole numbers that hardly repeat, in a range that they fill: numbers given out, not measured."""
        values = np.asarray(column, np.float64)
        whole = (values == np.round(values))[~np.isnan(values)].all()
        return bool(summary.maximum - summary.minimum < self.most_span * summary.n and whole)
