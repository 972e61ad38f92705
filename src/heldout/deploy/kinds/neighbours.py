"""Nearest neighbours in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, class_numbers, features_of, must
from heldout.deploy.private import training_rows
from heldout.deploy.rows import Features
from heldout.deploy.sums import ROOM, fold, pair_sums, squares

_METRICS = ("minkowski", "euclidean", "manhattan", "chebyshev")
_ALGORITHMS = ("auto", "brute", "kd_tree", "ball_tree")
_ROOM = 2**20
"""Distances that are held at a time."""
_LARGEST_GROUP = 32


@dataclass(frozen=True)
class Neighbours:
    """The classes of the nearest training rows; of equally near ones, the first.

    Attributes
    ----------
    rows : float64 array, shape (n_training, n_features)
    labels : int64 array, shape (n_training,)
        Positions in `classes_`.
    n_neighbours : int
    by_distance : bool
        Whether a neighbour counts by the inverse of its distance.
    power : float
        Of the Minkowski distance; infinite: the largest difference.
    """

    classes_: np.ndarray
    features: Features
    rows: np.ndarray
    labels: np.ndarray
    n_neighbours: int
    by_distance: bool
    power: float

    def predict_proba(self, x: Any) -> np.ndarray:
        """Shares of the classes among the neighbours, shape (n_rows, n_classes)."""
        asked = self.features.rows(x)
        together = max(1, _ROOM // len(self.rows))
        parts = [self._shares(asked[first : first + together]) for first in range(0, len(asked), together)]
        return np.concatenate([np.empty((0, len(self.classes_))), *parts])

    def _shares(self, asked: np.ndarray) -> np.ndarray:
        shares = np.zeros((len(asked), len(self.classes_)))
        distances, places = self._near_by_square(asked) if self.power == 2 else self._near(asked)
        weights = _inverse(distances) if self.by_distance else np.ones_like(distances)
        total = np.zeros(len(asked))
        every = np.arange(len(asked))
        for weight, place in zip(weights.T, places.T, strict=True):  # the nearest first
            shares[every, self.labels[place]] += weight
            total += weight
        return shares / total[:, np.newaxis]

    def _near(self, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances and places of the neighbours, (n_rows, n_neighbours), by every distance."""
        if np.isinf(self.power):
            distances = pair_sums(asked, _differences, self._by_feature, join=np.maximum)
        else:

            def powers(rows: np.ndarray, others: np.ndarray, out: np.ndarray) -> None:
                _differences(rows, others, out=out)
                if self.power != 1:
                    np.power(out, self.power, out=out)

            distances = pair_sums(asked, powers, self._by_feature)
            if self.power != 1:
                distances = distances ** (1 / self.power)
        places = np.argsort(distances, axis=1, kind="stable")[:, : self.n_neighbours]
        return np.take_along_axis(distances, places, axis=1), places

    def _near_by_square(self, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same for Euclidean distances, of which only those that may count are worked out.

        A matrix product gives every squared distance, less the size of the row, up to a known error. Of groups of
        training rows the smallest is taken: as many groups as neighbours are asked for have a smallest one up to some
        limit, so that nothing beyond the limit and twice the error can be a neighbour. The product decides nothing
        else.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            away = asked - self._centre
            about = np.column_stack([away, np.ones(len(away))]) @ self._weights
            sizes = np.sqrt(np.square(away).sum(axis=1))[:, np.newaxis]
            relative = 8 * (self.features.n + 8) * np.finfo(np.float64).eps
            error = relative * (sizes + self._reach) ** 2 + np.finfo(np.float64).tiny
            groups = about.reshape(len(about), -1, self._group)
            smallest = groups.min(axis=2)
            last = self.n_neighbours - 1
            limit = np.partition(smallest, last, axis=1)[:, last : last + 1] + 2 * error
            row, group = np.nonzero(~(smallest > limit))  # what overflowed may count, too
            which, place = np.nonzero(~(groups[row, group] > limit[row]))
        row, near = row[which], group[which] * self._group + place
        row, near = row[near < len(self.rows)], near[near < len(self.rows)]
        exact = self._distances(asked, row, near)
        order = np.lexsort((exact, row))  # by row, by distance, and then as they stand in training
        first = np.searchsorted(row, np.arange(len(asked)))
        taken = order[first[:, np.newaxis] + np.arange(self.n_neighbours)]
        return exact[taken], near[taken]

    def _distances(self, asked: np.ndarray, row: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Distances of pairs of an asked row and a training row."""
        distances = np.empty(len(row))
        together = max(1, ROOM // self.features.n)
        for first in range(0, len(row), together):
            pairs = slice(first, first + together)
            terms = np.empty((self.features.n, len(row[pairs])))
            squares(asked[row[pairs]].T, self.rows[near[pairs]].T, out=terms)
            distances[pairs] = np.sqrt(fold(terms))
        return distances

    @cached_property
    def _by_feature(self) -> np.ndarray:
        return np.ascontiguousarray(self.rows.T)

    @cached_property
    def _centre(self) -> np.ndarray:
        """Near the middle of the training rows: far from 0, squares would hide the differences."""
        return np.asarray(self.rows.mean(axis=0))

    @cached_property
    def _group(self) -> int:
        """Training rows of a group; there are at least as many groups as neighbours."""
        return max(1, min(_LARGEST_GROUP, len(self.rows) // self.n_neighbours))

    @cached_property
    def _weights(self) -> np.ndarray:
        """What a row and a 1 are multiplied with: -2 times each training row, and its size.

        The last row is repeated until its group is full; that is no nearer than the row itself.
        """
        centred = self.rows - self._centre
        weights = np.concatenate([-2 * centred.T, np.square(centred).sum(axis=1)[np.newaxis]])
        return np.pad(weights, ((0, 0), (0, -len(centred) % self._group)), mode="edge")

    @cached_property
    def _reach(self) -> float:
        return float(np.sqrt(np.square(self.rows - self._centre).sum(axis=1).max()))


def _differences(rows: np.ndarray, others: np.ndarray, out: np.ndarray) -> None:
    np.subtract(rows, others, out=out)
    np.abs(out, out=out)


def _inverse(distances: np.ndarray) -> np.ndarray:
    """Weights 1 / distance; rows at no distance at all are the only ones that count."""
    with np.errstate(divide="ignore"):
        weights = 1.0 / distances
    at_place = np.isinf(weights)
    alone = at_place.any(axis=1)
    weights[alone] = at_place[alone]
    return weights


def _write(model: Any) -> Parts:
    fix = "use metric='minkowski', 'euclidean', 'manhattan' or 'chebyshev', weights 'uniform' or 'distance'"
    must(model, model.metric in _METRICS, f"metric={model.metric!r}", fix)
    must(model, not model.metric_params, "metric_params", fix)
    must(model, model.weights in ("uniform", "distance"), f"weights={model.weights!r}", fix)
    rows, labels = training_rows(model)
    must(model, rows.dtype.name in FLOATS, f"rows of type {rows.dtype}", "fit it on float64 or float32 rows")
    params = {
        "n_neighbors": int(model.n_neighbors),
        "weights": model.weights,
        "algorithm": model.algorithm,
        "leaf_size": int(model.leaf_size),
        "p": float(model.p),
        "metric": model.metric,
    }
    arrays = {"rows": rows, "labels": labels, "classes": class_numbers(model)}
    return Parts(params | features_of(model), arrays)


def _read(node: Node) -> Neighbours:
    classes = node.classes()
    features = node.features()
    rows = node.array("rows", FLOATS, (None, features.n))
    labels = node.array("labels", "int64", (len(rows),), low=0, high=len(classes) - 1)
    node.check(len(np.unique(labels)) == len(classes), "a class has no rows")
    powers = {"minkowski": node.number("p", 1, 1000), "euclidean": 2.0, "manhattan": 1.0, "chebyshev": np.inf}
    n_neighbours = node.integer("n_neighbors", 1, len(rows))
    by_distance = node.choice("weights", ("uniform", "distance")) == "distance"
    # How scikit-learn looks for them changes nothing about who they are.
    node.choice("algorithm", _ALGORITHMS)
    node.integer("leaf_size", 1, 2**31 - 1)
    power = powers[node.choice("metric", _METRICS)]
    return Neighbours(classes, features, rows.astype(np.float64), labels, n_neighbours, by_distance, power)


KINDS = (Kind("k-nearest-neighbours", "sklearn.neighbors.KNeighborsClassifier", _write, _read),)
