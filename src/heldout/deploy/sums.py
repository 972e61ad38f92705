"""Sums of products and distances in an order that depends on nothing but the model.

A matrix product of BLAS gives a row other last bits in a batch of another size, at another place of the batch, with
another number of threads and on another processor. Nothing here calls it: either all steps are elementwise, so that a
row cannot know the others, or each row goes by itself through a call of one shape, from the same place in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROOM = 2**15
"""Numbers that one step works on; they should stay in a core's cache."""
_MANY_ROWS = 64
_SMALL_MODEL = 2048

Term = Callable[..., Any]
"""Fills `out` from rows (d, 1, n) and parts (d, k, 1); it may only use elementwise operations."""


def fold(terms: np.ndarray, join: Any = np.add) -> np.ndarray:
    """Join along the first axis, the second half onto the first until one is left; overwrites `terms`.

    The rounding errors grow with the logarithm of the length only (Higham 1993, doi:10.1137/0914050).
    """
    length = len(terms)
    while length > 1:
        half = (length + 1) // 2
        join(terms[: length - half], terms[half:length], out=terms[: length - half])
        length = half
    return np.asarray(terms[0])


def pair_sums(x: np.ndarray, term: Term, *parts: np.ndarray, join: Any = np.add) -> np.ndarray:
    """Sum over the features of a term of each row with each of k models.

    Parameters
    ----------
    x : float64 array, shape (n_rows, d)
    term : callable
        ``term(rows, *parts, out=...)`` with broadcasting shapes (d, 1, n) and (d, k, 1).
    *parts : float64 arrays, shape (d, k)
        What the models consist of.
    join : ufunc, default numpy.add
        How two terms become one; for example numpy.maximum.

    Returns
    -------
    float64 array, shape (n_rows, k)
    """
    n_rows, d = x.shape
    k = parts[0].shape[1]
    if d == 0:
        return np.zeros((n_rows, k))
    n_together = max(1, min(n_rows, max(_MANY_ROWS, ROOM // (d * k)), ROOM // d))
    k_together = max(1, min(k, ROOM // (d * n_together)))
    room = np.empty(d * k_together * n_together)
    sums = np.empty((n_rows, k))
    for first in range(0, n_rows, n_together):
        rows = np.ascontiguousarray(x[first : first + n_together].T)[:, np.newaxis, :]
        for start in range(0, k, k_together):
            some = [part[:, start : start + k_together, np.newaxis] for part in parts]
            shape = (d, some[0].shape[1], rows.shape[2])
            terms = room[: shape[0] * shape[1] * shape[2]].reshape(shape)
            term(rows, *some, out=terms)
            sums[first : first + n_together, start : start + k_together] = fold(terms, join).T
    return sums


def products(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Each row times each of k rows of weights: ``x @ weights.T``.

    Parameters
    ----------
    x : float64 array, shape (n_rows, d)
    weights : float64 array, C order, shape (k, d)

    Returns
    -------
    float64 array, shape (n_rows, k)
    """
    if weights.size <= _SMALL_MODEL:
        return pair_sums(x, np.multiply, np.ascontiguousarray(weights.T))
    found = np.empty((len(x), len(weights)))
    row = np.empty(x.shape[1])
    for number, values in enumerate(x):
        row[:] = values
        np.einsum("kd,d->k", weights, row, out=found[number])
    return found


def squares(rows: np.ndarray, centres: np.ndarray, out: np.ndarray) -> None:
    """The term of a squared distance."""
    np.subtract(rows, centres, out=out)
    np.square(out, out=out)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Logarithm of the softmax of each row, shape (n_rows, n_classes)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(by_columns(np.exp(shifted)))[:, np.newaxis])


def by_columns(values: np.ndarray) -> np.ndarray:
    """The sum of each row, column after column."""
    total = np.zeros(len(values))
    for column in values.T:
        total += column
    return total
