"""Activations h(z) of the nodes, and their slopes h'(z).

Without them layers collapse: a linear map of a linear map is a linear map.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def identity(z: np.ndarray) -> np.ndarray:
    """h(z) = z."""
    return z


def sigmoid(z: np.ndarray) -> np.ndarray:
    """h(z) = 1 / (1 + e^-z), from 0 to 1; as e to the -log(1 + e^-z), where e^-z cannot overflow."""
    return np.exp(-np.logaddexp(0, -z))


def relu(z: np.ndarray) -> np.ndarray:
    """h(z) = max(0, z)."""
    return np.maximum(0, z)


def softmax(z: np.ndarray) -> np.ndarray:
    """p_i = e^z_i / sum_j e^z_j along the last axis.

    Shifting all z by the same amount changes nothing; shifted by the largest, nothing overflows.

    Examples
    --------
    >>> softmax(np.array([0.2, 1.3, 0.8, 2.1])).round(3).tolist()
    [0.08, 0.24, 0.146, 0.534]
    """
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": relu,
    "softmax": softmax,
}

SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.ones_like,
    "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: (z > 0).astype(float),  # at the kink, 0 is chosen
}
"""The softmax is missing: a node's output depends on all z there. `losses` gives its slope with the loss's."""
