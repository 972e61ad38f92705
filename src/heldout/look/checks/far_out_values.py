"""Check: values far out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.checks.code_for_missing import CodeForMissing
from heldout.look.columns import NumberSummary, rows_beyond
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural

CODES = CodeForMissing()
LISTED_OF_A_COLUMN = 5


@dataclass(frozen=True)
class FarOutValues(Check):
    """Looks for a few values very far beyond the quartiles of their column.

    A repeated extreme is a code for “missing”, which has its own check.
    """

    id = "far-out-values"
    title = "Values far out"
    topic = Topic.COLUMNS
    severities = (Severity.WARNING,)
    kinds = ("table",)
    meaning = "So far out, a slip of the pen, of the decimal point or of the unit is likelier than a true value."
    remedy = "look these values up; correct them or leave the fields empty"

    beyond: float = setting(10.0, "Interquartile ranges beyond the quartiles.")
    most_share: float = setting(
        0.001,
        "Share of such values above which they are a long tail, not slips (one is always few).",
        within=Range(0, 1),
    )
    least_rows: int = setting(20, "Rows below which quartiles say little.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the furthest values of each column."""
        frame, wild = evidence.data.x, []
        if len(frame) < self.least_rows:
            return NotApplicable(Reason.TOO_FEW, f"there are fewer than {self.least_rows} rows")
        for i, summary in enumerate(evidence.columns):
            column = frame.iloc[:, i]
            if not isinstance(summary, NumberSummary) or not summary.n_outliers or summary.q3 <= summary.q1:
                continue
            if CODES.code_of(column, summary) is not None:
                continue
            values = column.to_numpy(np.float64)
            rows = rows_beyond(values, summary, self.beyond)
            if 0 < len(rows) <= max(1, self.most_share * len(values)):
                shown = rows[:LISTED_OF_A_COLUMN]
                wild += [f"{summary.name}: {values[row]:g} in row {evidence.data.ids[row]}" for row in shown]
        if not wild:
            return []
        finding = self.finding(
            Severity.WARNING,
            f"{plural(len(wild), 'value')} more than {self.beyond:g} interquartile ranges beyond the quartiles: "
            f"{wild[0]}",
            items=wild,
        )
        return [finding]
