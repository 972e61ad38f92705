"""MNIST digits as pictures, and how models fare on their principal components."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from heldout_course.experiments.procedures import procedure


def mnist_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test pixels (uint8, shape (n, 784)) and labels."""
    from heldout_course.experiments.data import DataSpec
    from heldout_course.experiments.features import values_of
    from heldout_course.experiments.rows import find_rows

    spec = DataSpec(name="mnist")
    rows = find_rows(spec, 0)
    (train, test), *_ = rows.pairs
    return (
        values_of(rows, spec, train, np.uint8),
        rows.y[train],
        values_of(rows, spec, test, np.uint8),
        rows.y[test],
    )


@procedure("digit-pictures", light=False)
def digit_pictures(way: str, shown: int = 6) -> dict[str, Any]:
    """The first test digits as they are, scaled, standardized or scrambled, converted to bytes to be looked at.

    `neighbours_alike` is the mean correlation of a pixel with the one to its right over 1,000 test digits, among the
    pixels that vary; `picture_gap` the largest difference of a shown byte from the digit as it is.
    """
    from heldout.data.variants import scramble_order

    train, _, test, labels = mnist_rows()
    x = test[:1000].astype(np.float64)
    if way == "scaled":
        x = x / 256
    elif way == "standardized":
        mean, std = train.mean(axis=0), train.std(axis=0)
        x = (x - mean) / np.where(std == 0, 1.0, std)
    elif way == "scrambled":
        x = x[:, scramble_order(784)]
    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    bytes_shown = np.round(255 * (x - low) / (high - low))
    plain = test[:1000].astype(np.float64)
    plain = np.round(255 * plain / plain.max(axis=1, keepdims=True))
    return {
        "picture_gap": float(np.abs(bytes_shown - plain)[:shown].max()),
        "neighbours_alike": _neighbours_alike(x.reshape(-1, 28, 28)),
        "pictures": bytes_shown[:shown].reshape(-1, 28, 28).astype(int),
        "labels": labels[:shown],
    }


def _neighbours_alike(images: np.ndarray) -> float:
    left, right = images[:, :, :-1].reshape(len(images), -1), images[:, :, 1:].reshape(len(images), -1)
    varies = (left.std(axis=0) > 1e-6) & (right.std(axis=0) > 1e-6)
    a, b = left[:, varies] - left[:, varies].mean(axis=0), right[:, varies] - right[:, varies].mean(axis=0)
    return float(((a * b).mean(axis=0) / (a.std(axis=0) * b.std(axis=0))).mean())


class _Scores(NamedTuple):
    """Rows along all principal components of the standardized training pixels, and each one's share of the variance."""

    train: np.ndarray
    y: np.ndarray
    test: np.ndarray
    y_test: np.ndarray
    share: np.ndarray
    vectors: np.ndarray


@lru_cache(maxsize=2)
def _along_components(rows: int, judge: str) -> _Scores:
    """Exact principal components of the first `rows` training rows, of which a sixth judges if not the test rows do."""
    x, y, x_test, y_test = mnist_rows()
    x, y = x[:rows], y[:rows]
    if judge == "validation":
        kept = rows - rows // 6
        x, y, x_test, y_test = x[:kept], y[:kept], x[kept:], y[kept:]
    x, x_test = x.astype(np.float64), x_test.astype(np.float64)
    mean, std = x.mean(axis=0), x.std(axis=0)
    std[std == 0] = 1.0
    x, x_test = (x - mean) / std, (x_test - mean) / std
    variances, vectors = np.linalg.eigh(x.T @ x / len(x))
    vectors = np.ascontiguousarray(vectors[:, ::-1])
    return _Scores(x @ vectors, y, x_test @ vectors, y_test, variances[::-1] / variances.sum(), vectors)


@procedure("on-components", light=False)
def on_components(classifier: str, components: int, rows: int = 60_000, judge: str = "test") -> dict[str, Any]:
    """A model on a number of principal components of standardized MNIST (0: on the pixels themselves).

    Parameters
    ----------
    classifier : 'naive Bayes' or 'linear SVM'
        The SVM with C = 1, at its optimum.
    rows : int
        Training rows, from the first.
    judge : 'test' or 'validation'
        Which rows score: the test part, or the last sixth of the training rows, on which nothing is fitted then.
    """
    from sklearn.naive_bayes import GaussianNB

    from heldout.models.linear_svm import LinearSVM

    return _scored(GaussianNB() if classifier == "naive Bayes" else LinearSVM(C=1.0), components, rows, judge)


@procedure("forest-on-components", light=False)
def forest_on_components(
    components: int, rows: int = 60_000, judge: str = "test", trees: int = 50, *, seed: int
) -> dict[str, Any]:
    """A forest on a number of principal components of standardized MNIST, as `on_components`."""
    from sklearn.ensemble import RandomForestClassifier

    return _scored(RandomForestClassifier(trees, random_state=seed), components, rows, judge)


def _scored(model: Any, components: int, rows: int, judge: str) -> dict[str, Any]:
    found = _along_components(rows, judge)
    parts = [found.train, found.test]
    parts = [np.ascontiguousarray(p[:, :components] if components else p @ found.vectors.T) for p in parts]
    began = time.perf_counter()
    model.fit(parts[0], found.y)
    seconds = time.perf_counter() - began
    right = model.predict(parts[1]) == found.y_test
    share = float(found.share[: components or None].sum())
    return {"accuracy": float(right.mean()), "variance": share, "fit_seconds": seconds}
