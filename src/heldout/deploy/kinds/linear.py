"""Linear classifiers in a bundle: logistic regression and linear support vector machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.special import expit

from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, class_numbers, features_of
from heldout.deploy.rows import Features
from heldout.deploy.sums import products
from heldout.models.calibrated import softmax_by_columns


@dataclass(frozen=True)
class Linear:
    """``x @ weights.T + intercept``, one row of weights for two classes, else one for each.

    `single`: whether weights are float32 in the file; scores and probabilities of float32 rows are then float32, as
    scikit-learn's are.
    """

    classes_: np.ndarray
    features: Features
    weights: np.ndarray
    intercept: np.ndarray
    single: bool

    def decision_function(self, x: Any) -> np.ndarray:
        """Scores, shape (n_rows,) for two classes, else (n_rows, n_classes)."""
        rows = self.features.rows(x, keep_single=self.single)
        scores = products(rows.astype(np.float64, copy=False), self.weights) + self.intercept
        scores = scores.astype(rows.dtype, copy=False)
        return scores[:, 0] if len(self.classes_) == 2 else scores


class Logistic(Linear):
    """Its scores are logarithms of odds."""

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes)."""
        scores = self.decision_function(x)
        if scores.ndim == 2:
            return softmax_by_columns(scores).astype(scores.dtype, copy=False)
        second = expit(scores)
        return np.column_stack([1 - second, second])


def _write(model: Any) -> Parts:
    arrays = {"coef": np.asarray(model.coef_), "classes": class_numbers(model)}
    arrays["intercept"] = np.atleast_1d(np.asarray(model.intercept_)).astype(arrays["coef"].dtype, copy=False)
    return Parts(features_of(model), arrays)


Form = TypeVar("Form", bound=Linear)


def _read(node: Node, form: type[Form]) -> Form:
    features = node.features()
    classes = node.classes()
    n_classes = len(classes)
    node.check(n_classes >= 2, "at least two classes are needed")
    n_planes = 1 if n_classes == 2 else n_classes
    weights = node.array("coef", FLOATS, (n_planes, features.n))
    intercept = node.array("intercept", weights.dtype.name, (n_planes,))
    single = weights.dtype == np.float32
    weights = np.ascontiguousarray(weights, dtype=np.float64)
    return form(classes, features, weights, intercept.astype(np.float64), single)


def _read_machine(node: Node) -> Linear:
    return _read(node, Linear)


def _read_logistic(node: Node) -> Logistic:
    return _read(node, Logistic)


KINDS = (
    Kind("logistic-regression", "sklearn.linear_model.LogisticRegression", _write, _read_logistic),
    Kind("linear-svm", "sklearn.svm.LinearSVC", _write, _read_machine),
    Kind("newton-svm", "heldout.models.linear_svm.LinearSVM", _write, _read_machine),
)
