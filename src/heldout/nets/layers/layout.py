"""How the rows of several replicates lie in one tensor.

Vectors are (replicates, rows, values). Images are (rows, replicates * channels, height, width), channels last in
memory, and a signal is an image of height 1. For one replicate both are views without a copy.
"""

from __future__ import annotations

from typing import Any

from heldout.nets.layers.base import Shape

Tensor = Any


def to_image(rows: Tensor, shape: Shape) -> Tensor:
    """(R, n, H * W * C) -> (n, R * C, H, W), channels last in memory."""
    height, width, channels = shape if len(shape) == 3 else (1, *shape)
    n_replicates, n_rows = rows.shape[:2]
    image = rows.view(n_replicates, n_rows, height, width, channels).permute(1, 2, 3, 0, 4)
    return image.reshape(n_rows, height, width, n_replicates * channels).permute(0, 3, 1, 2)


def to_rows(x: Tensor, n_replicates: int) -> Tensor:
    """(n, R * C, H, W) -> (R, n, H * W * C)."""
    n_rows, both, height, width = x.shape
    by_place = x.permute(0, 2, 3, 1).reshape(n_rows, height * width, n_replicates, both // n_replicates)
    return by_place.permute(2, 0, 1, 3).reshape(n_replicates, n_rows, -1)


def replicates_first(x: Tensor, n_replicates: int, shape: Shape) -> Tensor:
    """What a layer gives, for rows of this shape, as (R, n, *shape), channels last."""
    if len(shape) == 1:
        return x
    n_rows, both, height, width = x.shape
    by_replicate = x.reshape(n_rows, n_replicates, both // n_replicates, height, width).permute(1, 0, 3, 4, 2)
    return by_replicate.reshape(n_replicates, n_rows, *shape)
