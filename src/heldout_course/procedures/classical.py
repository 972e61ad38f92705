"""Nearest centroid by hand, one generator for a whole script, and the search for C and gamma."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure


def _split(name: str, n_train: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Training and test rows of a table in a random order: x, y, x_test, y_test."""
    from heldout.kinds.loading import load

    data = load(name)
    x, order = data.x.to_numpy(float), random.permutation(len(data))
    train, test = order[:n_train], order[n_train:]
    return x[train], data.y[train], x[test], data.y[test]


@procedure("centroids-by-hand")
def centroids_by_hand(*, seed: int) -> dict[str, Any]:
    """Nearest centroid on iris by hand and by scikit-learn, and the answers of squared distances."""
    from sklearn.neighbors import NearestCentroid as TheirCentroid

    from heldout_course.scratch.nearest_centroid import NearestCentroid

    x, y, x_test, y_test = _split("iris", 120, np.random.default_rng([seed, 7]))
    ours, theirs = NearestCentroid().fit(x, y), TheirCentroid().fit(x, y)
    answers = ours.predict(x_test)
    squared = ((x_test[:, None] - ours.centroids_) ** 2).sum(axis=2).argmin(axis=1)
    return {
        "accuracy": float((answers == y_test).mean()),
        "accuracy_of_toolkit": float((theirs.predict(x_test) == y_test).mean()),
        "answers_that_differ": int((answers != theirs.predict(x_test)).sum()),
        "centroid_gap": float(np.abs(ours.centroids_ - theirs.centroids_).max()),
        "changed_without_root": int((ours.classes_[squared] != answers).sum()),
    }


@procedure("one-generator", light=False)
def one_generator(streams: str, model: str) -> dict[str, Any]:
    """What happens to a model's answers when the same script is run twice, and when it draws once more before.

    Parameters
    ----------
    streams : 'shared', 'reseeded' or 'separate'
        One generator of seed 12345 for shuffle and model; the same, but with a new seed after the shuffle, another at
        each run; or one generator each for shuffle and model, both with fixed seeds.
    model : 'centroid', 'tree' or 'forest'
    """
    first, again = (_answers(streams, model, run, extra=0) for run in (1, 2))
    extra = _answers(streams, model, 1, extra=1)
    return {
        "same_again": int(np.array_equal(first, again)),
        "same_after_a_draw_more": int(np.array_equal(first, extra)),
        "answers_changed": int((first != again).sum()),
    }


def _answers(streams: str, model: str, run: int, extra: int) -> np.ndarray:
    """Answers on 114 test rows; `extra` draws are made between the shuffle and the model."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import NearestCentroid
    from sklearn.tree import DecisionTreeClassifier

    from heldout.kinds.loading import load

    data = load("breast-cancer")
    x = data.x.to_numpy(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    shared = np.random.RandomState(12345)
    order = shared.permutation(len(x))
    shared.random_sample(extra)
    state: Any = {"shared": shared, "reseeded": 1000 + run, "separate": 54321}[streams]
    made = {
        "centroid": NearestCentroid,
        "tree": lambda: DecisionTreeClassifier(random_state=state),
        "forest": lambda: RandomForestClassifier(5, random_state=state),
    }[model]()
    train, test = order[:455], order[455:]
    return np.asarray(made.fit(x[train], data.y[train]).predict(x[test]))


C_VALUES = (0.01, 0.1, 1.0, 2.0, 10.0, 50.0, 100.0)
GAMMAS = tuple(2.0**power / 30 for power in range(-4, 4))


@procedure("svm-grid", light=False)
def svm_grid(nested: bool = False, folds: int = 5, *, seed: int) -> dict[str, Any]:
    """Search C and gamma of an RBF SVM on breast cancer by the mean accuracy of folds; of ties the first is kept.

    Parameters
    ----------
    nested : bool
        Search within the training rows of each of five outer folds (by class, scaled by training rows), and score the
        chosen pair on rows that the search has not seen. Otherwise as published: all rows scaled together, one shuffle
        cut into equal folds, and the score of the best pair reported.
    """
    from heldout.kinds.loading import load

    data = load("breast-cancer")
    x, y = data.x.to_numpy(float), np.asarray(data.y)
    random = np.random.default_rng([seed, 79])
    if nested:
        return _nested(x, y, folds, random)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    size = len(x) // folds
    parts = random.permutation(len(x))[: folds * size].reshape(folds, size)
    pairs = [(np.concatenate(np.delete(parts, k, axis=0)), parts[k]) for k in range(folds)]
    return _best(_search(x, y, pairs))


def _best(scores: np.ndarray) -> dict[str, Any]:
    """The best cell of a grid, shape (C, gamma)."""
    c, gamma = np.unravel_index(scores.argmax(), scores.shape)
    return {
        "accuracy": float(scores.max()),
        "C": C_VALUES[c],
        "gamma": GAMMAS[gamma],
        "is_chosen": int(C_VALUES[c] == 10 and gamma == 1),
        "cells": scores.size,
        "ties": int((scores == scores.max()).sum()),
        "within_a_row": int((scores > scores.max() - 1 / 113).sum()),
        "scores": scores,
        "C_values": C_VALUES,
        "gammas": GAMMAS,
    }


def _search(x: np.ndarray, y: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Mean accuracy of each cell over pairs of training and test rows; squared distances are computed once."""
    from sklearn.svm import SVC

    square = (x**2).sum(axis=1)
    distances = np.maximum(square[:, None] + square - 2 * x @ x.T, 0)
    scores = np.zeros((len(C_VALUES), len(GAMMAS)))
    for number, gamma in enumerate(GAMMAS):
        kernel = np.exp(-gamma * distances)
        for (place, c), (train, test) in product(enumerate(C_VALUES), pairs):
            net = SVC(C=c, kernel="precomputed").fit(kernel[np.ix_(train, train)], y[train])
            scores[place, number] += (net.predict(kernel[np.ix_(test, train)]) == y[test]).mean() / len(pairs)
    return np.round(scores, 12)


def _nested(x: np.ndarray, y: np.ndarray, folds: int, random: np.random.Generator) -> dict[str, Any]:
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    cut = StratifiedKFold(folds, shuffle=True, random_state=int(random.integers(2**31)))
    outer, inner = [], []
    for train, test in cut.split(x, y):
        mean, std = x[train].mean(axis=0), x[train].std(axis=0)
        scaled = (x - mean) / std
        found = _best(_search(scaled[train], y[train], list(cut.split(train, y[train]))))
        net = SVC(C=found["C"], gamma=found["gamma"]).fit(scaled[train], y[train])
        outer.append(float((net.predict(scaled[test]) == y[test]).mean()))
        inner.append(found)
    names = ("C", "gamma", "is_chosen", "ties", "within_a_row")
    means = {name: float(np.mean([one[name] for one in inner])) for name in names}
    return {
        "accuracy": float(np.mean(outer)),
        "accuracy_of_search": float(np.mean([i["accuracy"] for i in inner])),
        **means,
    }
