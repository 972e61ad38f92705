"""Principal components: the directions in which the rows vary most, at right angles to each other."""

from __future__ import annotations

import numpy as np


class PCA:
    """Eigenvectors of the covariance matrix, in the order of their eigenvalues.

    Parameters
    ----------
    n_components : int, optional
        Default: as many as there are features.

    Attributes
    ----------
    mean_ : float array, shape (n_features,)
    components_ : float array, shape (n_components, n_features)
        Of length 1. Their sign is free: the largest number of each is made positive.
    variance_, variance_ratio_ : float arrays, shape (n_components,)
        Variance (divisor n - 1) along each, and its share of the whole.

    Examples
    --------
    >>> model = PCA(1).fit(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]))
    >>> model.components_.round(3).tolist(), model.variance_ratio_.round(3).tolist()
    ([[0.707, 0.707]], [1.0])
    """

    def __init__(self, n_components: int | None = None) -> None:
        self.n_components = n_components

    def fit(self, X: np.ndarray) -> PCA:
        """Centre the rows, and decompose their covariance."""
        self.mean_ = X.mean(axis=0)
        centred = X - self.mean_
        covariance = centred.T @ centred / (len(X) - 1)
        variances, vectors = np.linalg.eigh(covariance)  # smallest first, vectors in columns
        components = vectors[:, ::-1].T[: self.n_components]
        largest = np.abs(components).argmax(axis=1)
        self.components_ = components * np.sign(components[np.arange(len(components)), largest])[:, None]
        self.variance_ = variances[::-1][: self.n_components]
        self.variance_ratio_ = self.variance_ / variances.sum()
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Coordinates along the components, shape (n_rows, n_components)."""
        return (X - self.mean_) @ self.components_.T

    def inverse_transform(self, scores: np.ndarray) -> np.ndarray:
        """Back to features; exact when all components are kept, else the nearest point that they reach."""
        return scores @ self.components_ + self.mean_
