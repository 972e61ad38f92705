"""Curves behind the numbers: ROC, precision and recall, and whether stated confidence is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.errors import LabelError, SettingError, ShapeError

__all__ = ["precision_recall", "reliability", "roc"]


@dataclass(frozen=True)
class Curve:
    """Points of a curve, one for each threshold ("positive if the score is at least this").

    Attributes
    ----------
    x, y : float array, shape (n_points,)
        ROC: false and true positive rate. Precision-recall: recall and precision.
    thresholds : float array, shape (n_points,)
        Falling for ROC (the first, infinity, calls nothing positive), falling for precision-recall.
    area : float
        ROC: area under the curve. Precision-recall: average precision.
    """

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: float


@dataclass(frozen=True)
class Reliability:
    """Stated confidence against what came true, in equal-width bins; empty bins are left out.

    Attributes
    ----------
    confidence, accuracy : float array, shape (n_used_bins,)
        Mean probability of the predicted class, and share of these predictions that are right.
    count : int64 array, shape (n_used_bins,)
    error : float in [0, 1]
        Expected calibration error: mean gap between the two, weighted by count.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def check_scores(is_positive: object, score: object) -> tuple[np.ndarray, np.ndarray]:
    """Labels as bool and scores as float64, both (n_rows,), or an error that names the first bad row."""
    positive, values = np.asarray(is_positive), np.asarray(score, dtype=float)
    if positive.ndim != 1 or values.shape != positive.shape:
        raise ShapeError(
            f"labels have shape {positive.shape}, scores {values.shape}; both must be (n_rows,)",
            fix="pass one score a row, e.g. probabilities[:, 1]",
        )
    if not np.isin(positive, (0, 1)).all():
        raise LabelError("labels of a curve must be 0 or 1", fix="pass y == class_number")
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ShapeError(f"score of row {first} is {values[first]}", fix="drop rows without a finite score")
    return positive.astype(bool), values


def cumulative(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds falling, and how many positives and negatives reach each."""
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    true_positives = np.cumsum(positive[order])[last_of_tie]
    return score[order][last_of_tie], true_positives, last_of_tie + 1 - true_positives


def roc(is_positive: object, score: object) -> Curve | None:
    """Receiver operating characteristic; None unless there are both positives and negatives.

    Parameters
    ----------
    is_positive : array of bool or 0/1, shape (n_rows,)
    score : array of float, shape (n_rows,)
        Higher means more likely positive.

    Raises
    ------
    ShapeError, LabelError
        If the arrays disagree, a score isn't finite, or a label isn't 0 or 1.

    References
    ----------
    Fawcett 2006, "An introduction to ROC analysis", doi:10.1016/j.patrec.2005.10.010

    Examples
    --------
    >>> roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).area
    0.75
    """
    positive, values = check_scores(is_positive, score)
    if positive.all() or not positive.any():
        return None
    thresholds, hits, alarms = cumulative(positive, values)
    tpr = np.append(0, hits) / hits[-1]
    fpr = np.append(0, alarms) / alarms[-1]
    return Curve(fpr, tpr, np.append(np.inf, thresholds), float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1])) / 2))


def precision_recall(is_positive: object, score: object) -> Curve | None:
    """Precision against recall, with average precision as its area; None without positives.

    The area is the step sum of Σ (recall gained × precision), not the trapezium, which is too kind (Davis &
    Goadrich 2006).

    Examples
    --------
    >>> round(precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).area, 4)
    0.8333
    """
    positive, values = check_scores(is_positive, score)
    if not positive.any():
        return None
    thresholds, hits, alarms = cumulative(positive, values)
    precision, recall = hits / (hits + alarms), hits / hits[-1]
    area = float(np.sum(np.diff(np.append(0, recall)) * precision))
    return Curve(np.append(0, recall), np.append(1, precision), np.append(np.inf, thresholds), area)


def reliability(probabilities: object, y: object, *, n_bins: int = 15) -> Reliability:
    """Stated confidence against accuracy, in equal-width bins of confidence.

    Parameters
    ----------
    probabilities : array of shape (n_rows, n_classes)
    y : array of int, shape (n_rows,)
        The true class, as a column number of `probabilities`.
    n_bins : int, default=15
        Few bins hide error, many add noise.

    Raises
    ------
    ShapeError
        If the arrays disagree on the number of rows, or there are none.

    References
    ----------
    Guo et al. 2017, section 2, doi:10.48550/arXiv.1706.04599
    """
    if n_bins < 1:
        raise SettingError(f"n_bins is {n_bins}", fix="use 1 or more")
    proba, labels = np.asarray(probabilities, dtype=float), np.asarray(y)
    if proba.ndim != 2 or labels.shape != proba.shape[:1] or not labels.size:
        raise ShapeError(
            f"probabilities have shape {proba.shape}, labels {labels.shape}",
            fix="pass (n, k) and (n,), n > 0",
        )
    confidence = proba.max(axis=1)
    right = proba.argmax(axis=1) == labels
    # bins are open below and closed above, so that 1.0 falls into the last
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)
    used = count > 0
    stated = np.bincount(bins, confidence, n_bins)[used] / count[used]
    came_true = np.bincount(bins, right.astype(float), n_bins)[used] / count[used]
    error = float(np.sum(np.abs(stated - came_true) * count[used]) / labels.size)
    return Reliability(stated, came_true, count[used], error)
