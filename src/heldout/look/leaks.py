"""Columns that alone predict the class: what a model would learn instead of the question.

Each column is cut into bins (numbers by quantiles, repeated values kept whole; categories as they are; missing values
a bin of their own), and the majority of each bin in four fifths of the rows is tried on the rest, groups kept whole,
every class counting the same. In few rows, coarse bins are tried, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric
from heldout.evaluate.standard_errors import above_chance, share_standard_error
from heldout.look.describing import numbers_of
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, finding, percent
from heldout.look.models import forest, out_of_fold

MOST_BINS = 64
ROWS_IN_BIN = 8
ALONE = 0.98  # of the way from chance to always right: suspicious in itself
STRONG = 0.85  # suspicious where all other columns together are far worse
FAR_WORSE = 0.15
ERRORS_APART = 3.0
MOST_TRIED = 5  # strong columns for which the others are tried


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


def find_leaks(evidence: Evidence) -> list[Finding]:
    """Columns that predict the class so well alone that they may hold the answer."""
    frame = evidence.sample.x
    scores = columns_alone(frame, evidence.y, evidence.folds, evidence.n_classes)
    found = []
    for score in [each for each in scores if each.above_chance >= STRONG][:MOST_TRIED]:
        without = _without(evidence, score.name) if score.above_chance < ALONE else None
        error = share_standard_error(score.accuracy, score.n)
        chance = 1 / evidence.n_classes
        if score.accuracy - ERRORS_APART * error <= chance:
            continue
        if without is not None and score.accuracy - without < max(FAR_WORSE, ERRORS_APART * error):
            continue
        found.append(_leak(score, without, error))
    return found


def _without(evidence: Evidence, name: str) -> float:
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


def _leak(score: Alone, without: float | None, error: float) -> Finding:
    others = "" if without is None else f"; all other columns together reach {percent(without)}"
    return finding(
        "leaking-column",
        "warning",
        f"column {score.name!r} alone predicts the class: {percent(score.accuracy)} ± {percent(error)}{others}",
        "A single column that gives the answer away is often made from it (a code, a score, a date set after the "
        "fact), or is known only once the class is. A model that leans on it scores well here and fails in use. The "
        "accuracy is that of a table of the column's values, on rows whose groups it has not seen, with every class "
        "counting the same.",
        f"ask when and how {score.name!r} is recorded; if it is not known before the class, take it out of the table",
        items=[score.name],
        details={"accuracy": score.accuracy, "standard_error": error, "without_it": without, "rows": score.n},
    )
