"""Support vector machines whose kernel values come from one matrix product before libsvm starts.

libsvm computes a kernel value at a time when it needs it, and again for each pair of classes and each row to predict.
With some thousand wide rows one product of all rows is much cheaper, and libsvm then finds the same support vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted, validate_data

LEAST_ROWS, MOST_ROWS = 1_000, 12_000
"""Rows for which kernel values are made at once (12,000 take 1.2 GB); else libsvm makes them."""
ROWS_AT_ONCE = 2_000


class GramSVC(ClassifierMixin, BaseEstimator):
    """scikit-learn's ``SVC`` with kernel values by matrix products where that pays; its answers are those of ``SVC``.

    Parameters
    ----------
    C : float > 0, default=1.0
    kernel : {"rbf", "linear", "poly", "sigmoid"}, default="rbf"
        The last two are always left to libsvm.
    gamma : float > 0, "scale" or "auto", default="scale"
    """

    def __init__(self, C: float = 1.0, *, kernel: str = "rbf", gamma: Any = "scale") -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma

    def fit(self, X: Any, y: Any) -> GramSVC:
        """Fit on rows X (n_rows, n_features) and their classes y; errors are those of ``SVC``."""
        X, y = validate_data(self, X, y, dtype=np.float64, order="C")
        plain = SVC(C=self.C, kernel=self.kernel, gamma=self.gamma)
        self._is_made_here = self.kernel in ("rbf", "linear") and LEAST_ROWS <= len(X) <= MOST_ROWS
        if not self._is_made_here:
            self.machine_ = plain.fit(X, y)
        else:
            plain._validate_params()
            self._gamma = self._number(X) if self.kernel == "rbf" else None
            self.machine_ = SVC(C=self.C, kernel="precomputed").fit(_kernel(X, X, self._gamma), y)
            self._vectors = X[self.machine_.support_]
        self.classes_ = self.machine_.classes_
        return self

    def _number(self, X: np.ndarray) -> float:
        """Gamma as scikit-learn reads it."""
        if self.gamma == "scale":
            return float(1 / (X.shape[1] * (X.var() or 1 / X.shape[1])))
        return 1 / X.shape[1] if self.gamma == "auto" else float(self.gamma)

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores as ``SVC`` gives them, (n_rows,) for two classes, else (n_rows, n_classes)."""
        return self._by_machine(X, "decision_function")

    def predict(self, X: Any) -> np.ndarray:
        """The class with most votes of the machines between two classes; of equal ones, the first."""
        return self._by_machine(X, "predict")

    def _by_machine(self, X: Any, name: str) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, order="C", reset=False)
        method = getattr(self.machine_, name)
        if not self._is_made_here:
            return np.asarray(method(X))
        found = []
        for i in range(0, len(X), ROWS_AT_ONCE):
            rows = X[i : i + ROWS_AT_ONCE]
            values = np.zeros(
                (len(rows), self.machine_.shape_fit_[0])
            )  # libsvm reads the support vectors' columns only
            values[:, self.machine_.support_] = _kernel(rows, self._vectors, self._gamma)
            found.append(method(values))
        return np.concatenate(found)


def _kernel(a: np.ndarray, b: np.ndarray, gamma: float | None) -> np.ndarray:
    """exp(-gamma |a - b|²) of all pairs, or a·b if gamma is None."""
    found: np.ndarray = a @ b.T
    if gamma is None:
        return found
    found *= 2 * gamma
    found -= gamma * np.einsum("ij,ij->i", a, a)[:, None]
    found -= gamma * np.einsum("ij,ij->i", b, b)
    np.minimum(found, 0, out=found)
    return np.asarray(np.exp(found, out=found))
