"""Nearest centroid, k nearest neighbours and Gaussian naive Bayes over all folds of all repeats at once.

These models are sums over rows, so the model of every fold follows from each fold's own sums in a few matrix products.
The answers are those of scikit-learn's classes fitted fold by fold.

`parts` is an int array (n_repeats, n_rows): the fold in which a row is predicted; rows of -1 take no part in a repeat.
`y` holds class numbers from 0. Predictions have the shape of `parts`, with -1 where it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.errors import SettingError

REPEATS_AT_ONCE = 100


def shuffled_folds(n_rows: int, *, n_folds: int, repeats: int, seed: int) -> np.ndarray:
    """Folds of equal size of one shuffle for each repeat, neither stratified nor grouped, as the course draws them.

    Returns
    -------
    int16 array, shape (repeats, n_rows)
        -1 for the last ``n_rows % n_folds`` rows of each shuffle, which are left out.

    Raises
    ------
    SettingError
        If there are fewer rows than folds, or fewer than 2 folds.
    """
    if not 2 <= n_folds <= n_rows or repeats < 1:
        raise SettingError(f"Cannot draw {n_folds} folds of {n_rows} rows {repeats} times", fix="n_folds=5, repeats=10")
    random = np.random.default_rng(seed)
    size = n_rows // n_folds
    parts = np.full((repeats, n_rows), -1, np.int16)
    for part in parts:
        part[random.permutation(n_rows)[: size * n_folds]] = np.repeat(np.arange(n_folds), size)
    return parts


@dataclass(frozen=True)
class _Sums:
    """Of the training rows of each repeat and fold: rows and sums by class, (repeats, folds, classes[, features])."""

    n: np.ndarray
    sum: np.ndarray
    square: np.ndarray

    @property
    def scale(self) -> np.ndarray:
        """Standard deviation of each feature over all classes, (repeats, folds, features); 1 where it is 0."""
        n = self.n.sum(2)[..., None]
        mean = self.sum.sum(2) / n
        found = np.sqrt(np.maximum(self.square.sum(2) / n - mean**2, 0))
        return np.where(found > 1e-12, found, 1.0)


def _training_sums(x: np.ndarray, y: np.ndarray, parts: np.ndarray) -> _Sums:
    n_folds, n_classes = int(parts.max()) + 1, int(y.max()) + 1
    both = np.concatenate([x, x**2, np.ones((len(x), 1))], axis=1)
    inside = np.empty((len(parts), n_folds, n_classes, both.shape[1]))
    for fold in range(n_folds):
        member = (parts == fold).astype(float)
        for c in range(n_classes):
            inside[:, fold, c] = member[:, y == c] @ both[y == c]
    outside = inside.sum(1, keepdims=True) - inside
    d = x.shape[1]
    n = outside[..., -1]
    if (n < 1).any():
        raise SettingError("The training rows of a fold lack a class", fix="use fewer folds, or stratified ones")
    return _Sums(n, outside[..., :d], outside[..., d : 2 * d])


def _centred(x: np.ndarray) -> np.ndarray:
    """Features around 0 with spread 1: changes no answer here, and keeps sums of squares exact."""
    scale = x.std(0)
    return np.asarray((x - x.mean(0)) / np.where(scale > 0, scale, 1.0))


def _best(scores: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Of scores (repeats, folds, rows, classes), the best class of each row in its own fold."""
    found = scores.argmax(3)
    own = np.take_along_axis(found, np.maximum(parts, 0)[:, None, :].astype(np.int64), axis=1)[:, 0]
    return np.where(parts >= 0, own, -1)


def nearest_centroid(x: np.ndarray, y: np.ndarray, parts: np.ndarray, *, standardize: bool = False) -> np.ndarray:
    """The class with the nearest mean; with `standardize`, in units of the training rows' standard deviations."""
    z = x.astype(float) if not standardize else _centred(x)
    found = []
    for chunk in _chunks(parts):
        sums = _training_sums(z, y, chunk)
        mean = sums.sum / sums.n[..., None]
        weight = 1 / sums.scale**2 if standardize else np.ones_like(mean[:, :, 0])
        slope = mean * weight[:, :, None]  # of -distance² / 2, less what all classes share
        scores = np.einsum("rfcd,nd->rfnc", slope, z, optimize=True) - 0.5 * (slope * mean).sum(3)[:, :, None]
        found.append(_best(scores, chunk))
    return np.concatenate(found)


def naive_bayes(
    x: np.ndarray, y: np.ndarray, parts: np.ndarray, *, standardize: bool = False, var_smoothing: float = 1e-9
) -> np.ndarray:
    """The class with the largest posterior under independent Gaussians.

    `var_smoothing` times the largest variance of a feature is added to all variances, as scikit-learn does; with
    `standardize` that variance is 1.
    """
    z = _centred(x)
    unit = x.std(0)
    unit = np.where(unit > 0, unit, 1.0)
    found = []
    for chunk in _chunks(parts):
        sums = _training_sums(z, y, chunk)
        mean = sums.sum / sums.n[..., None]
        variance = np.maximum(sums.square / sums.n[..., None] - mean**2, 0)
        scale = sums.scale[:, :, None]
        if standardize:
            variance = variance + var_smoothing * scale**2
        else:
            largest = ((scale * unit) ** 2).max(3, keepdims=True)
            variance = variance + var_smoothing * largest / unit**2
        share = np.log(sums.n / sums.n.sum(2, keepdims=True))
        constant = share - 0.5 * (np.log(variance) + mean**2 / variance).sum(3)
        scores = np.einsum("rfcd,nd->rfnc", mean / variance, z, optimize=True)
        scores -= np.einsum("rfcd,nd->rfnc", 0.5 / variance, z**2, optimize=True)
        found.append(_best(scores + constant[:, :, None], chunk))
    return np.concatenate(found)


def nearest_neighbours(
    x: np.ndarray, y: np.ndarray, parts: np.ndarray, *, k: int, standardize: bool = False
) -> np.ndarray:
    """The most frequent class among the k nearest training rows; of equally frequent ones, the first.

    Raises
    ------
    SettingError
        If a fold has fewer than k training rows.
    """
    least = min(int((part >= 0).sum() - np.bincount(part[part >= 0]).max()) for part in parts)
    if not 1 <= k <= least:
        raise SettingError(f"k = {k}, and a fold has {least} training rows", fix=f"k from 1 to {least}")
    if standardize:
        return _neighbours_by_fold(_centred(x), y, parts, k)
    few = _nearest(x.astype(float), min(4 * k + 12, len(x) - 1))
    everyone: np.ndarray | None = None
    found = []
    for part in parts:
        votes = _vote(few, y, part, k)
        if votes is None:  # more of a row's neighbours are in its own fold than were looked through
            everyone = _nearest(x.astype(float), len(x) - 1) if everyone is None else everyone
            votes = _vote(everyone, y, part, k)
        assert votes is not None, "every fold has k training rows"
        found.append(votes)
    return np.stack(found)


def _nearest(z: np.ndarray, width: int) -> np.ndarray:
    """The nearest other rows of each row, nearest first, (n_rows, width)."""
    distance = (z**2).sum(1) - 2 * z @ z.T
    np.fill_diagonal(distance, np.inf)
    near = np.argpartition(distance, width - 1, axis=1)[:, :width]
    order = np.argsort(np.take_along_axis(distance, near, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(near, order, axis=1))


def _vote(order: np.ndarray, y: np.ndarray, part: np.ndarray, k: int) -> np.ndarray | None:
    """Votes of each row's k nearest rows that are in another fold of this repeat; None if there are too few."""
    fold = part[order]
    other = (fold >= 0) & (fold != part[:, None])
    rank = other.cumsum(1, dtype=np.int32)
    if (rank[:, -1] < k).any():
        return None
    counts = other & (rank <= k)
    labels = y[order]
    votes = np.stack([(counts & (labels == c)).sum(1) for c in range(int(y.max()) + 1)], axis=1)
    return np.where(part >= 0, votes.argmax(1), -1)


def _neighbours_by_fold(z: np.ndarray, y: np.ndarray, parts: np.ndarray, k: int) -> np.ndarray:
    """As `nearest_neighbours`, where distances differ from fold to fold."""
    n_classes = int(y.max()) + 1
    found = np.full(parts.shape, -1, np.int64)
    for row, part in enumerate(parts):
        for fold in range(int(part.max()) + 1):
            train, test = np.flatnonzero((part >= 0) & (part != fold)), np.flatnonzero(part == fold)
            scale = z[train].std(0)
            scale = np.where(scale > 1e-12, scale, 1.0)
            a, b = z[test] / scale, z[train] / scale
            distance = (b**2).sum(1) - 2 * a @ b.T
            near = np.argpartition(distance, k - 1, axis=1)[:, :k]
            labels = y[train][near]
            votes = np.stack([(labels == c).sum(1) for c in range(n_classes)], axis=1)
            found[row, test] = votes.argmax(1)
    return found


def _chunks(parts: np.ndarray) -> list[np.ndarray]:
    return [parts[i : i + REPEATS_AT_ONCE] for i in range(0, len(parts), REPEATS_AT_ONCE)]


@dataclass(frozen=True)
class ClosedForm:
    """A model that goes over all folds at once: `predict` takes x, y, parts, ``standardize`` and its own parameters."""

    predict: Callable[..., np.ndarray]
    defaults: Mapping[str, Any] = field(default_factory=dict)


CLOSED_FORMS: Mapping[str, ClosedForm] = {
    "nearest-centroid": ClosedForm(nearest_centroid),
    "k-nn": ClosedForm(nearest_neighbours, {"k": 5}),
    "naive-bayes": ClosedForm(naive_bayes, {"var_smoothing": 1e-9}),
}
"""By the names and parameters of recipes."""
