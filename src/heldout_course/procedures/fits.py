"""Fits that are too close, when to stop, and what a loss makes of an outlier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from heldout_course.experiments.procedures import procedure
from heldout_course.scratch.losses import absolute_loss, binary_cross_entropy, cross_entropy, one_hot, squared_loss
from heldout_course.scratch.mlp import MLP


@procedure("polynomial-fit")
def polynomial_fit(x: Sequence[float], y: Sequence[float], degree: int) -> dict[str, Any]:
    """Least squares of a polynomial: how close it comes to its points, and to each point that it has not seen."""
    at, values = np.array(x, float), np.array(y, float)
    fitted = Polynomial.fit(at, values, degree)
    left_out = []
    for number in range(len(at)):
        rest = np.arange(len(at)) != number
        # A domain of its own would make the points at the ends extrapolations of other polynomials.
        left_out.append(Polynomial.fit(at[rest], values[rest], degree, domain=[at.min(), at.max()])(at[number]))
    fine = np.linspace(at.min(), at.max(), 300)
    plain = fitted.convert().coef
    slopes = np.sign(np.diff(fitted(fine)))
    return {
        "residual": float(np.sqrt(((fitted(at) - values) ** 2).mean())),
        "left_out_error": float(np.sqrt(((np.array(left_out) - values) ** 2).mean())),
        "left_out_median": float(np.median(np.abs(np.array(left_out) - values))),
        "turning_points": int((slopes[1:] != slopes[:-1]).sum()),
        **{f"c{power}": float(plain[power]) for power in range(3)},
        "x": fine,
        "y": fitted(fine),
        "points": np.column_stack([at, values]),
    }


@procedure("when-to-stop", light=False)
def when_to_stop(
    epochs: int = 300, nodes: int = 60, noise: float = 0.1, rate: float = 0.3, *, seed: int
) -> dict[str, Any]:
    """Loss and error of a net by hand, epoch by epoch, on 60 training and 60 validation rows; 2,000 test rows judge.

    Two classes divided by a circle, with labels exchanged at random.
    """
    random = np.random.default_rng(seed)
    parts = [_disc(n, noise, random) for n in (60, 60, 2000)]
    (x, y), (x_val, y_val), (x_test, y_test) = parts
    net = MLP((nodes,), rate=rate, batch_size=10, n_epochs=1, seed=seed).start(2, np.arange(2))
    losses: dict[str, list[float]] = {"train": [], "validation": [], "test": []}
    test_errors, val_errors = [], []
    for epoch in range(epochs):
        net.seed = 1000 * seed + epoch  # another order each epoch
        net.train(x, y)
        for name, rows, labels in (("train", x, y), ("validation", x_val, y_val), ("test", x_test, y_test)):
            losses[name].append(binary_cross_entropy(net.predict_proba(rows)[:, 1:], labels[:, None].astype(float)))
        val_errors.append(float((net.predict(x_val) != y_val).mean()))
        test_errors.append(float((net.predict(x_test) != y_test).mean()))
    best = int(np.argmin(losses["validation"]))
    return {
        "train_loss_first": losses["train"][0],
        "train_loss_last": losses["train"][-1],
        "validation_loss_first": losses["validation"][0],
        "validation_loss_best": losses["validation"][best],
        "validation_loss_last": losses["validation"][-1],
        "best_epoch": best + 1,
        "test_loss_best": losses["test"][best],
        "test_loss_last": losses["test"][-1],
        "test_error_best": test_errors[best],
        "test_error_last": test_errors[-1],
        "lowest_validation_error": min(val_errors),
        "test_error_there": test_errors[int(np.argmin(val_errors))],
        "train_losses": losses["train"],
        "validation_losses": losses["validation"],
    }


def _disc(rows: int, noise: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = random.uniform(-1, 1, (rows, 2))
    y = (np.hypot(*x.T) < np.sqrt(2 / np.pi)).astype(int)
    return x, np.where(random.random(rows) < noise, 1 - y, y)


@procedure("cross-entropy-of")
def cross_entropy_of(probabilities: Sequence[float], true: int, binary: str = "printed") -> dict[str, Any]:
    """Loss of one prediction. One probability is that of class 1.

    Parameters
    ----------
    binary : 'printed' or 'both terms'
        Whether the minus sign of the formula for two classes belongs to its first term alone, as published.
    """
    p = np.array([probabilities], float)
    if p.shape[1] > 1:
        loss = cross_entropy(p, one_hot(np.array([true]), p.shape[1]))
        swapped = p.copy()
        others = [k for k in range(p.shape[1]) if k != true]
        swapped[0, others] = p[0, others[::-1]]
        of_true = p[0, true]
        change = abs(cross_entropy(swapped, one_hot(np.array([true]), p.shape[1])) - loss)
    else:
        of_true, change = (p[0, 0] if true else 1 - p[0, 0]), 0.0
        if binary == "printed":
            loss = float(-true * np.log(p[0, 0]) + (1 - true) * np.log(1 - p[0, 0]))
        else:
            loss = binary_cross_entropy(p, np.array([[float(true)]]))
    return {"loss": loss, "minus_log_of_true": float(-np.log(of_true)), "change_of_others_swapped": change}


@procedure("outlier-share")
def outlier_share(loss: str, rows: int = 50, distance: float = 10.0, *, seed: int) -> dict[str, Any]:
    """How much of a loss one far value makes up, and how far it pulls the constant that is best by this loss."""
    random = np.random.default_rng(seed)
    values = random.standard_normal(rows)
    with_it = np.append(values, distance)
    best, measure = (np.median, absolute_loss) if loss == "absolute" else (np.mean, squared_loss)
    zero = np.zeros((1, 1))
    each = np.array([measure(zero, np.array([[value]])) for value in with_it])
    return {
        "share_of_outlier": float(each[-1] / each.sum()),
        "pull": float(best(with_it) - best(values)),
        "loss": float(each.mean()),
    }


@procedure("first-weights", light=False)
def first_weights(
    initializer: str, layers: int = 10, width: int = 100, epochs: int = 30, *, seed: int
) -> dict[str, Any]:
    """What a scheme does: the size of a signal after several layers of ReLUs, and whether nodes become different.

    `node_spread` is the standard deviation between the hidden nodes' weights after training the small net of irises.
    """
    from heldout_course.procedures.iris_pair import iris_pair

    random = np.random.default_rng(seed)
    signal = random.standard_normal((200, width))
    size = float(signal.std())
    for _ in range(layers):
        signal = np.maximum(0, signal @ _draw(initializer, width, width, random).T)
    pair = iris_pair(seed, "none", scaled=True)
    net = MLP((4,), activation="sigmoid", rate=0.5, n_epochs=epochs, seed=seed).start(2, np.arange(2))
    net.weights_ = [_draw(initializer, w.shape[1], w.shape[0], random) for w in net.weights_]
    weights = _draw(initializer, width, width, random)
    net.train(pair.x, pair.y)
    return {
        "std": float(weights.std()),
        "std_by_formula": _formula(initializer, width, width),
        "signal_after": float(signal.std()) / size,
        "log10_signal": float(np.log10(max(float(signal.std()) / size, 1e-300))),
        "node_spread": float(net.weights_[0].std(axis=0).mean()),
    }


def _draw(initializer: str, f_in: int, f_out: int, random: np.random.Generator) -> np.ndarray:
    from heldout_course.scratch import initializers

    if initializer == "equal":
        return np.full((f_out, f_in), 0.1)
    if initializer == "old uniform":
        return 0.01 * random.random((f_out, f_in))
    if initializer == "old normal":
        return 0.01 * random.standard_normal((f_out, f_in))
    if initializer == "glorot sigmoid":
        return initializers.glorot(f_in, f_out, random, before_sigmoid=True)
    return initializers.INITIALIZERS[initializer](f_in, f_out, random)


def _formula(initializer: str, f_in: int, f_out: int) -> float:
    """Standard deviation: of a uniform draw in an interval of width b it is b / sqrt(12)."""
    return {
        "equal": 0.0,
        "old uniform": 0.01 / np.sqrt(12),
        "old normal": 0.01,
        "glorot sigmoid": np.sqrt(2 / (f_in + f_out)) / np.sqrt(3),
        "glorot": np.sqrt(6 / (f_in + f_out)) / np.sqrt(3),
        "xavier": np.sqrt(1 / f_in),
        "he": np.sqrt(2 / f_in),
    }[initializer]
