"""The perceptron: one node that learns from its mistakes (Rosenblatt 1958)."""

from __future__ import annotations

import numpy as np


class Perceptron:
    """Two classes -1 and +1, separated by the sign of w·x + b.

    A row on the wrong side pulls the line towards itself: w <- w + y x, b <- b + y. Where a line separates the
    classes, it is found after finitely many mistakes; where none does, the search never ends by itself.

    Parameters
    ----------
    n_epochs : int
        Most passes over the rows.

    Attributes
    ----------
    coef_ : float array, shape (n_features,)
    intercept_ : float
    n_mistakes_ : list of int
        In each pass; the last is 0 if the classes were separated.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> Perceptron().fit(X, np.array([0, 0, 0, 1])).predict(X).tolist()
    [0, 0, 0, 1]
    """

    def __init__(self, n_epochs: int = 100) -> None:
        self.n_epochs = n_epochs

    def fit(self, X: np.ndarray, y: np.ndarray) -> Perceptron:
        """Go through the rows, in their order, until a pass makes no mistake."""
        X = np.asarray(X, dtype=float)
        self.classes_ = np.unique(y)
        if len(self.classes_) != 2:
            raise ValueError(f"a perceptron separates 2 classes, y has {len(self.classes_)}")
        self.coef_, self.intercept_ = np.zeros(X.shape[1]), 0.0
        self.n_mistakes_: list[int] = []
        for _ in range(self.n_epochs):
            self.n_mistakes_.append(0)
            for row, sign in zip(X, np.where(y == self.classes_[1], 1.0, -1.0), strict=True):
                if sign * (self.coef_ @ row + self.intercept_) <= 0:
                    self.coef_ = self.coef_ + sign * row
                    self.intercept_ += sign
                    self.n_mistakes_[-1] += 1
            if self.n_mistakes_[-1] == 0:
                break
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Side of the line that each row lies on."""
        return self.classes_[(X @ self.coef_ + self.intercept_ > 0).astype(int)]
