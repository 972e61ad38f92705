"""Support vector machines with kernels in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of, must
from heldout.deploy.private import kernel_width
from heldout.deploy.rows import Features
from heldout.deploy.sums import pair_sums, products, squares

_KERNELS = ("linear", "poly", "rbf", "sigmoid")
_ROOM = 2**21
"""Values of the kernel that are held at a time."""


@dataclass(frozen=True)
class Kernel:
    """``x·v``, ``(gamma x·v + coef0)^degree``, ``exp(-gamma |x - v|²)`` or ``tanh(gamma x·v + coef0)``."""

    name: str
    gamma: float
    coef0: float
    degree: int

    def between(self, x: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Values for all rows and all vectors, (n_rows, n_vectors)."""
        if self.name == "rbf":
            return np.exp(-self.gamma * pair_sums(x, squares, np.ascontiguousarray(vectors.T)))
        found = products(x, vectors)
        if self.name == "linear":
            return found
        found = self.gamma * found + self.coef0
        return np.tanh(found) if self.name == "sigmoid" else found**self.degree


@dataclass(frozen=True)
class Machine:
    """A machine for each pair of classes, as libsvm trains them (Chang and Lin 2011, doi:10.1145/1961189.1961199).

    Attributes
    ----------
    vectors : float64 array, C order, shape (n_vectors, n_features)
        Those of the first class first.
    ends : tuple of int
        Where the vectors of each class end.
    weights : float64 array, shape (n_classes - 1, n_vectors)
        Of a vector of class i, row j - 1 counts against class j > i, and row j against class j < i.
    intercept : float64 array, shape (n_classes * (n_classes - 1) / 2,)
        Of the pairs (0, 1), (0, 2), ...
    by_class : bool
        Whether a score is given for each class, from the votes of the pairs, or one for each pair.
    """

    classes_: np.ndarray
    features: Features
    kernel: Kernel
    vectors: np.ndarray
    ends: tuple[int, ...]
    weights: np.ndarray
    intercept: np.ndarray
    by_class: bool

    def decision_function(self, x: Any) -> np.ndarray:
        """Scores, shape (n_rows,) for two classes, else (n_rows, n_classes) or (n_rows, n_pairs)."""
        rows = self.features.rows(x)
        together = max(1, _ROOM // len(self.vectors))
        parts = [self._pairs(rows[first : first + together]) for first in range(0, len(rows), together)]
        pairs = np.concatenate([np.empty((0, len(self.intercept))), *parts])
        if len(self.classes_) == 2:
            return -pairs[:, 0]
        return self._votes(pairs) if self.by_class else pairs

    def _pairs(self, rows: np.ndarray) -> np.ndarray:
        """How far each row is on the side of the first class of each pair."""
        values = self.kernel.between(rows, self.vectors)
        starts = (0, *self.ends[:-1])
        of_class = [
            products(np.ascontiguousarray(values[:, start:end]), np.ascontiguousarray(self.weights[:, start:end]))
            for start, end in zip(starts, self.ends, strict=True)
        ]
        pairs = combinations(range(len(self.classes_)), 2)
        return np.column_stack([of_class[i][:, j - 1] + of_class[j][:, i] for i, j in pairs]) + self.intercept

    def _votes(self, pairs: np.ndarray) -> np.ndarray:
        """Pairs won by each class, and within a third of a vote how clearly."""
        votes, clearly = (np.zeros((len(pairs), len(self.classes_))) for _ in range(2))
        for value, (i, j) in zip(pairs.T, combinations(range(len(self.classes_)), 2), strict=True):
            second = value < 0
            votes[:, i] += ~second
            votes[:, j] += second
            clearly[:, i] += value
            clearly[:, j] -= value
        return votes + clearly / (3 * (np.abs(clearly) + 1))


def _write(model: Any) -> Parts:
    must(
        model,
        model.probability is False or model.probability == "deprecated",
        "probability=True",
        "fit SVC without it and wrap it in heldout.models.calibrated.SoftmaxCalibrated",
    )
    must(model, model.kernel in _KERNELS, f"kernel={model.kernel!r}", f"use one of {', '.join(_KERNELS)}")
    must(model, isinstance(model.support_vectors_, np.ndarray), "sparse rows", "fit it on a dense array")
    params = {
        "kernel": model.kernel,
        "degree": int(model.degree),
        "coef0": float(model.coef0),
        "gamma": kernel_width(model),
        "decision_function_shape": model.decision_function_shape,
        "break_ties": bool(model.break_ties),
        "n_rows": int(model.shape_fit_[0]),
    }
    # The file has libsvm's signs; scikit-learn shows the other ones for two classes.
    sign = -1.0 if len(model.classes_) == 2 else 1.0
    arrays: dict[str, np.ndarray] = {
        "support": np.asarray(model.support_, dtype=np.int32),
        "support_vectors": np.asarray(model.support_vectors_, dtype=np.float64),
        "n_support": np.asarray(model.n_support_, dtype=np.int32),
        "dual_coef": sign * np.asarray(model.dual_coef_, dtype=np.float64),
        "intercept": sign * np.asarray(model.intercept_, dtype=np.float64),
        "classes": class_numbers(model),
    }
    return Parts(params | features_of(model), arrays)


def _read(node: Node) -> Machine:
    kernel = Kernel(
        node.choice("kernel", _KERNELS),
        node.number("gamma", 0),
        node.number("coef0"),
        node.integer("degree", 0, 1000),
    )
    by_class = node.choice("decision_function_shape", ("ovr", "ovo")) == "ovr"
    # It decides what `predict` does, and a bundle decides by probabilities.
    node.check(not node.flag("break_ties") or by_class, "break_ties goes with ovr only")
    features = node.features()
    n_rows = node.integer("n_rows", 1, 2**31 - 1)
    classes = node.classes()
    n_classes = len(classes)
    node.check(n_classes >= 2, "at least two classes are needed")
    vectors = node.array("support_vectors", "float64", (None, features.n))
    counts = node.array("n_support", "int32", (n_classes,), low=0, high=len(vectors))
    node.check(int(counts.sum(dtype=np.int64)) == len(vectors), "n_support does not add up")
    node.array("support", "int32", (len(vectors),), low=0, high=n_rows - 1)
    weights = node.array("dual_coef", "float64", (n_classes - 1, len(vectors)))
    intercept = node.array("intercept", "float64", (n_classes * (n_classes - 1) // 2,))
    ends = tuple(int(end) for end in np.cumsum(counts))
    return Machine(classes, features, kernel, np.ascontiguousarray(vectors), ends, weights, intercept, by_class)


KINDS = (Kind("svm", "sklearn.svm.SVC", _write, _read),)
