"""Groups and labels of rows put together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def merge(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The groups, with rows of one label put together (labels below 0 are none; groups are never split)."""
    merged = groups.copy()
    rows = np.flatnonzero(labels >= 0)
    if len(rows):
        first = np.full(labels.max() + 1, len(labels))
        np.minimum.at(first, labels[rows], rows)
        merged[rows] = groups[first[labels[rows]]]
    return merged


def join_pairs(groups: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The groups, with those of row ``a[i]`` and row ``b[i]`` put together for each i."""
    if len(a) == 0:
        return groups
    names, number = np.unique(groups, return_inverse=True)
    edges = coo_matrix((np.ones(len(a), np.int8), (number[a], number[b])), shape=(len(names), len(names)))
    component: np.ndarray = connected_components(edges, directed=False)[1]
    return component[number]
