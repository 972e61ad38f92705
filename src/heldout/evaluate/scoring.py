"""Predictions on rows that the model had not seen, measured in full: metrics, intervals, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.evaluate import margins
from heldout.evaluate.abstaining import Abstention, abstention
from heldout.evaluate.bootstrap import metric_intervals
from heldout.evaluate.confusion import confusion
from heldout.evaluate.curves import Curve, Reliability, precision_recall, reliability, roc
from heldout.evaluate.intervals import (
    accuracy_interval,
    bootstrap_interval,
    grouped_accuracy_interval,
    independence,
    wilson_interval,
)
from heldout.evaluate.metric_table import METRICS, OF_CLASSES, OF_SETS, Interval
from heldout.evaluate.metrics import metrics


@dataclass(frozen=True)
class Scored:
    """Predictions on rows that the model had not seen, measured.

    Attributes
    ----------
    metrics : mapping
        As `heldout.evaluate.metrics.metrics` gives them.
    intervals : mapping of str to (low, high)
        By metric.
    level : float
        Confidence level of the intervals.
    roc, precision_recall : Curve or None
        Two classes only.
    reliability : Reliability or None
    abstention : Abstention or None
        Accuracy against the share of rows that are answered.
    y, p : arrays, shape (n_rows,), or None
        Two classes only: class numbers, and probabilities of class 1.
    independence : float in (0, 1]
        What a row is worth, in independent rows; see `heldout.evaluate.intervals.independence`.
    """

    metrics: Mapping[str, Any]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    level: float = 0.95
    roc: Curve | None = None
    precision_recall: Curve | None = None
    reliability: Reliability | None = None
    abstention: Abstention | None = None
    y: np.ndarray | None = None
    p: np.ndarray | None = None
    independence: float = 1.0

    def interval_record(self) -> dict[str, Any]:
        """The intervals as they stand in ``metrics.json``: ``<metric>_ci``, a pair of ends, and ``ci_level``."""
        found: dict[str, Any] = {f"{key}_ci": [float(end) for end in ends] for key, ends in self.intervals.items()}
        return found | {"ci_level": self.level}


def score(
    y: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    *,
    predictions: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Scored:
    """Measure predictions: metrics, intervals and curves.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
    classes : sequence of str
        Names, one a column.
    predictions : array of int, shape (n_rows,), optional
        Where they are not the most probable class.
    groups : array, shape (n_rows,), optional
        Rows of one group err together: the intervals then draw whole groups.
    level, seed
        Of the intervals.

    Raises
    ------
    ShapeError, LabelError
        As `heldout.evaluate.metrics.metrics` does.
    """
    found = metrics(y, probabilities, classes=classes, predictions=predictions)
    labels, proba = np.asarray(y), np.asarray(probabilities, dtype=float)
    y_pred = proba.argmax(axis=1) if predictions is None else np.asarray(predictions)
    positive, two = labels == 1, len(classes) == 2
    return Scored(
        metrics=found,
        intervals=_intervals(labels, proba, y_pred, groups, level, seed),
        level=level,
        roc=roc(positive, proba[:, 1]) if two else None,
        precision_recall=precision_recall(positive, proba[:, 1]) if two else None,
        reliability=reliability(proba, labels),
        abstention=abstention(labels, proba, predictions=y_pred, level=level),
        y=labels if two else None,
        p=proba[:, 1] if two else None,
        independence=independence(labels == y_pred, groups),
    )


def _intervals(
    y: np.ndarray, proba: np.ndarray, y_pred: np.ndarray, groups: np.ndarray | None, level: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Wilson's interval for the accuracy, a bootstrap of the matrix for its scores, one of the rows for the rest."""
    right = y == y_pred
    found = metric_intervals(y, proba, predictions=y_pred, groups=groups, level=level, seed=seed)
    for name in (metric.name for metric in OF_SETS.values() if metric.interval is Interval.MATRIX):
        found[name] = bootstrap_interval(name, y, y_pred, proba.shape[1], groups=groups, level=level, seed=seed)
    found["accuracy"] = (
        accuracy_interval(int(right.sum()), right.size, level)
        if groups is None
        else grouped_accuracy_interval(right, groups, level)
    )
    if proba.shape[1] == 2:
        found |= _of_two_classes(y, y_pred, groups, level, seed)
    return found


def _of_two_classes(
    y: np.ndarray, y_pred: np.ndarray, groups: np.ndarray | None, level: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Intervals of the rates of the positive class, where they are defined: Wilson's, and a bootstrap for the rest."""
    matrix = confusion(y, y_pred, 2)
    one_group = groups is not None and len(np.unique(groups)) == 1
    worth = independence(y == y_pred, groups)
    pairs = {"tnr": (0, matrix[0]), "tpr": (1, matrix[1]), "npv": (0, matrix[:, 0]), "ppv": (1, matrix[:, 1])}
    found = {
        key: METRICS[key].range_for(2) if one_group else wilson_interval(counts[right] / n, worth * n, level)
        for key, (right, counts) in pairs.items()
        if (n := float(counts.sum()))
    }
    for key in (metric.name for metric in OF_CLASSES.values() if metric.interval is Interval.MATRIX):

        def rate(matrices: np.ndarray, key: str = key) -> np.ndarray:
            return np.asarray(margins.rates(margins.margins_of(matrices))[key][..., 1])

        if not np.isnan(rate(matrix)):
            low, high = bootstrap_interval(rate, y, y_pred, 2, groups=groups, level=level, seed=seed)
            least, most = METRICS[key].range_for(2)
            found[key] = max(low, least), min(high, most)
    return found
