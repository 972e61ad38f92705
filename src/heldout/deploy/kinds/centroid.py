"""Nearest centroids in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of
from heldout.deploy.rows import Features
from heldout.deploy.sums import log_softmax, pair_sums, squares


@dataclass(frozen=True)
class Centroids:
    """Discriminant scores ``2 log prior - distance²`` in units of the spread within classes (Hastie et al. 2009, 18.2).

    Attributes
    ----------
    centroids : float64 array, shape (n_features, n_classes)
        Divided by `spread`.
    spread : float64 array, shape (n_features,)
        1 where a feature has none.
    bonus : float64 array, shape (n_classes,)
        Twice the logarithm of the prior probability.
    """

    classes_: np.ndarray
    features: Features
    centroids: np.ndarray
    spread: np.ndarray
    bonus: np.ndarray

    def scores(self, x: Any) -> np.ndarray:
        """A score for each class, shape (n_rows, n_classes)."""
        rows = self.features.rows(x) / self.spread
        return np.asarray(self.bonus - pair_sums(rows, squares, self.centroids))

    def decision_function(self, x: Any) -> np.ndarray:
        """Scores; of two classes, the second's minus the first's, shape (n_rows,)."""
        scores = self.scores(x)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes)."""
        return np.exp(log_softmax(self.scores(x)))


def _write(model: Any) -> Parts:
    names = ("centroids", "class_prior", "within_class_std_dev", "deviations")
    arrays = {name: np.asarray(getattr(model, f"{name}_"), dtype=np.float64) for name in names}
    return Parts({"metric": model.metric} | features_of(model), arrays | {"classes": class_numbers(model)})


def _read(node: Node) -> Centroids:
    metric = node.choice("metric", ("euclidean", "manhattan"))
    node.check(metric == "euclidean", "centroids by the metric 'manhattan' give no probabilities")
    features = node.features()
    classes = node.classes()
    shape = (len(classes), features.n)
    centroids = node.array("centroids", "float64", shape)
    node.array("deviations", "float64", shape, finite=False)
    prior = node.array("class_prior", "float64", shape[:1], low=0, high=1)
    spread = node.array("within_class_std_dev", "float64", shape[1:], low=0)
    spread = np.where(spread == 0, 1.0, spread)
    with np.errstate(divide="ignore"):
        bonus = 2 * np.log(prior)
    return Centroids(classes, features, np.ascontiguousarray((centroids / spread).T), spread, bonus)


KINDS = (Kind("nearest-centroid", "sklearn.neighbors.NearestCentroid", _write, _read),)
