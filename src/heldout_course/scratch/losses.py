"""Losses, averaged over a batch, and the slopes from which back-propagation starts.

Outputs `y` and targets `t` have shape (n_rows, n_outputs).
"""

from __future__ import annotations

import numpy as np

TINY = np.finfo(float).tiny
"""Probabilities are not taken below this: 0 * log 0 shall be 0."""


def one_hot(numbers: np.ndarray, n_classes: int) -> np.ndarray:
    """Class numbers as rows of zeros with a single 1.

    Examples
    --------
    >>> one_hot(np.array([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    return np.eye(n_classes)[numbers]


def absolute_loss(y: np.ndarray, t: np.ndarray) -> float:
    """Mean of sum |y - t|: an outlier counts as its distance."""
    return float(np.abs(y - t).sum(axis=1).mean())


def squared_loss(y: np.ndarray, t: np.ndarray) -> float:
    """Mean of sum (y - t)^2 / 2: an outlier counts as its distance squared."""
    return float(((y - t) ** 2).sum(axis=1).mean() / 2)


def squared_slope(y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """dL/dy = (y - t) / n_rows."""
    return (y - t) / len(y)


def cross_entropy(p: np.ndarray, t: np.ndarray) -> float:
    """Mean of -sum_j t_j log p_j. With a one-hot target only the probability of the true class matters.

    Examples
    --------
    >>> round(cross_entropy(np.array([[0.03, 0.87, 0.10]]), np.array([[0.0, 1.0, 0.0]])), 6)
    0.139262
    """
    return float(-(t * np.log(np.maximum(p, TINY))).sum(axis=1).mean())


def binary_cross_entropy(p: np.ndarray, t: np.ndarray) -> float:
    """Mean of -(t log p + (1 - t) log(1 - p)), for one output that is the probability of class 1."""
    return cross_entropy(np.hstack([p, 1 - p]), np.hstack([t, 1 - t]))


def cross_entropy_slope(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """dL/dz = (p - t) / n_rows, z being what enters the softmax or, for one output, the sigmoid.

    The slopes of loss and output function multiply to this: dL/dp = -t / p for a softmax, with
    dp_i/dz_j = p_i ((i = j) - p_j), and sum t = 1. It never vanishes where the answer is wrong.
    """
    return (p - t) / len(p)
