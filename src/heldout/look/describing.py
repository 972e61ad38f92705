"""Rows of any kind as a few standardised numbers each, for the simple models that a look uses; labels are not read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from heldout.data.dataset import Dataset
from heldout.data.rows import is_numeric

MOST_CATEGORIES = 20
MOST_COLUMNS = 500
FURTHEST = 8.0  # standard deviations; values further out count as if they were there
IMAGE_SIDE = 20
N_COMPONENTS = 50


def numbers_of(data: Dataset, rows: np.ndarray, basis: Basis | None = None) -> tuple[np.ndarray, Basis]:
    """Standardised float32 features of these rows, shape (len(rows), n_features), and how they were made.

    Tables: numeric columns (missing: the median, with an indicator) and frequent categories. Images: reduced to at
    most 20 x 20, then principal components. Sounds: means and deviations of log-mel bands.
    """
    if data.kind == "table":
        raw = _of_table(data.x, rows)
    elif data.kind == "images":
        raw = reduced(data.x, rows, IMAGE_SIDE).reshape(len(rows), -1)
    else:
        from heldout.kinds.hearing import summaries

        raw = summaries(data, rows)
    basis = basis or Basis(raw, reduce=data.kind == "images")
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


def _of_table(frame: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    parts = []
    for i in range(min(frame.shape[1], MOST_COLUMNS)):
        column = frame.iloc[:, i]
        if is_numeric(column):
            everything = column.to_numpy(np.float64)
            values = everything[rows]
            gone = np.isnan(values)
            middle = float(np.nanmedian(everything[:: max(1, len(everything) // 10_000)])) if not gone.all() else 0.0
            parts.append(np.where(gone, middle if np.isfinite(middle) else 0.0, values)[:, None])
            if np.isnan(everything).any():
                parts.append(gone[:, None].astype(np.float64))
        else:
            parts.append(_indicators(column, rows))
    return np.concatenate(parts, axis=1)


def _indicators(column: pd.Series, rows: np.ndarray) -> np.ndarray:
    codes, names = pd.factorize(column.to_numpy(object), use_na_sentinel=True)
    common = np.argsort(-np.bincount(codes[codes >= 0], minlength=max(1, len(names))), kind="stable")[:MOST_CATEGORIES]
    return (codes[rows][:, None] == common).astype(np.float64)


def reduced(images: np.ndarray, rows: np.ndarray, side: int) -> np.ndarray:
    """Images averaged down to at most ``side`` pixels a side; float32, grey levels, (n, height, width, channels)."""
    edges = [np.linspace(0, length, min(length, side) + 1).astype(int) for length in images.shape[1:3]]
    areas = np.diff(edges[0])[:, None, None] * np.diff(edges[1])[:, None]
    blocks: list[Any] = []
    for start in range(0, len(rows), 2048):
        block = np.asarray(images[rows[start : start + 2048]], dtype=np.float32)
        sums = np.add.reduceat(np.add.reduceat(block, edges[0][:-1], axis=1), edges[1][:-1], axis=2)
        blocks.append(sums / areas.astype(np.float32))
    return np.concatenate(blocks) if blocks else np.empty((0, 1, 1, images.shape[3]), np.float32)
