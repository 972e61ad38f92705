"""Two classes of iris by two lengths, and the small net that learns to separate them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from heldout_course.experiments.procedures import procedure
from heldout_course.scratch.backpropagation import forward

TEST_COUNTS = (7, 13, 10)
"""Rows of each class in the course's test part, whose shuffle is lost."""


class Pair(NamedTuple):
    """Petal length and width of iris classes 1 and 2 (called 0 and 1), enlarged for training."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def iris_pair(seed: int, augment: str = "printed", scaled: bool = False) -> Pair:
    """Cut iris as the course's lost split did, enlarge its 120 training rows tenfold, keep two classes and two columns.

    Parameters
    ----------
    augment : 'printed', 'right' or 'none'
        'printed': the PCA sees all 150 rows and its components are shaken, once a set. 'right': it sees the training
        rows, and each row is moved on its own.
    scaled : bool
        Whether to standardize, by the training rows that are no copies.
    """
    from heldout.augment.features import PCANoise
    from heldout.kinds.loading import load

    data = load("iris")
    features = data.x.to_numpy(float)
    random = np.random.default_rng([seed, 8])
    test = np.concatenate([random.permutation(np.flatnonzero(data.y == k))[:n] for k, n in enumerate(TEST_COUNTS)])
    test = random.permutation(test)
    train = random.permutation(np.setdiff1d(np.arange(len(features)), test))
    x, y = features[train], data.y[train]
    if augment == "printed":
        made = (
            PCANoise(keep=2, sigma=0.1, relative=False, way="component-rows")
            .fit(features)
            .make(x, y, copies=9, seed=seed)
        )
    elif augment == "right":
        made = PCANoise(keep=2, sigma=0.1).fit(x).make(x, y, copies=9, seed=seed)
    if augment != "none":
        x, y = np.concatenate([x, made.x]), np.concatenate([y, np.asarray(made.y)])
    kept, kept_test = y > 0, data.y[test] > 0
    x, x_test = x[kept][:, 2:], features[test][kept_test][:, 2:]
    if scaled:
        originals = features[train][data.y[train] > 0][:, 2:]
        mean, std = originals.mean(axis=0), originals.std(axis=0)
        x, x_test = (x - mean) / std, (x_test - mean) / std
    return Pair(x, y[kept] - 1, x_test, data.y[test][kept_test] - 1)


@procedure("iris-pair", light=False)
def iris_pair_facts(augment: str = "printed", *, seed: int) -> dict[str, Any]:
    """Rows of the two classes, and whether a straight line separates them (decided by a linear program)."""
    pair = iris_pair(seed, augment)
    originals = iris_pair(seed, "none")
    return {
        "n_train": len(pair.y),
        "n_class_0": int((pair.y == 0).sum()),
        "n_class_1": int((pair.y == 1).sum()),
        "n_test": len(pair.y_test),
        "separable": int(is_separable(pair.x, pair.y)),
        "originals_separable": int(is_separable(originals.x, originals.y)),
        "class_0": pair.x[pair.y == 0],
        "class_1": pair.x[pair.y == 1],
    }


def is_separable(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether a plane has all rows of class 0 on one side and all of class 1 on the other.

    It has if s (w x + b) >= 1 has a solution, where s is -1 or 1 by class.
    """
    from scipy.optimize import linprog

    sides = np.where(y > 0, 1.0, -1.0)[:, None]
    rows = -sides * np.column_stack([x - x.mean(axis=0), np.ones(len(x))])
    found = linprog(np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(len(x)), bounds=(None, None))
    return bool(found.status == 0)


@procedure("small-net", light=False)
def small_net(
    trained_by: str,
    epochs: int = 5000,
    hidden: Sequence[int] = (3, 2),
    augment: str = "printed",
    scaled: bool = False,
    *,
    seed: int,
) -> dict[str, Any]:
    """Train the net of 2-3-2-1 nodes, write its numbers to a plain file, and run them in a forward pass by hand.

    Parameters
    ----------
    trained_by : 'scikit-learn' or 'heldout'
        `MLPClassifier`, with one sigmoid output, or `NetClassifier`, with two outputs and a softmax.
    """
    pair = iris_pair(seed, augment, scaled)
    train = {"scikit-learn": _by_scikit_learn, "heldout": _by_heldout}[trained_by]
    weights, biases, theirs, n_epochs = train(pair, hidden, epochs, seed)
    weights, biases = _written_and_read(weights, biases)
    output = "softmax" if len(biases[-1]) == 2 else "sigmoid"
    a = forward(pair.x_test, weights, biases, ["sigmoid"] * len(hidden) + [output])[1][-1]
    ours = a[:, -1]
    right = (ours >= 0.5) == pair.y_test
    return {
        "accuracy": float(right.mean()),
        "highest_of_class_0": float(ours[pair.y_test == 0].max()),
        "lowest_of_class_1": float(ours[pair.y_test == 1].min()),
        "forward_gap": float(np.abs(ours - theirs).max()),
        "stalled": int(np.ptp(ours) < 0.01),
        "twins_gap": _twins_gap(pair.x_test, ours),
        "epochs": n_epochs,
        "probabilities": ours,
        "labels": pair.y_test,
    }


_Trained = tuple[list[np.ndarray], list[np.ndarray], np.ndarray, int]


def _by_scikit_learn(pair: Pair, hidden: Sequence[int], epochs: int, seed: int) -> _Trained:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier(tuple(hidden), activation="logistic", tol=1e-9, max_iter=epochs, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(pair.x, pair.y)
    weights = [w.T for w in net.coefs_]
    return weights, list(net.intercepts_), net.predict_proba(pair.x_test)[:, 1], net.n_iter_


def _by_heldout(pair: Pair, hidden: Sequence[int], epochs: int, seed: int) -> _Trained:
    from heldout.nets.classifier import NetClassifier

    net = NetClassifier(
        ", ".join(f"dense {n}, sigmoid" for n in hidden),
        batch=200,
        epochs=epochs,
        epsilon=1e-8,
        l2=0.0001 / 400,
        initializer="glorot-biases",
        device="cpu",
        threads=1,
        seed=seed,
    )
    net.fit(pair.x, pair.y)
    arrays = [np.asarray(values, float) for values in net.replicates_[0].values()]
    weights = [values for values in arrays if values.ndim == 2]
    biases = [values for values in arrays if values.ndim == 1]
    sizes = [2, *hidden, 2]
    weights = [w if w.shape == (b, a) else w.T for w, a, b in zip(weights, sizes, sizes[1:], strict=False)]
    return weights, biases, net.predict_proba(pair.x_test)[:, 1], epochs


def _written_and_read(weights: list[np.ndarray], biases: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Numbers as a file of plain arrays holds them, which no code can hide in."""
    file = io.BytesIO()
    np.savez(file, *weights, *biases)
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        arrays = [read[f"arr_{number}"] for number in range(len(weights) + len(biases))]
    return arrays[: len(weights)], arrays[len(weights) :]


def _twins_gap(x: np.ndarray, p: np.ndarray) -> float:
    """Largest difference of probability between rows with the same measurements."""
    _, group = np.unique(x, axis=0, return_inverse=True)
    return max(float(np.ptp(p[group == number])) for number in range(int(group.max()) + 1))
