"""Smallest and largest values of a dataset, as a person wants them before training."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.rows import is_frame

_BLOCK_ROWS = 4096


def ranges(data: Dataset) -> dict[str, dict[str, Any]]:
    """By column (tables) or for all values (images, sounds): min, max, mean, and missing values of tables.

    Categorical columns have their number of different values. An all-missing column has None for its numbers.
    """
    if not is_frame(data.x):
        return {"values": _of_array(data.x)}
    return {str(name): _of_column(data.x[name]) for name in data.x.columns}


def _of_array(x: np.ndarray) -> dict[str, Any]:
    least, most, total = np.inf, -np.inf, 0.0
    for start in range(0, len(x), _BLOCK_ROWS):
        block = np.asarray(x[start : start + _BLOCK_ROWS])
        least, most = min(least, float(block.min())), max(most, float(block.max()))
        total += float(block.sum(dtype=np.float64))
    return {"min": least, "max": most, "mean": total / x.size}


def _of_column(column: Any) -> dict[str, Any]:
    missing = int(column.isna().sum())
    if column.dtype.kind not in "fiu":
        return {"values": int(column.nunique()), "missing": missing}
    if missing == len(column):
        return {"min": None, "max": None, "mean": None, "missing": missing}
    return {
        "min": float(column.min()),
        "max": float(column.max()),
        "mean": float(column.mean()),
        "missing": missing,
    }
