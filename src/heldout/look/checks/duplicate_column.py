"""Check: columns that say the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric
from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural


@dataclass(frozen=True)
class DuplicateColumn(Check):
    """Looks for columns that are equal, up to the names of categories or a straight line (another unit)."""

    id = "duplicate-column"
    title = "Columns that say the same"
    topic = Topic.COLUMNS
    severities = (Severity.WARNING,)
    kinds = ("table",)
    meaning = (
        "They are equal, or one follows from the other by a straight line or a renaming. The extra columns add "
        "nothing, and make distances and weights count the same thing twice."
    )
    remedy = "keep one column of each set"

    least_correlation: float = setting(
        0.99995, "Correlation (of either sign) from which numeric columns say the same.", within=Range(0, 1)
    )
    most_compared: int = setting(1000, "Numeric columns that are compared; further ones must be equal.")
    most_rows: int = setting(20_000, "Rows, evenly spaced, over which correlations are computed.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        frame = evidence.data.x
        if frame.shape[1] < 2:
            return NotApplicable(Reason.TOO_FEW, "there is one column")
        groups = self._same(frame)
        if not groups:
            return []
        pairs = [" = ".join(map(repr, names)) for names in groups]
        finding = self.finding(
            Severity.WARNING,
            f"columns that say the same: {plural(len(groups), 'set')}, first {pairs[0]}",
            items=pairs,
            details={"sets": groups[:50]},
        )
        return [finding]

    def _same(self, frame: pd.DataFrame) -> list[list[str]]:
        rows = np.linspace(0, len(frame) - 1, min(len(frame), self.most_rows)).astype(int)
        sets: dict[bytes, list[str]] = defaultdict(list)
        numeric: list[int] = []
        for i in range(frame.shape[1]):
            column: Any = frame.iloc[:, i]
            if is_numeric(column) and len(numeric) < self.most_compared:
                numeric.append(i)
                continue
            sets[pd.factorize(column.to_numpy(object))[0].tobytes()].append(str(frame.columns[i]))
        equal = [names for names in sets.values() if len(names) > 1]
        return equal + self._straight(frame, numeric, rows)

    def _straight(self, frame: pd.DataFrame, numeric: list[int], rows: np.ndarray) -> list[list[str]]:
        """Sets of numeric columns on one straight line, missing in the same rows."""
        if len(numeric) < 2 or len(rows) < 3:
            return []
        values = frame.iloc[rows, numeric].to_numpy(np.float64)
        gone = np.isnan(values)
        values = np.where(gone, 0.0, values - np.nanmean(np.where(gone.all(0), 0.0, values), axis=0))
        length = np.sqrt((values**2).sum(0))
        scaled = values / np.where(length > 0, length, 1.0)
        alike = np.abs(scaled.T @ scaled) >= self.least_correlation
        groups, taken = [], np.zeros(len(numeric), bool)
        for i in range(len(numeric)):
            if taken[i] or length[i] == 0:
                continue
            same = [j for j in np.flatnonzero(alike[i]) if not taken[j] and (gone[:, j] == gone[:, i]).all()]
            taken[same] = True
            if len(same) > 1:
                groups.append([str(frame.columns[numeric[j]]) for j in same])
        return groups
