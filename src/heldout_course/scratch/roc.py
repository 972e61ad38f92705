"""The receiver operating characteristic: what can be had, at any threshold, for how many false alarms."""

from __future__ import annotations

import numpy as np


def roc_curve(y: np.ndarray, scores: np.ndarray, thresholds: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """False-positive and true-positive rates when rows with score >= threshold are called 1.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_rows,)
    scores : array of float, shape (n_rows,)
        Higher for class 1: probabilities or any other.
    thresholds : array of float, optional
        Default: every score that occurs. Fewer give a curve below the true one.

    Returns
    -------
    two float arrays, from (0, 0), nothing is called 1, to (1, 1), everything is.

    Examples
    --------
    >>> fpr, tpr = roc_curve(np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.6, 0.4]))
    >>> fpr.tolist(), tpr.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0, 1.0])
    """
    y, scores = np.asarray(y), np.asarray(scores)
    if set(np.unique(y)) != {0, 1}:
        raise ValueError(f"y holds {np.unique(y).tolist()}: rows of both classes, 0 and 1, are needed")
    falling = np.sort(np.unique(scores if thresholds is None else thresholds))[::-1]
    fpr = [(scores[y == 0] >= threshold).mean() for threshold in falling]
    tpr = [(scores[y == 1] >= threshold).mean() for threshold in falling]
    return np.array([0.0, *fpr, 1.0]), np.array([0.0, *tpr, 1.0])


def area(x: np.ndarray, y: np.ndarray) -> float:
    """Area under a curve of straight lines: sum of width times mean height."""
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum())


def auc(y: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve: 1 for perfect scores, 0.5 for guessing."""
    return area(*roc_curve(y, scores))


def auc_by_pairs(y: np.ndarray, scores: np.ndarray) -> float:
    """Share of the pairs of a 1 and a 0 where the 1 has the higher score, ties counting half: the same number."""
    difference = scores[y == 1][:, None] - scores[y == 0]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
