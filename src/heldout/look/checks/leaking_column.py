"""Check: columns that alone predict the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric
from heldout.evaluate.standard_errors import above_chance, share_standard_error
from heldout.look.check import Check, Found, Topic
from heldout.look.describing import numbers_of
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, Severity
from heldout.look.models import forest, out_of_fold
from heldout.settings import Range, setting
from heldout.wording import percent

MOST_BINS = 64
ROWS_IN_BIN = 8


@dataclass(frozen=True)
class LeakingColumn(Check):
    """Tries each column alone: a table of its values (numbers in quantiles), cross-validated with whole groups.

    A column that is nearly always right is suspicious in itself; a strong one, where a forest of all other columns is
    far worse. Missing values are a value, and every class counts the same.
    """

    id = "leaking-column"
    title = "Columns that alone predict the class"
    topic = Topic.COLUMNS
    severities = (Severity.WARNING,)
    kinds = ("table",)
    meaning = (
        "A single column that gives the answer away is often made from it (a code, a score, a date set after the "
        "fact), or is known only once the class is. A model that leans on it scores well here and fails in use. The "
        "accuracy is that of a table of the column's values, on rows whose groups it has not seen, with every class "
        "counting the same."
    )
    remedy = "ask when and how the column is recorded; if it is not known before the class, remove it from the table"
    doing = "trying each column alone"

    alone: float = setting(
        0.98, "Part of the way from chance to always right from which a column is suspicious.", within=Range(0, 1)
    )
    strong: float = setting(0.85, "The same where all other columns together are far worse.", within=Range(0, 1))
    far_worse: float = setting(0.15, "Accuracy that the other columns must lack, at the least.", within=Range(0, 1))
    errors_apart: float = setting(3.0, "Standard errors that it must lie above chance, and above the other columns.")
    most_tried: int = setting(5, "Strong columns that are looked at closely.")

    def run(self, evidence: Evidence) -> Found:
        """A finding for each column, the strongest first."""
        scores = columns_alone(evidence.sample.x, evidence.y, evidence.folds, evidence.n_classes)
        strong = [score for score in scores if score.above_chance >= self.strong]
        return [leak for score in strong[: self.most_tried] for leak in self._judged(evidence, score)]

    def _judged(self, evidence: Evidence, score: Alone) -> list[Finding]:
        without = _accuracy_without(evidence, score.name) if score.above_chance < self.alone else None
        error = share_standard_error(score.accuracy, score.n)
        if score.accuracy - self.errors_apart * error <= 1 / evidence.n_classes:
            return []
        if without is not None and score.accuracy - without < max(self.far_worse, self.errors_apart * error):
            return []
        others = "" if without is None else f"; all other columns together reach {percent(without)}"
        leak = self.finding(
            Severity.WARNING,
            f"column {score.name!r} alone predicts the class: {percent(score.accuracy)} ± {percent(error)}{others}",
            remedy=f"ask when and how {score.name!r} is recorded; if it is not known before the class, remove it from "
            "the table",
            items=[score.name],
            details={
                "accuracy": score.accuracy,
                "standard_error": error,
                "without_it": without,
                "rows": score.n,
            },
        )
        return [leak]


@dataclass(frozen=True)
class Alone:
    """How well one column predicts the class: accuracy with equal weight of the classes, of `n` rows."""

    name: str
    accuracy: float
    above_chance: float
    n: int


def columns_alone(frame: pd.DataFrame, y: np.ndarray, folds: np.ndarray, n_classes: int) -> list[Alone]:
    """Score each column alone, the best first."""
    weights = 1.0 / np.maximum(np.bincount(y, minlength=n_classes), 1)
    present = int((np.bincount(y, minlength=n_classes) > 0).sum())
    found = []
    for i, name in enumerate(frame.columns):
        accuracy = 0.0
        for most in _numbers_of_bins(frame.iloc[:, i]):
            hits = _predicted(_bins(frame.iloc[:, i], most), y, folds, weights, n_classes) == y
            accuracy = max(accuracy, float((hits * weights[y]).sum() / present))
        found.append(Alone(str(name), accuracy, above_chance(accuracy, 1 / present), len(y)))
    return sorted(found, key=lambda each: -each.accuracy)


def _numbers_of_bins(column: pd.Series) -> tuple[int, ...]:
    """Fine ones, and where few rows would be in each, coarse ones, too."""
    coarse = max(4, len(column) // ROWS_IN_BIN)
    return (MOST_BINS, coarse) if is_numeric(column) and coarse < MOST_BINS else (MOST_BINS,)


def _bins(column: pd.Series, most: int = MOST_BINS) -> np.ndarray:
    """Bin of each row, from 0; missing is bin 0."""
    if not is_numeric(column):
        return np.asarray(pd.factorize(column.to_numpy(object), use_na_sentinel=True)[0]) + 1
    values = column.to_numpy(np.float64)
    present = values[~np.isnan(values)]
    distinct = np.unique(present)
    if len(distinct) > most:
        distinct = np.unique(np.quantile(present, np.linspace(0, 1, most + 1), method="lower"))
    return np.where(np.isnan(values), 0, np.searchsorted(distinct, values, side="right"))


def _predicted(bins: np.ndarray, y: np.ndarray, folds: np.ndarray, weights: np.ndarray, n_classes: int) -> np.ndarray:
    """Class of the weighted majority of each row's bin in the other folds; of all of them where the bin is new."""
    n_bins, n_folds = int(bins.max()) + 1, int(folds.max()) + 1
    cells = (folds * n_bins + bins) * n_classes + y
    counts = np.bincount(cells, minlength=n_folds * n_bins * n_classes).reshape(n_folds, n_bins, n_classes)
    rest = (counts.sum(0) - counts) * weights
    empty = rest.sum(2) == 0
    rest += 1e-9 * rest.sum(1, keepdims=True)  # ties, and bins without rows, by the majority of all
    best = rest.argmax(2)
    best[empty] = rest.sum(1).argmax(1).repeat(n_bins).reshape(n_folds, n_bins)[empty]
    return best[folds, bins]


def _accuracy_without(evidence: Evidence, name: str) -> float:
    """Balanced accuracy of a forest of all other columns; 0 if there are none."""
    rest = evidence.sample.x.drop(columns=[name])
    if rest.shape[1] == 0:
        return 0.0
    data = evidence.sample_with(rest)
    x, _ = numbers_of(data, np.arange(len(data)))
    if x.shape[1] == 0:
        return 0.0
    inside, _ = out_of_fold(x, evidence.y, evidence.folds, evidence.n_classes, build=lambda: forest(0))
    return evidence.balanced(inside.argmax(1) == evidence.y)
