"""Gaussian naive Bayes in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, class_numbers, features_of
from heldout.deploy.rows import Features
from heldout.deploy.sums import by_columns, pair_sums


@dataclass(frozen=True)
class GaussianBayes:
    """Independent normal distributions of the features within each class.

    Attributes
    ----------
    mean, variance : float64 arrays, shape (n_features, n_classes)
    constant : float64 array, shape (n_classes,)
        What of the log-likelihood does not depend on the row, with the log prior.
    single : bool
        Whether means are float32 in the file; probabilities of float32 rows are then float32, as scikit-learn's are.
    """

    classes_: np.ndarray
    features: Features
    mean: np.ndarray
    variance: np.ndarray
    constant: np.ndarray
    single: bool

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes)."""
        rows = self.features.rows(x, keep_single=self.single)
        away = pair_sums(rows.astype(np.float64, copy=False), _in_variances, self.mean, self.variance)
        joint = (self.constant - 0.5 * away).astype(rows.dtype, copy=False)
        # As scikit-learn: from the logarithm of all classes together, so that its rounding is the same.
        most = joint.max(axis=1)
        together = (most + np.log(by_columns(np.exp(joint - most[:, np.newaxis])))).astype(rows.dtype, copy=False)
        return np.asarray(np.exp(joint - together[:, np.newaxis]))


def _in_variances(rows: np.ndarray, mean: np.ndarray, variance: np.ndarray, out: np.ndarray) -> None:
    np.subtract(rows, mean, out=out)
    np.square(out, out=out)
    np.divide(out, variance, out=out)


def _write(model: Any) -> Parts:
    names = ("theta", "var", "class_prior", "class_count")
    arrays = {name: np.asarray(getattr(model, f"{name}_")) for name in names}
    params = {"epsilon": float(model.epsilon_)}
    return Parts(params | features_of(model), arrays | {"classes": class_numbers(model)})


def _read(node: Node) -> GaussianBayes:
    features = node.features()
    classes = node.classes()
    shape = (len(classes), features.n)
    mean = node.array("theta", FLOATS, shape)
    variance = node.array("var", FLOATS, shape, low=0)
    node.check(bool((variance > 0).all()), "var must be above 0")
    prior = node.array("class_prior", FLOATS, shape[:1], low=0, high=1)
    node.array("class_count", FLOATS, shape[:1], low=0)
    node.number("epsilon", 0)
    single = mean.dtype == np.float32
    mean, variance = (np.ascontiguousarray(array.T, dtype=np.float64) for array in (mean, variance))
    with np.errstate(divide="ignore"):
        constant = np.log(prior.astype(np.float64)) - 0.5 * np.log(2 * np.pi * variance).sum(axis=0)
    return GaussianBayes(classes, features, mean, variance, constant, single)


KINDS = (Kind("gaussian-naive-bayes", "sklearn.naive_bayes.GaussianNB", _write, _read),)
