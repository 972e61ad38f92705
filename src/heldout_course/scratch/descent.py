"""Stochastic gradient descent: small steps against the slope, from a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np


def minibatches(n_rows: int, size: int, random: np.random.Generator | None = None) -> Iterator[np.ndarray]:
    """Row numbers of one epoch: shuffled, cut into blocks; the last may be smaller. Without `random` in order.

    Examples
    --------
    >>> [rows.tolist() for rows in minibatches(5, 2)]
    [[0, 1], [2, 3], [4]]
    """
    order = np.arange(n_rows) if random is None else random.permutation(n_rows)
    for start in range(0, n_rows, size):
        yield order[start : start + size]


class SGD:
    """Plain steps, with momentum and a penalty on large weights if wanted.

        g <- dL/dp + l2 * p          (p a weight; biases are not penalised)
        v <- momentum * v - rate * g
        p <- p + v                   (Nesterov: p <- p + momentum * v - rate * g)

    The velocity v averages over about 1 / (1 - momentum) steps, so that single batches shake it less.

    Parameters
    ----------
    rate : float
    momentum : float
        Usually 0.9.
    nesterov : bool
    l2 : float
        Adds l2 / 2 * sum p^2 to the loss. Plain steps then shrink each weight by the factor 1 - rate * l2
        (weight decay). scikit-learn divides its alpha by the batch size: alpha = l2 * batch size.
    """

    def __init__(self, rate: float, *, momentum: float = 0.0, nesterov: bool = False, l2: float = 0.0) -> None:
        self.rate, self.momentum, self.nesterov, self.l2 = rate, momentum, nesterov, l2
        self._velocities: list[np.ndarray] = []

    def step(self, parameters: list[np.ndarray], gradients: list[np.ndarray]) -> None:
        """Change the parameters in place. Arrays of two and more dimensions are weights, others are biases."""
        if not self._velocities:
            self._velocities = [np.zeros_like(p) for p in parameters]
        for p, gradient, v in zip(parameters, gradients, self._velocities, strict=True):
            g = gradient + self.l2 * p if p.ndim > 1 else gradient
            v *= self.momentum
            v -= self.rate * g
            p += self.momentum * v - self.rate * g if self.nesterov else v


def dropout_mask(shape: tuple[int, ...], share: float, random: np.random.Generator) -> np.ndarray:
    """Factors of the outputs of a layer in training: 0 with probability `share`, else 1 / (1 - share).

    Each row thus trains a network of its own, with shared weights. The factor keeps the mean, so that prediction uses
    the whole network as it is (the same as multiplying its weights by 1 - share).
    """
    return (random.random(shape) >= share) / (1 - share)


def numerical_gradient(loss: Callable[[], float], parameter: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Slope of `loss` along each number of `parameter`, by trying: (L(p + h) - L(p - h)) / 2h.

    Slow, but hard to get wrong: what back-propagation is checked against. `parameter` is changed in place and restored.
    """
    gradient = np.empty_like(parameter)
    for place in np.ndindex(parameter.shape):
        kept = parameter[place]
        parameter[place] = kept + step
        above = loss()
        parameter[place] = kept - step
        below = loss()
        parameter[place] = kept
        gradient[place] = (above - below) / (2 * step)
    return gradient
