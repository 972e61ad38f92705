"""Back-propagation: closed forms of a chain, any net against numerical slopes, and what weight decay adds."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure
from heldout_course.scratch.activations import ACTIVATIONS, SLOPES
from heldout_course.scratch.backpropagation import backward, forward
from heldout_course.scratch.descent import SGD, numerical_gradient
from heldout_course.scratch.losses import cross_entropy_slope, squared_loss
from heldout_course.scratch.mlp import MLP


@procedure("chain-gradients")
def chain_gradients(*, seed: int) -> dict[str, Any]:
    """Slopes of (y - t)^2 / 2 along three weights in a row: by their formulas, by back-propagation, and by trying."""
    random = np.random.default_rng(seed)
    x, t, w1, w2, w3 = random.standard_normal(5)
    y = w3 * w2 * w1 * x
    formulas = np.array([(y - t) * w3 * w2 * x, (y - t) * w3 * w1 * x, (y - t) * w2 * w1 * x])
    weights, biases = [np.array([[w]]) for w in (w1, w2, w3)], [np.zeros(1)] * 3
    names, rows, target = ["identity"] * 3, np.array([[x]]), np.array([[t]])
    z, a = forward(rows, weights, biases, names)
    back = np.ravel(backward(z, a, weights, names, a[-1] - target)[0])

    def loss() -> float:
        return squared_loss(forward(rows, weights, biases, names)[1][-1], target)

    tried = np.ravel([numerical_gradient(loss, w) for w in weights])
    return {
        "gap_of_backpropagation": float(np.abs(back - formulas).max()),
        "gap_of_numerical": float(np.abs(tried - formulas).max() / max(1.0, np.abs(formulas).max())),
        "dL_dw1": formulas[0],
        "dL_dw2": formulas[1],
        "dL_dw3": formulas[2],
    }


@procedure("gradient-check")
def gradient_check(
    activation: str,
    hidden: Sequence[int] = (4, 3),
    outputs: int = 2,
    rows: int = 7,
    factor: str = "slope",
    *,
    seed: int,
) -> dict[str, Any]:
    """Back-propagation through a random net of squared loss, against slopes by trying.

    Parameters
    ----------
    factor : 'slope' or 'value'
        What dL/da is multiplied by: h'(z), or h(z), as one sentence of the course has it.
    """
    random = np.random.default_rng(seed)
    sizes = [3, *hidden, outputs]
    weights = [random.standard_normal((b, a)) for a, b in pairwise(sizes)]
    biases = [np.abs(random.standard_normal(b)) for b in sizes[1:]]  # so that few ReLUs are dead
    names = [activation] * len(weights)
    x, t = random.standard_normal((rows, 3)), random.standard_normal((rows, outputs))
    z, a = forward(x, weights, biases, names)
    h = (SLOPES if factor == "slope" else ACTIVATIONS)[activation]
    delta = (a[-1] - t) / rows * h(z[-1])
    found: list[np.ndarray] = []
    for layer in reversed(range(len(weights))):
        found = [delta.T @ a[layer], delta.sum(axis=0), *found]
        if layer:
            delta = delta @ weights[layer] * h(z[layer - 1])
    tried = []
    for w, b in zip(weights, biases, strict=True):
        tried += [
            numerical_gradient(lambda: squared_loss(forward(x, weights, biases, names)[1][-1], t), p) for p in (w, b)
        ]
    largest = max(1e-6, *(float(np.abs(one).max()) for one in tried))
    return {"relative_gap": max(float(np.abs(p - q).max()) for p, q in zip(found, tried, strict=True)) / largest}


@procedure("weight-decay")
def weight_decay(
    optimizer: str,
    strength: float = 0.0005,
    alpha_is: str = "lambda",
    rate: float = 0.1,
    steps: int = 100,
    *,
    seed: int,
) -> dict[str, Any]:
    """Steps with the slope of L + strength / 2 w^2, next to steps that take rate x strength of each weight away.

    The loss is (x w - t)^2 / 2 over 50 random rows. Adam as published, at a hundredth of the rate.

    Parameters
    ----------
    optimizer : 'sgd', 'adam' or 'toolkit'
        'toolkit': one step of scikit-learn's net instead, see `toolkit_step`.
    alpha_is : 'lambda' or 'lambda x batch'
    """
    if optimizer == "toolkit":
        return toolkit_step(alpha_is, seed=seed)
    random = np.random.default_rng(seed)
    x, first = random.standard_normal((50, 4)) * [0.1, 0.5, 1.0, 2.0], random.standard_normal(4)
    t = x @ np.array([1.0, -2.0, 0.5, 0.0]) + random.standard_normal(50)
    in_loss, apart = first.copy(), first.copy()
    adam_a, adam_b = _Adam(), _Adam()
    lr = rate if optimizer == "sgd" else rate / 100
    for _ in range(steps):
        for w, is_in_loss, adam in ((in_loss, True, adam_a), (apart, False, adam_b)):
            g = x.T @ (x @ w - t) / len(x)
            shrink = 0.0 if is_in_loss else lr * strength * w
            g = g + strength * w if is_in_loss else g
            w -= (lr * g if optimizer == "sgd" else lr * adam.direction(g)) + shrink
    idle = first.copy()
    descent = SGD(rate, l2=strength)
    for _ in range(steps):
        descent.step([idle.reshape(1, -1)], [np.zeros((1, 4))])
    return {
        "log10_gap": float(np.log10(max(float(np.abs(in_loss - apart).max()), 1e-18))),
        "shrink_per_step": rate * strength,
        "left_without_slope": float((idle / first).mean()),
        "left_by_formula": (1 - rate * strength) ** steps,
    }


class _Adam:
    """Running means of slopes and of their squares (Kingma and Ba 2015)."""

    def __init__(self) -> None:
        self.m, self.v, self.t = np.zeros(4), np.zeros(4), 0

    def direction(self, g: np.ndarray) -> np.ndarray:
        self.t += 1
        self.m, self.v = 0.9 * self.m + 0.1 * g, 0.999 * self.v + 0.001 * g**2
        return np.asarray(self.m / (1 - 0.9**self.t) / (np.sqrt(self.v / (1 - 0.999**self.t)) + 1e-8))


def toolkit_step(alpha_is: str, alpha: float = 0.2, batch: int = 64, *, seed: int) -> dict[str, Any]:
    """One step of scikit-learn's net with `alpha`, next to ours by hand with the lambda that alpha is taken for."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    random = np.random.default_rng(seed)
    x, y = random.standard_normal((batch, 5)), random.integers(0, 3, batch)
    settings = {"solver": "sgd", "alpha": alpha, "batch_size": batch, "momentum": 0.0, "learning_rate_init": 0.1}
    net = MLPClassifier((4,), max_iter=1, random_state=seed, nesterovs_momentum=False, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.partial_fit(x, y, classes=[0, 1, 2])
        ours = MLP((4,)).start(5, np.arange(3))
        ours.weights_ = [w.T.copy() for w in net.coefs_]
        ours.biases_ = [b.copy() for b in net.intercepts_]
        net.partial_fit(x, y)
    lam = alpha if alpha_is == "lambda" else alpha / batch
    _, gradients = ours.loss_and_gradients(x, ours.targets(y))
    SGD(0.1, l2=lam).step([*ours.weights_, *ours.biases_], gradients)
    gap = max(float(np.abs(w.T - theirs).max()) for w, theirs in zip(ours.weights_, net.coefs_, strict=True))
    return {"lambda": lam, "gap_after_a_step": gap}


@procedure("slope-when-wrong")
def slope_when_wrong(loss: str, p: float = 0.001) -> dict[str, Any]:
    """How hard a loss pulls at a node that says class 1 with probability p, where 1 is right (dL/dz)."""
    if loss == "cross-entropy":
        slope = float(cross_entropy_slope(np.array([[p]]), np.array([[1.0]]))[0, 0])
    else:
        slope = (np.sign(p - 1) if loss == "absolute" else p - 1) * p * (1 - p)
    return {"slope": abs(float(slope))}
