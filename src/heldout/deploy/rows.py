"""Rows as arrays of numbers, checked before a model of a bundle is asked about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Features:
    """How many numbers a row has, and what they are called where the model was trained on a table."""

    n: int
    names: tuple[str, ...] | None = None

    def rows(self, x: Any, *, keep_single: bool = False, missing: bool = False, infinite: bool = False) -> np.ndarray:
        """Rows as a C-ordered array of floats, shape (n_rows, n).

        Parameters
        ----------
        x : array or DataFrame
            A table must have the columns of training, in their order.
        keep_single : bool
            Leave float32 as it is; everything else becomes float64.
        missing, infinite : bool
            Whether NaN and infinite values may occur.

        Raises
        ------
        ValueError
            If the rows have another shape, other columns, or values that may not occur.
        """
        if hasattr(x, "columns") and self.names is not None and [str(name) for name in x.columns] != list(self.names):
            raise ValueError(f"the columns are {list(x.columns)[:10]}, those of training {list(self.names)[:10]}")
        rows = np.asarray(x)
        if rows.ndim != 2 or rows.shape[1] != self.n:
            n_found = rows.shape[1] if rows.ndim == 2 else rows.shape
            raise ValueError(f"rows of {n_found} features, but the model was trained on {self.n} features")
        single = keep_single and rows.dtype == np.float32
        rows = np.ascontiguousarray(rows, dtype=np.float32 if single else np.float64)
        if not (missing and infinite) and not np.isfinite(rows).all():
            if not infinite and np.isinf(rows).any():
                raise ValueError("the rows contain infinite values")
            if not missing and np.isnan(rows).any():
                raise ValueError("the rows contain missing values (NaN)")
        return rows
