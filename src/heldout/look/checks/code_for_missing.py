"""Check: numbers that may mean “missing”."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.columns import ColumnSummary, NumberSummary
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural


@dataclass(frozen=True)
class CodeForMissing(Check):
    """Looks for a smallest or largest value that is repeated far from all others, such as -999."""

    id = "code-for-missing"
    title = "Numbers that may mean “missing”"
    topic = Topic.COLUMNS
    severities = (Severity.WARNING,)
    kinds = ("table",)
    meaning = (
        "One extreme value is repeated far from all others. Taken as a number, it bends means, deviations and every "
        "distance."
    )
    remedy = "leave these fields empty if the value means “unknown”"

    least_share: float = setting(0.01, "Share of the values that hold the code, at the least.", within=Range(0, 1))
    least_rows: int = setting(3, "Rows that hold the code, at the least.")
    beyond: float = setting(3.0, "Interquartile ranges beyond the quartiles where the code lies, at the least.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        codes = []
        for i, summary in enumerate(evidence.columns):
            values = evidence.data.x.iloc[:, i]
            code = self.code_of(values, summary)
            if code is not None:
                codes.append(f"{summary.name}: {code:g} in {plural(int((values == code).sum()), 'row')}")
        if not codes:
            return []
        title = f"{plural(len(codes), 'column')} may hold a code for “missing”: {codes[0]}"
        return [self.finding(Severity.WARNING, title, items=codes)]

    def code_of(self, column: object, summary: ColumnSummary) -> float | None:
        """The code that a column holds, if it holds one."""
        if not isinstance(summary, NumberSummary) or summary.q3 <= summary.q1 or not summary.n_outliers:
            return None
        values = np.asarray(column, np.float64)
        for end in (summary.minimum, summary.maximum):
            is_beyond = max(summary.q1 - end, end - summary.q3) > self.beyond * (summary.q3 - summary.q1)
            is_repeated = int((values == end).sum()) >= max(self.least_rows, self.least_share * summary.n)
            if is_beyond and is_repeated and _stands_alone(values, end, summary):
                return end
        return None


def _stands_alone(values: np.ndarray, end: float, summary: NumberSummary) -> bool:
    """Whether nothing else lies in the outer half between the extreme and the middle half of the values."""
    inner = summary.q1 if end < summary.q1 else summary.q3
    low, high = sorted((end, (end + inner) / 2))
    with np.errstate(invalid="ignore"):
        return not bool(((values >= low) & (values <= high) & (values != end)).any())
