"""Rows of any kind as a few standardised numbers each, for the simple models that a look uses; labels are not read."""

from __future__ import annotations

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.registry import kind_of

FURTHEST = 8.0  # standard deviations; values further out count as if they were there
N_COMPONENTS = 50


def numbers_of(data: Dataset, rows: np.ndarray, basis: Basis | None = None) -> tuple[np.ndarray, Basis]:
    """Standardised float32 features of these rows, shape (len(rows), n_features), and how they were made.

    What is numbered is the kind's (`heldout.kinds.base.Kind.described`); pixels then become principal components.
    """
    kind = kind_of(data)
    raw = kind.described(data, rows)
    basis = basis or Basis(raw, reduce=kind.shares_scale)
    return basis.apply(raw), basis


class Basis:
    """Means, deviations and principal components of a sample of rows."""

    def __init__(self, raw: np.ndarray, *, reduce: bool) -> None:
        self.mean = raw.mean(0, dtype=np.float64)
        deviation = raw.std(0, dtype=np.float64)
        self.kept = deviation > 1e-6 * np.maximum(1.0, np.abs(self.mean))
        if reduce:  # pixels share a scale: border pixels must not count as much as the middle
            self.scale = np.full(len(deviation), max(float(deviation.max(initial=0.0)), 1e-6))
        else:
            self.scale = np.where(self.kept, deviation, 1.0)
        self.axes: np.ndarray | None = None
        if reduce and self.kept.sum() > N_COMPONENTS:
            self.axes = self._main_axes(raw[:4000])

    def _main_axes(self, raw: np.ndarray) -> np.ndarray:
        values = self._scaled(raw).astype(np.float64)
        eigenvalues, vectors = np.linalg.eigh(values.T @ values / len(values))
        chosen = vectors[:, ::-1][:, :N_COMPONENTS]
        # Partly whitened: fine detail counts more than its variance, less than as much as the main axes.
        power = np.maximum(eigenvalues[::-1][:N_COMPONENTS], 1e-9) ** 0.25
        return (chosen / power).astype(np.float32)

    def _scaled(self, raw: np.ndarray) -> np.ndarray:
        scaled = (raw - self.mean)[:, self.kept] / self.scale[self.kept]
        return np.clip(scaled, -FURTHEST, FURTHEST).astype(np.float32)

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Features of raw rows."""
        scaled = self._scaled(raw)
        return scaled if self.axes is None else scaled @ self.axes
