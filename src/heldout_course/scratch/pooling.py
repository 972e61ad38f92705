"""Pooling: each window of a map becomes one number, its largest or its mean. There is nothing to learn.

Windows of `size` x `size` every `stride` places (default: side by side). Rows and columns at the far border that
fill no window are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heldout_course.scratch.convolution import output_side


def _windows(height: int, width: int, size: int, stride: int) -> Iterator[tuple[int, int, tuple[slice, ...]]]:
    """Place in the output, and the window of the input that it comes from."""
    for i in range(output_side(height, size, stride)):
        for j in range(output_side(width, size, stride)):
            top, left = i * stride, j * stride
            yield i, j, np.s_[:, top : top + size, left : left + size]


def pool_forward(X: np.ndarray, size: int = 2, *, stride: int | None = None, kind: str = "max") -> np.ndarray:
    """Largest (``kind='max'``) or mean (``'mean'``) of each window; X has shape (n_images, height, width, channels).

    Examples
    --------
    >>> pool_forward(np.arange(16).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    n, height, width, channels = X.shape
    stride = stride or size
    shape = n, output_side(height, size, stride), output_side(width, size, stride), channels
    output = np.empty(shape)
    for i, j, window in _windows(height, width, size, stride):
        output[:, i, j] = X[window].max(axis=(1, 2)) if kind == "max" else X[window].mean(axis=(1, 2))
    return output


def pool_backward(
    slope: np.ndarray, X: np.ndarray, size: int = 2, *, stride: int | None = None, kind: str = "max"
) -> np.ndarray:
    """Slope of the loss along the input, from the slope along the output.

    The largest number of a window made the output, so it gets the whole slope (of equals the first); for the mean,
    each gets its share.
    """
    of_input = np.zeros(X.shape)
    n, height, width, channels = X.shape
    for i, j, window in _windows(height, width, size, stride or size):
        if kind == "mean":
            of_input[window] += slope[:, i, j][:, None, None] / size**2
            continue
        flat = X[window].reshape(n, size**2, channels)
        is_largest = np.arange(size**2)[:, None] == flat.argmax(axis=1)[:, None]
        of_input[window] += (is_largest * slope[:, i, j][:, None]).reshape(n, size, size, channels)
    return of_input
