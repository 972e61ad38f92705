"""A linear support vector machine, by steps along the subgradient.

The widest street between two classes y = -1 and +1: its kerbs are w·x - b = -1 and +1, 2 / ||w|| apart. So
minimise ||w||^2 / 2 with every row behind its kerb, y (w·x - b) >= 1. A row that isn't pays its distance:

    f(w, b) = ||w||^2 / 2 + C * sum_i max(0, 1 - y_i (w·x_i - b))
"""

from __future__ import annotations

import numpy as np


def hinge_objective(w: np.ndarray, b: float, X: np.ndarray, sign: np.ndarray, C: float) -> float:
    """f(w, b) for classes -1 and +1."""
    return float(w @ w / 2 + C * np.maximum(0, 1 - sign * (X @ w - b)).sum())


def fit_two_classes(X: np.ndarray, sign: np.ndarray, C: float, n_steps: int) -> tuple[np.ndarray, float]:
    """Return w and b that nearly minimise f.

    The hinge has a kink, where f has no gradient; any slope between those of its two sides (a subgradient)
    will do. Such steps do not always lead downhill, so they shorten as 1 / t and the points passed are averaged,
    late ones with more weight (Lacoste-Julien et al. 2012, arXiv:1212.2002).
    """
    w, b = np.zeros(X.shape[1]), 0.0
    mean_w, mean_b = w, b
    for t in range(1, n_steps + 1):
        is_short = sign * (X @ w - b) < 1  # rows on the wrong side of their kerb
        slope_w = w - C * sign[is_short] @ X[is_short]
        slope_b = C * sign[is_short].sum()
        step = 1 / (t + C * len(X))  # the first step is about the mean of the rows, not C times their sum
        w, b = w - step * slope_w, b - step * slope_b
        mean_w, mean_b = mean_w + 2 / (t + 1) * (w - mean_w), mean_b + 2 / (t + 1) * (b - mean_b)
    return mean_w, mean_b


class LinearSVM:
    """One hyperplane for two classes; for more, one for each class against the rest.

    Parameters
    ----------
    C : float
        Price of being short of the kerb. A large C allows nobody on the street (hard margin), and takes more steps.
    n_steps : int

    Attributes
    ----------
    coef_, offset_ : float arrays, shapes (n_planes, n_features) and (n_planes,)
        w and b of each plane.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [-2.0, 1.0]])
    >>> model = LinearSVM(C=1).fit(X, np.array(["right", "right", "left", "left"]))
    >>> model.predict(np.array([[0.5, 3.0]])).tolist()
    ['right']
    """

    def __init__(self, *, C: float = 1.0, n_steps: int = 5000) -> None:
        self.C, self.n_steps = C, n_steps

    def fit(self, X: np.ndarray, y: np.ndarray) -> LinearSVM:
        """Place the planes. Scale the features first: the width of the street depends on their units."""
        X = np.asarray(X, dtype=float)
        self.classes_ = np.unique(y)
        positives = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        planes = [fit_two_classes(X, np.where(y == label, 1, -1), self.C, self.n_steps) for label in positives]
        self.coef_ = np.stack([w for w, _ in planes])
        self.offset_ = np.array([b for _, b in planes])
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """w·x - b of each row and plane, shape (n_rows, n_planes)."""
        return X @ self.coef_.T - self.offset_

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Side of the plane; of many classes the one furthest on its own side."""
        scores = self.decision_function(X)
        return self.classes_[(scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1)]

    def margins(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return y (w·x - b) of each row and plane: 1 on the kerb, below 0 misclassified.

        Rows at most 1 are the support vectors: without the others the plane would be the same.
        """
        sign = np.where(np.asarray(y)[:, None] == self.classes_[-self.coef_.shape[0] :], 1, -1)
        return sign * self.decision_function(X)
