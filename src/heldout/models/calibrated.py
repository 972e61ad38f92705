"""Probabilities for classifiers that only give decision values (support vector machines)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from heldout.errors import DataError, SettingError, ShapeError

_SMALLEST_SLOPE = 1e-6  # of standardised scores: nearly flat, yet the order of the scores stays


class SoftmaxCalibrated(ClassifierMixin, BaseEstimator):
    """Turn a fitted estimator's decision values d into probabilities.

    Two classes: sigmoid(slope * d + intercept) (Platt 1999). More classes: softmax(slope * d), one slope (an
    inverse temperature) for all (Guo et al. 2017, section 4.2), so that the most probable class is the
    estimator's own decision. With two classes the intercept may move the threshold: `predict` gives the
    most probable class, which may then differ from the wrapped estimator's decision.

    Parameters
    ----------
    estimator : classifier, already fitted
        With ``decision_function`` of shape (n,) or (n, n_classes). For SVC use
        ``decision_function_shape="ovr", break_ties=True``.
    slope : float > 0
    intercept : float
        Two classes only.

    References
    ----------
    Platt 1999, Probabilistic outputs for support vector machines; Lin, Lin and Weng 2007,
    doi:10.1007/s10994-007-5018-6; Guo et al. 2017, doi:10.48550/arXiv.1706.04599.
    """

    def __init__(self, estimator: Any = None, slope: float = 1.0, intercept: float = 0.0) -> None:
        self.estimator = estimator
        self.slope = slope
        self.intercept = intercept

    @classmethod
    def from_out_of_fold(cls, estimator: Any, scores: np.ndarray, y: np.ndarray) -> SoftmaxCalibrated:
        """Fit slope and intercept on decision values of rows that the scoring model was not trained on.

        Parameters
        ----------
        estimator : classifier
            Fitted on all training rows; it will make the decisions.
        scores : array, shape (n,) for two classes, else (n, n_classes)
            Out-of-fold decision values; columns in the order of ``estimator.classes_``.
        y : array, shape (n,)
            True classes, values of ``estimator.classes_``.

        Raises
        ------
        ShapeError
            If scores, labels and classes do not fit together.
        DataError
            If a score is not finite, or a label is none of the classes.
        """
        classes = np.asarray(estimator.classes_)
        scores, column = _checked(np.asarray(scores, dtype=np.float64), np.asarray(y), classes)
        scale = float(scores.std()) or 1.0
        if scores.ndim == 1:
            slope, intercept = _fit_sigmoid(scores / scale, column)
        else:
            slope, intercept = _fit_temperature(scores / scale, column), 0.0
        return cls(estimator, slope / scale, intercept)

    def fit(self, X: Any, y: Any) -> SoftmaxCalibrated:
        """Refuse: out-of-fold scores come from folds that this class cannot know.

        Raises
        ------
        SettingError
            Always.
        """
        raise SettingError(
            "SoftmaxCalibrated cannot be fitted on rows: its scores come from folds that keep groups whole",
            fix="SoftmaxCalibrated.from_out_of_fold(fitted_estimator, out_of_fold_scores, y)",
        )

    @property
    def classes_(self) -> np.ndarray:
        """Classes in the order of the probability columns."""
        return self.estimator.classes_

    @property
    def n_features_in_(self) -> int:
        """Number of features of the wrapped estimator."""
        return self.estimator.n_features_in_

    def decision_function(self, X: Any) -> np.ndarray:
        """The wrapped estimator's decision values."""
        return self.estimator.decision_function(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, float64, shape (n_rows, n_classes); each row sums to 1."""
        return self.probabilities(self.estimator.decision_function(X))

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Turn decision values, (n,) or (n, n_classes), into probabilities, (n, n_classes)."""
        scores = np.asarray(scores, dtype=np.float64)
        if scores.ndim == 1:
            logit = self.slope * scores + self.intercept
            return np.column_stack([expit(-logit), expit(logit)])
        return softmax_by_columns(self.slope * scores)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self.estimator, "classes_")


def softmax_by_columns(logits: np.ndarray) -> np.ndarray:
    """Softmax of each row, summed class after class, so that a row's bits do not depend on the other rows."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    total = np.zeros(len(shares))
    for column in shares.T:
        total += column
    return shares / total[:, None]


def _checked(scores: np.ndarray, y: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and, for each row, the column of its class."""
    wanted = (len(y),) if len(classes) == 2 else (len(y), len(classes))
    if scores.shape != wanted or len(y) == 0:
        raise ShapeError(
            f"decision values of shape {scores.shape} for {len(y)} labels and {len(classes)} classes; "
            f"expected {wanted} and at least one row",
            fix='for SVC use decision_function_shape="ovr"',
        )
    if not np.isfinite(scores).all():
        first = int(np.argwhere(~np.isfinite(scores))[0][0])
        raise DataError(
            f"{int((~np.isfinite(scores)).sum())} decision values are not finite (first: row {first})",
            fix="give every row one out-of-fold decision value; scale the features",
        )
    column = np.searchsorted(classes, y).clip(0, len(classes) - 1)
    strange = classes[column] != y
    if strange.any():
        first = int(strange.argmax())
        raise DataError(f"{int(strange.sum())} labels are not among the classes (first: row {first}, {y[first]})")
    return scores, column


def _fit_sigmoid(scores: np.ndarray, column: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of least log-loss against Platt's smoothed targets."""
    n_positive = int(column.sum())
    n_negative = len(column) - n_positive
    target = np.where(column == 1, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logit = parameters[0] * scores + parameters[1]
        value = -(target * log_expit(logit) + (1 - target) * log_expit(-logit)).mean()
        error = expit(logit) - target
        return float(value), np.array([(error * scores).mean(), error.mean()])

    start = np.array([1.0, np.log((n_positive + 1) / (n_negative + 1))])
    best = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_SMALLEST_SLOPE, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
    )
    return float(best.x[0]), float(best.x[1])


def _fit_temperature(scores: np.ndarray, column: np.ndarray) -> float:
    """Slope of least log-loss, as if one row more had been of the class that seems the next likely.

    That row, spread over all, keeps the slope finite where every answer is right. Smoothing over all classes, as
    Platt does for two, would ask for a share of classes that are out of the question, and flatten everything.
    """
    n_rows = len(scores)
    others = scores.copy()
    others[np.arange(n_rows), column] = -np.inf
    target = np.zeros_like(scores)
    target[np.arange(n_rows), column] = n_rows / (n_rows + 1)
    target[np.arange(n_rows), others.argmax(axis=1)] = 1 / (n_rows + 1)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        scaled = parameters[0] * scores
        value = -(target * log_softmax(scaled, axis=1)).sum() / n_rows
        return float(value), np.array([((softmax(scaled, axis=1) - target) * scores).sum() / n_rows])

    best = minimize(
        loss,
        np.array([1.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(_SMALLEST_SLOPE, None)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
    )
    return float(best.x[0])
