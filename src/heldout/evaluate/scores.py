"""Scores of probabilities and rankings, for one set of predictions or a stack of them.

Rows are the last axis of labels (..., n_rows) and of rankings (..., n_rows), and the last but one of probabilities
(..., n_rows, n_classes); what stands before is a stack, and each of its members gets a value of its own without a loop.
Undefined is NaN.
"""

from __future__ import annotations

import numpy as np

from heldout.evaluate.margins import divide

N_BINS = 15
"""Bins of confidence of the expected calibration error."""


def log_loss(y_true: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Mean of -ln(probability of the truth); probabilities below 2.2e-16 count as that, so that it stays finite."""
    return np.asarray(-np.log(np.clip(_p_true(y_true, proba), np.finfo(float).eps, 1.0)).mean(axis=-1)) + 0.0


def brier(y_true: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Mean squared error of probabilities: of the positive class's (two classes, 0 to 1), else summed (0 to 2)."""
    return np.asarray(brier_rows(y_true, proba).mean(axis=-1))


def brier_rows(y_true: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """What each row adds to the Brier score, (..., n_rows)."""
    squares = np.asarray((proba**2).sum(axis=-1) - 2 * _p_true(y_true, proba) + 1)
    return np.maximum(squares, 0.0) / (2 if proba.shape[-1] == 2 else 1)


def _p_true(y_true: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Probability of the true class, (..., n_rows)."""
    places = np.broadcast_to(y_true, proba.shape[:-1])[..., None]
    return np.take_along_axis(proba, places, axis=-1)[..., 0]


def in_top(y_true: np.ndarray, proba: np.ndarray, k: int) -> np.ndarray:
    """Whether the true class is among the ``k`` most probable, (..., n_rows); of equals, the first classes count."""
    p_true = _p_true(y_true, proba)[..., None]
    numbers = np.arange(proba.shape[-1])
    before = (proba > p_true) | ((proba == p_true) & (numbers < np.asarray(y_true)[..., None]))
    return np.asarray(before.sum(axis=-1) < k)


def confidence_bins(confidence: np.ndarray, n_bins: int) -> np.ndarray:
    """Number of the equal-width bin of each confidence, open below and closed above, so that 1.0 is in the last."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def calibration_error(y_true: np.ndarray, proba: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Expected calibration error (Guo et al. 2017): mean gap between confidence and accuracy, over bins.

    Confidence is the probability of the most probable class.
    """
    confidence = proba.max(axis=-1)
    gap = confidence - (proba.argmax(axis=-1) == y_true)
    bins = confidence_bins(confidence, n_bins)
    flat = gap.reshape(-1, gap.shape[-1])
    places = bins.reshape(flat.shape) + n_bins * np.arange(len(flat))[:, None]
    sums = np.bincount(places.ravel(), flat.ravel(), minlength=n_bins * len(flat)).reshape(-1, n_bins)
    return np.asarray(np.abs(sums).sum(axis=1).reshape(gap.shape[:-1]) / gap.shape[-1])


def auc(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Area under the ROC curve: the chance that a positive outscores a negative, ties counting half.

    It is the Mann-Whitney statistic of the ranks (Hanley & McNeil 1982). NaN unless there are both kinds of rows.

    Parameters
    ----------
    positive : bool array, shape (..., n_rows)
    score : float array, shape (..., n_rows)
        Scores or probabilities, never decided labels: those give the balanced accuracy instead.
    """
    order, first, last = _ties(score)
    hit = np.take_along_axis(np.broadcast_to(positive, score.shape), order, axis=-1)
    n_hits = hit.sum(axis=-1)
    twice_ranks = np.where(hit, first + last + 2, 0).sum(axis=-1)
    pairs = n_hits.astype(float) * (score.shape[-1] - n_hits)
    return divide(twice_ranks / 2 - n_hits * (n_hits + 1.0) / 2, pairs)


def average_precision(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Sum over thresholds of (recall gained × precision); NaN without positives."""
    order, _, last = _ties(-score)
    hit = np.take_along_axis(np.broadcast_to(positive, score.shape), order, axis=-1)
    reached = np.take_along_axis(np.cumsum(hit, axis=-1), last, axis=-1)
    return divide(np.where(hit, reached / (last + 1.0), 0.0).sum(axis=-1), hit.sum(axis=-1))


def _ties(score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of rising scores, and for each place the first and the last place of equal scores."""
    order = np.argsort(score, axis=-1, kind="stable")
    ranked = np.take_along_axis(score, order, axis=-1)
    n = score.shape[-1]
    places = np.broadcast_to(np.arange(n), score.shape)
    changes = ranked[..., 1:] != ranked[..., :-1]
    edge = np.ones((*score.shape[:-1], 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.concatenate([edge, changes], axis=-1), places, 0), axis=-1)
    ends = np.where(np.concatenate([changes, edge], axis=-1), places, n - 1)
    last = np.minimum.accumulate(ends[..., ::-1], axis=-1)[..., ::-1]
    return order, first, last
