"""Groups and labels of rows put together."""

from __future__ import annotations

import numpy as np


def merge(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The groups, with rows of one label put together (labels below 0 are none; groups are never split)."""
    merged = groups.copy()
    rows = np.flatnonzero(labels >= 0)
    if len(rows):
        first = np.full(labels.max() + 1, len(labels))
        np.minimum.at(first, labels[rows], rows)
        merged[rows] = groups[first[labels[rows]]]
    return merged
