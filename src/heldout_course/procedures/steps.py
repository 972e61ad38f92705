"""Steps of gradient descent: all rows or some, with and without a rate, with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure
from heldout_course.procedures.iris_pair import iris_pair
from heldout_course.scratch.descent import SGD, minibatches
from heldout_course.scratch.mlp import MLP

LIMIT = 1e100
"""Numbers beyond are on their way to infinity: descent stops there."""


@procedure("descent-on-a-line")
def descent_on_a_line(rate: float, steps: int = 200, with_rate: bool = True) -> dict[str, Any]:
    """Petal width by petal length as w x + b: five steps in a loop, next to the exact answer of least squares.

    Without the rate, a step is as long as the slope itself, as the course prints it first.
    """
    from heldout.kinds.loading import load

    x, y = load("iris").x.to_numpy(float)[:, 2:].T
    rows = np.column_stack([x, np.ones(len(x))])
    best = np.linalg.lstsq(rows, y, rcond=None)[0]
    w = np.zeros(2)  # 1: first values
    losses = []
    for _ in range(steps):
        error = rows @ w - y  # 2: forward, and the mean loss
        losses.append(float((error**2).mean() / 2))
        slope = rows.T @ error / len(rows)  # 3: the loss's slope along each parameter
        w = w - (rate if with_rate else 1.0) * slope  # 4: a step against it
        if losses[-1] > LIMIT:  # 5: again
            break
    least = float(((rows @ best - y) ** 2).mean() / 2)
    return {
        "final_loss": losses[-1],
        "least_loss": least,
        "fell_each_step": int(all(b <= a for a, b in pairwise(losses))),
        "log10_first_loss": float(np.log10(losses[0])),
        "log10_final_loss": float(np.log10(losses[-1])),
        "log10_least_loss": float(np.log10(least)),
        "losses": losses,
    }


@procedure("descent-of-a-net", light=False)
def descent_of_a_net(batch: int, rate: float = 0.5, epochs: int = 60, *, seed: int) -> dict[str, Any]:
    """The net of 2-3-2-1 nodes on two irises (standardized): steps by all rows, or by minibatches, per epoch."""
    pair = iris_pair(seed, "none", scaled=True)
    net = MLP((3, 2), activation="tanh", seed=seed).start(2, np.arange(2))
    targets = net.targets(pair.y)
    descent, random = SGD(rate), np.random.default_rng((seed, 1))
    size = batch or len(pair.x)
    first = net.loss_and_gradients(pair.x, targets)[0]
    losses, steps = [first], 0
    for _ in range(epochs):
        for rows in minibatches(len(pair.x), size, random):
            _, gradients = net.loss_and_gradients(pair.x[rows], targets[rows])
            descent.step([*net.weights_, *net.biases_], gradients)
            steps += 1
        losses.append(net.loss_and_gradients(pair.x, targets)[0])
    return {
        "first_loss": first,
        "final_loss": losses[-1],
        "steps": steps,
        "accuracy": float((net.predict(pair.x_test) == pair.y_test).mean()),
        "losses": losses,
    }


@procedure("subset-means")
def subset_means(
    values: Sequence[float], size: int, printed: Sequence[float] = (), draws: int = 2000, *, seed: int
) -> dict[str, Any]:
    """Means of random subsets next to the mean of all, and their spread next to that of theory.

    Of `size` values drawn from n without returning them: s / sqrt(size) times sqrt(1 - size / n).
    """
    x, random = np.array(values, float), np.random.default_rng(seed)
    means = np.array([x[random.choice(len(x), size, replace=False)].mean() for _ in range(draws)])
    theory = float(x.std(ddof=1) / np.sqrt(size) * np.sqrt(1 - size / len(x)))
    return {
        "full_mean": float(x.mean()),
        "subset_mean": float(means[0]),
        "mean_of_means": float(means.mean()),
        "spread_of_means": float(means.std(ddof=1)),
        "spread_by_theory": theory,
        "farthest_printed": float(np.abs(np.array(printed) - x.mean()).max() / theory) if printed else 0.0,
        "means": means[:200],
    }


@procedure("epoch-blocks")
def epoch_blocks(rows: int, batch: int, drawing: str = "shuffled", epochs: int = 2, *, seed: int) -> dict[str, Any]:
    """An epoch cut into minibatches.

    Parameters
    ----------
    drawing : 'shuffled' or 'anew'
        Blocks of one shuffled order, or each minibatch drawn from all rows.
    """
    random = np.random.default_rng(seed)
    orders = []
    for _ in range(epochs):
        if drawing == "shuffled":
            blocks = list(minibatches(rows, batch, random))
        else:
            blocks = [random.choice(rows, min(batch, rows), replace=False) for _ in range(-(-rows // batch))]
        orders.append(np.concatenate(blocks))
    used = np.bincount(orders[0], minlength=rows)
    return {
        "steps": len(blocks),
        "last_block": len(blocks[-1]),
        "rows_used": int((used > 0).sum()),
        "most_uses": int(used.max()),
        "same_order_again": int(len(orders[0]) == len(orders[1]) and bool((orders[0] == orders[1]).all())),
        "blocks": [len(block) for block in blocks],
        "order": orders[0],
        "next_order": orders[1],
    }


@procedure("momentum-rule")
def momentum_rule(
    momentum: float, rule: str = "velocity", rate: float = 0.02, steps: int = 60, noise: float = 1.0, *, seed: int
) -> dict[str, Any]:
    """Down a long valley, (x^2 + 25 y^2) / 2 from (10, 1); and down a noisy plane, how far a step turns from the last.

    Parameters
    ----------
    rule : 'velocity', 'printed' or 'previous step'
        'velocity': v <- momentum v - rate g, w <- w + v. 'printed', if its symbol means the slope: w <- w - rate g +
        momentum g', where g' is the slope before. 'previous step': the same with the step before in place of g'.
    """
    curvature, random = np.array([1.0, 25.0]), np.random.default_rng(seed)
    path = _follow(rule, momentum, rate, curvature, np.zeros((steps, 2)))
    slopes = np.array([1.0, 0.0]) + noise * random.standard_normal((20 + 10 * steps, 2))
    shaken = _follow(rule, momentum, rate, np.zeros(2), slopes)[20:]
    distance = float(np.hypot(*path[-1]))
    return {
        "distance": distance,
        "log10_distance": float(np.log10(max(distance, 1e-300))),
        "turn_degrees": _mean_turn(np.diff(shaken, axis=0)),
        "path": path[: next((n for n, p in enumerate(path) if np.abs(p).max() > 30), len(path))],
    }


def _follow(rule: str, momentum: float, rate: float, curvature: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Points of the descent; the slope is curvature x w plus what is added."""
    w, path = np.array([10.0, 1.0]), [np.array([10.0, 1.0])]
    before = np.zeros(2)  # velocity, slope or step, as the rule has it
    for more in added:
        g = curvature * w + more
        if rule == "velocity":
            before = momentum * before - rate * g
            w = w + before
        elif rule == "printed":
            w, before = w - rate * g + momentum * before, g
        else:
            move = -rate * g + momentum * before
            w, before = w + move, move
        path.append(w)
        if np.abs(w).max() > LIMIT:
            break
    return np.array(path)


def _mean_turn(steps: np.ndarray) -> float:
    """Mean angle between one step and the next."""
    lengths = np.linalg.norm(steps, axis=1)
    cosines = (steps[1:] * steps[:-1]).sum(axis=1) / np.maximum(lengths[1:] * lengths[:-1], 1e-300)
    return float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())
