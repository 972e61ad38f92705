"""Rotation of whole batches: images of one angle are turned by one sparse product.

Bilinear interpolation at one angle is a fixed linear map from the pixels of the source to those of the result, the same
for every image and channel. With pixels as rows and images as columns it is a sparse matrix times a dense one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from heldout.errors import SettingError

FILLS = ("zero", "mean", "edge")
_BLOCK_VALUES = 2**17  # of one product, so that it stays in the cache
LEVELS = 127
"""How many angles a rotation is drawn from: a grid, so that many images share one and are turned together."""


def draw_degrees(random: np.random.Generator, n: int, limit: float) -> np.ndarray:
    """Angles from -limit to limit, all of `LEVELS` equally spaced ones being equally likely.

    A grid, so that many images share an angle and are turned together.
    """
    return np.linspace(-limit, limit, LEVELS)[random.integers(0, LEVELS, n)]


@lru_cache(maxsize=2 * LEVELS)
def _operator(degrees: float, source: tuple[int, int], size: tuple[int, int], edge: bool) -> tuple[Any, np.ndarray]:
    """Sparse matrix (result pixels, source pixels), and for each result pixel the weight that fell outside."""
    from scipy.sparse import csr_matrix

    height, width = source
    rows = np.arange(size[0]) + (height - size[0]) // 2 - (height - 1) / 2
    columns = np.arange(size[1]) + (width - size[1]) // 2 - (width - 1) / 2
    dy, dx = np.meshgrid(rows, columns, indexing="ij")
    angle = np.deg2rad(degrees)
    # Counter-clockwise as seen, rows pointing down; rounded so that quarter turns hit pixels exactly.
    x = np.round(np.cos(angle) * dx - np.sin(angle) * dy + (width - 1) / 2, 9).ravel()
    y = np.round(np.sin(angle) * dx + np.cos(angle) * dy + (height - 1) / 2, 9).ravel()
    left, top = np.floor(x), np.floor(y)
    positions, weights = [], []
    for below in (0, 1):
        for right in (0, 1):
            row, column = top + below, left + right
            weight = np.abs(1 - below - (y - top)) * np.abs(1 - right - (x - left))
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
            positions.append(row * width + column)
            weights.append(weight if edge else weight * inside)
    values = np.stack(weights, axis=1).astype(np.float32)
    matrix = csr_matrix(
        (values.ravel(), np.stack(positions, axis=1).ravel().astype(np.int32), np.arange(0, values.size + 1, 4)),
        shape=(len(x), height * width),
    )
    return matrix, np.maximum(0, 1 - values.sum(axis=1))[:, None]


def rotate(
    images: np.ndarray,
    degrees: np.ndarray,
    *,
    rows: np.ndarray | None = None,
    size: tuple[int, int] | None = None,
    fill: str = "zero",
    out: np.ndarray | None = None,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Rotate images about their centres, bilinear, and cut the centre out.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    degrees : float array, shape (n_new,)
        Counter-clockwise. Equal angles are turned together: few distinct ones are fast.
    rows : int array, shape (n_new,), optional
        Which image each new one is made of; default: all, in order.
    size : (height, width), optional
        Of the centre that is kept (default: all of it); a side that is left must be even to keep the centre.
    fill : {'zero', 'mean', 'edge'}, default='zero'
        What lies outside the image: black, its mean colour, or its nearest pixel.
    out : uint8 array, optional
        Where the results go, with `into` the position of each in it.

    Returns
    -------
    uint8 array, shape (n_new, size[0], size[1], channels), or `out`
    """
    if fill not in FILLS:
        raise SettingError(f"fill is {fill!r}", fix=f"one of {', '.join(FILLS)}")
    n, height, width, channels = images.shape
    size = (height, width) if size is None else size
    rows = np.arange(n) if rows is None else np.asarray(rows)
    degrees = np.broadcast_to(np.asarray(degrees, np.float64), rows.shape)
    if out is None:
        out, into = np.empty((len(rows), *size, channels), np.uint8), np.arange(len(rows))
    if len(rows) == 0:
        return out
    assert into is not None
    order = np.argsort(degrees, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(degrees[order])) + 1)
    block = max(1, _BLOCK_VALUES // (height * width * channels))
    blocks = [group[start : start + block] for group in groups for start in range(0, len(group), block)]
    for chosen in blocks:
        matrix, outside = _operator(float(degrees[chosen[0]]), (height, width), size, fill == "edge")
        out[into[chosen]] = _turned(images[rows[chosen]], matrix, outside if fill == "mean" else None, size)
    return out


def _turned(batch: np.ndarray, matrix: Any, outside: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    n, height, width, channels = batch.shape
    # Pixels first: (pixels, channels x images). Transposing bytes is far cheaper than transposing floats.
    flat = np.ascontiguousarray(batch.reshape(n, -1).T).reshape(height * width, channels * n)
    values = matrix @ flat.astype(np.float32)
    if outside is not None:
        means = batch.mean(axis=(1, 2), dtype=np.float32).T.reshape(1, channels * n)
        values += outside * means
    values += 0.5
    turned = values.astype(np.uint8).reshape(-1, n)
    return np.ascontiguousarray(turned.T).reshape(n, *size, channels)
