"""Convolution as networks do it: the kernel is not flipped (mathematicians call it cross-correlation).

Slide the kernel over the image, multiply what lies under it element by element, add up. Layers hold arrays of shape
(n_images, height, width, channels); a filter has one kernel for each channel and one bias.
"""

from __future__ import annotations

import numpy as np


def output_side(side: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """floor((side + 2 padding - kernel) / stride) + 1: how often the kernel fits."""
    return (side + 2 * padding - kernel) // stride + 1


def convolve(image: np.ndarray, kernel: np.ndarray, *, stride: int = 1, padding: int = 0) -> np.ndarray:
    """One image (height, width) with one kernel. Whole numbers give whole numbers.

    `padding` zeros are put around; (k - 1) / 2 of them keep the size for an odd k.

    Examples
    --------
    >>> image = np.array([[60, 248, 67, 0], [145, 253, 54, 0], [145, 253, 54, 33]])
    >>> convolve(image, np.array([[0, -1, 0], [-1, 3, -1], [0, -1, 0]])).tolist()
    [[59, -212]]
    """
    image = np.pad(image, padding)
    height, width = kernel.shape
    rows, columns = (output_side(s, k, stride) for s, k in zip(image.shape, kernel.shape, strict=True))
    output = np.empty((rows, columns), dtype=np.result_type(image, kernel))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            output[i, j] = (image[top : top + height, left : left + width] * kernel).sum()
    return output


def convolution_forward(
    X: np.ndarray, filters: np.ndarray, bias: np.ndarray, *, stride: int = 1, padding: int = 0
) -> np.ndarray:
    """A layer: each filter gives one output map, the sum over the channels plus its bias.

    Parameters
    ----------
    X : array, shape (n_images, height, width, channels)
    filters : array, shape (n_filters, kernel height, kernel width, channels)
    bias : array, shape (n_filters,)

    Returns
    -------
    array, shape (n_images, output height, output width, n_filters)
    """
    X = _pad(X, padding)
    n_filters, height, width, _ = filters.shape
    rows, columns = output_side(X.shape[1], height, stride), output_side(X.shape[2], width, stride)
    output = np.empty((len(X), rows, columns, n_filters), dtype=np.result_type(X, filters, bias))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            patch = X[:, top : top + height, left : left + width]
            output[:, i, j] = np.tensordot(patch, filters, axes=((1, 2, 3), (1, 2, 3))) + bias
    return output


def convolution_backward(
    slope: np.ndarray, X: np.ndarray, filters: np.ndarray, *, stride: int = 1, padding: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes of the loss along input, filters and bias, from the slope along the output.

    Each output number is a weighted sum of its patch. So it hands its slope to each weight times the number under
    it, and to each number times its weight; a number under several patches adds up what they hand it.
    """
    padded = _pad(np.asarray(X, dtype=float), padding)
    of_input, of_filters = np.zeros_like(padded), np.zeros(filters.shape)
    _, height, width, _ = filters.shape
    for i in range(slope.shape[1]):
        for j in range(slope.shape[2]):
            top, left = i * stride, j * stride
            here = np.s_[:, top : top + height, left : left + width]
            of_filters += np.tensordot(slope[:, i, j], padded[here], axes=((0,), (0,)))
            of_input[here] += np.tensordot(slope[:, i, j], filters, axes=1)
    inside = of_input[:, padding : padding + X.shape[1], padding : padding + X.shape[2]]
    return inside, of_filters, slope.sum(axis=(0, 1, 2))


def _pad(X: np.ndarray, padding: int) -> np.ndarray:
    return np.pad(X, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
