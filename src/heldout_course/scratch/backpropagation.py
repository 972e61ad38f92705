"""Forward and backward through a fully connected network.

Layer l takes a_(l-1), shape (n_rows, f_in), to

    z_l = a_(l-1) W_l^T + b_l    with W_l of shape (f_out, f_in)
    a_l = h_l(z_l)

Backward goes the chain rule, from the last layer to the first, with delta_l = dL/dz_l:

    delta_l = (delta_(l+1) W_(l+1)) * h_l'(z_l)    elementwise
    dL/dW_l = delta_l^T a_(l-1)                    (summed over the rows)
    dL/db_l = sum of delta_l over the rows
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heldout_course.scratch.activations import ACTIVATIONS, SLOPES

Arrays = Sequence[np.ndarray]


def forward(
    X: np.ndarray, weights: Arrays, biases: Arrays, activations: Sequence[str], masks: Arrays | None = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return [z_1, z_2, ...] and [a_0, a_1, a_2, ...]; a_0 is X and the last a the output.

    Parameters
    ----------
    X : float array, shape (n_rows, n_features)
    weights, biases : one array a layer
    activations : one name of `heldout_course.scratch.activations` a layer
    masks : one array a hidden layer, optional
        Dropout: a_l is multiplied by its mask.

    Examples
    --------
    >>> z, a = forward(np.array([[1.0, 2.0]]), [np.array([[3.0, -4.0]])], [np.array([0.5])], ["relu"])
    >>> z[0].tolist(), a[1].tolist()
    ([[-4.5]], [[0.0]])
    """
    z: list[np.ndarray] = []
    a = [X]
    for number, (W, b, name) in enumerate(zip(weights, biases, activations, strict=True)):
        z.append(a[-1] @ W.T + b)
        a.append(ACTIVATIONS[name](z[-1]))
        if masks is not None and number < len(masks):
            a[-1] = a[-1] * masks[number]
    return z, a


def backward(
    z: Arrays,
    a: Arrays,
    weights: Arrays,
    activations: Sequence[str],
    delta: np.ndarray,
    masks: Arrays | None = None,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the slopes of the loss along the weights and along the biases, layer by layer.

    `delta` is dL/dz of the last layer: dL/da * h'(z), or `losses.cross_entropy_slope` after a softmax.
    """
    of_weights: list[np.ndarray] = []
    of_biases: list[np.ndarray] = []
    for layer in reversed(range(len(weights))):
        of_weights.insert(0, delta.T @ a[layer])
        of_biases.insert(0, delta.sum(axis=0))
        if layer == 0:
            break
        upstream = delta @ weights[layer]  # dL/da of the layer below
        if masks is not None:
            upstream = upstream * masks[layer - 1]
        delta = upstream * SLOPES[activations[layer - 1]](z[layer - 1])
    return of_weights, of_biases
