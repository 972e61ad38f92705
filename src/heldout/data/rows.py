"""Rows of features, whatever holds them: a DataFrame (tables) or an array (images, sounds)."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_frame(x: Any) -> bool:
    """Whether rows are held by a pandas DataFrame; pandas is not imported to find out."""
    return type(x).__module__.split(".")[0] == "pandas" and hasattr(x, "columns")


def take_rows(x: Any, rows: np.ndarray) -> Any:
    """These rows (positions) in this order; a DataFrame is numbered anew from 0."""
    return x.iloc[rows].reset_index(drop=True) if is_frame(x) else x[rows]


def is_numeric(values: Any) -> bool:
    """Whether a column of a table holds numbers (or truth values) rather than text."""
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values.dtype))
