"""Naive Bayes: P(y | x) is proportional to P(y) * P(x_1 | y) * P(x_2 | y) * ...

Naive, because the features are taken as independent within a class. The products of many small numbers
underflow to 0, so logarithms are added instead.
"""

from __future__ import annotations

import numpy as np


class _Bayes:
    """What both kinds share: the prior, and the step from log scores to an answer."""

    classes_: np.ndarray
    log_prior_: np.ndarray

    def log_scores(self, X: np.ndarray) -> np.ndarray:
        """Log of P(y) * product of P(x_i | y), shape (n_rows, n_classes)."""
        raise NotImplementedError

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class with the highest score; what is common to all classes needs no computing."""
        return self.classes_[_possible(self.log_scores(X)).argmax(axis=1)]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Posterior P(y | x): the scores divided by their sum, shape (n_rows, n_classes)."""
        scores = _possible(self.log_scores(X))
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))  # shifting by the maximum cancels out
        return shares / shares.sum(axis=1, keepdims=True)

    def _fit_prior(self, y: np.ndarray) -> None:
        self.classes_, n_rows = np.unique(y, return_counts=True)
        self.log_prior_ = np.log(n_rows / len(y))


def _possible(scores: np.ndarray) -> np.ndarray:
    impossible = np.flatnonzero(np.isneginf(scores).all(axis=1))
    if impossible.size:
        raise ValueError(f"every class gives row {impossible[0]} probability 0: use alpha > 0")
    return scores


class HistogramNaiveBayes(_Bayes):
    """Features that are whole numbers 0, 1, ..., n_values - 1; P(x_i | y) is a histogram.

    Parameters
    ----------
    n_values : int
    alpha : float
        Added to each count (Laplace), P = (count + alpha) / (n + alpha * n_values). With 0, one value that a
        class never had makes its whole product 0.

    Attributes
    ----------
    probability_ : float array, shape (n_classes, n_features, n_values)

    Examples
    --------
    >>> model = HistogramNaiveBayes(3, alpha=0).fit(np.array([[0], [0], [1], [2]]), np.array([7, 7, 7, 9]))
    >>> model.probability_[0, 0].round(3).tolist()
    [0.667, 0.333, 0.0]
    """

    def __init__(self, n_values: int, *, alpha: float = 1.0) -> None:
        self.n_values, self.alpha = n_values, alpha

    def fit(self, X: np.ndarray, y: np.ndarray) -> HistogramNaiveBayes:
        """Count how often each value occurs, per class and feature."""
        X = self._whole_numbers(X)
        self._fit_prior(y)
        # counts[class, feature, value]
        counts = np.stack([(X[y == c][:, :, None] == np.arange(self.n_values)).sum(axis=0) for c in self.classes_])
        self.probability_ = (counts + self.alpha) / (counts.sum(axis=2, keepdims=True) + self.alpha * self.n_values)
        return self

    def log_scores(self, X: np.ndarray) -> np.ndarray:
        """Log of P(y) * product of P(x_i | y), shape (n_rows, n_classes)."""
        X = self._whole_numbers(X)
        with np.errstate(divide="ignore"):  # log 0 = -infinity is meant
            log_p = np.log(self.probability_)
        features = np.arange(X.shape[1])
        return self.log_prior_ + np.stack([p[features, X].sum(axis=1) for p in log_p], axis=1)

    def _whole_numbers(self, X: np.ndarray) -> np.ndarray:
        whole = np.asarray(X).astype(int)
        wrong = (whole != X) | (whole < 0) | (whole >= self.n_values)
        if wrong.any():
            raise ValueError(f"{np.asarray(X)[wrong][0]} is no whole number from 0 to {self.n_values - 1}")
        return whole


class GaussianNaiveBayes(_Bayes):
    """Features that are measurements; P(x_i | y) is a normal density.

    p(x) = exp(-((x - mu) / sigma)^2 / 2) / (sigma sqrt(2 pi)), mu and sigma (divisor n) from the rows of the class.

    Parameters
    ----------
    smoothing : float
        This share of the largest variance of any feature is added to each variance (1e-9, as in scikit-learn):
        a feature that is constant within a class would else divide by 0.

    Attributes
    ----------
    mean_, variance_ : float arrays, shape (n_classes, n_features)
    """

    def __init__(self, *, smoothing: float = 1e-9) -> None:
        self.smoothing = smoothing

    def fit(self, X: np.ndarray, y: np.ndarray) -> GaussianNaiveBayes:
        """Mean and variance per class and feature."""
        X = np.asarray(X, dtype=float)
        self._fit_prior(y)
        self.mean_ = np.stack([X[y == c].mean(axis=0) for c in self.classes_])
        self.variance_ = np.stack([X[y == c].var(axis=0) for c in self.classes_]) + self.smoothing * X.var(axis=0).max()
        return self

    def log_scores(self, X: np.ndarray) -> np.ndarray:
        """Log of P(y) * product of p(x_i | y), shape (n_rows, n_classes)."""
        scores = np.empty((len(X), len(self.classes_)))
        for number, (mean, variance) in enumerate(zip(self.mean_, self.variance_, strict=True)):
            log_p = -0.5 * np.log(2 * np.pi * variance) - (X - mean) ** 2 / (2 * variance)
            scores[:, number] = self.log_prior_[number] + log_p.sum(axis=1)
        return scores


def equal_bins(X: np.ndarray, low: np.ndarray, high: np.ndarray, n_bins: int) -> np.ndarray:
    """Measurements as bin numbers 0 to n_bins - 1 for the histogram; what lies outside counts for the end bins.

    `low` and `high`, shape (n_features,), come from the training rows, for new rows as well.
    """
    return np.clip(np.floor((X - low) / (high - low) * n_bins), 0, n_bins - 1).astype(int)
