"""How far a point is from others."""

from __future__ import annotations

import numpy as np


def distances(point: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Euclidean distance of one point to each of many, d = sqrt(sum_i (a_i - b_i)^2).

    Parameters
    ----------
    point : array of float, shape (n_features,)
    others : array of float, shape (n_others, n_features)

    Returns
    -------
    float array, shape (n_others,)

    Examples
    --------
    >>> distances(np.array([0.0, 0.0]), np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
    [5.0, 1.0]
    """
    return np.sqrt(((others - point) ** 2).sum(axis=1))
