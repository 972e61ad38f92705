"""k nearest neighbours of wide rows, exact, by matrix products over a few principal axes.

A row's coordinates on the first axes, and what is left of its length as one more, are a point whose distance from
another such point is never more than the rows' true distance. So distances among these short points rule out nearly all
training rows (of MNIST all but some twenty in 60,000), and only the rest are measured in full.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from heldout.errors import SettingError

AXES = 120
LEAST_ROWS, LEAST_FEATURES = 5_000, 2 * AXES
"""Below either, scikit-learn's own class answers: the filter would not pay."""
QUERIES_AT_ONCE = 500
GROUP = 100
"""Training rows of which only the nearest is looked at first."""
SAMPLE_ROWS = 10_000
PAIRS_AT_ONCE = 4_096
LARGEST_SQUARE = 1e30
"""Squared lengths above this come too near the end of float32."""


class FilteredNeighbours(ClassifierMixin, BaseEstimator):
    """The most frequent class among the nearest training rows; of equally frequent ones, the first.

    The answers are those of scikit-learn's ``KNeighborsClassifier``, but where two rows are equally far and only one
    of them can count: here it is the one that stands first.

    Parameters
    ----------
    n_neighbors : int, default=5
    """

    def __init__(self, n_neighbors: int = 5) -> None:
        self.n_neighbors = n_neighbors

    def fit(self, X: Any, y: Any) -> FilteredNeighbours:
        """Keep rows X (n_rows, n_features) and classes y, and find the axes.

        Raises
        ------
        SettingError
            If there are fewer rows than neighbours.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, order="C")
        check_classification_targets(y)
        k = self.n_neighbors
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= len(X):
            raise SettingError(f"n_neighbors is {k!r}, and there are {len(X):,} rows", fix="a whole number from 1")
        self.classes_, self._label = np.unique(y, return_inverse=True)
        self._plain = None
        self._mean = X.mean(0)
        self._rows = X - self._mean
        too_large = np.abs(self._rows).max() ** 2 * X.shape[1] > LARGEST_SQUARE
        if len(X) < LEAST_ROWS or X.shape[1] < LEAST_FEATURES or k > len(X) // GROUP // 4 or too_large:
            self._plain = KNeighborsClassifier(k).fit(X, y)
            return self
        some = self._rows[:: max(1, len(X) // SAMPLE_ROWS)]
        self._axes = np.linalg.eigh(some.T @ some)[1][:, ::-1][:, :AXES]
        short, square = self._shorten(self._rows)
        self._largest = float(square.max())
        # Padded to whole groups; with -|x|²/2 as a last number one product gives (|q|² - distance²) / 2.
        padding = -len(X) % GROUP
        points = np.column_stack([short, -square / 2])
        beyond = np.zeros((padding, points.shape[1]))
        beyond[:, -1] = -np.inf
        self._points = np.concatenate([points, beyond]).astype(np.float32)
        return self

    def _shorten(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates on the axes and the length of what is left, (n, AXES + 1); squared lengths."""
        on_axes = rows @ self._axes
        square = np.einsum("ij,ij->i", rows, rows)
        left = np.sqrt(np.maximum(square - np.einsum("ij,ij->i", on_axes, on_axes), 0))
        return np.column_stack([on_axes, left]), square

    def kneighbors(self, X: Any) -> np.ndarray:
        """Numbers of the nearest training rows of each row, nearest first, int (n_rows, n_neighbors)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, order="C", reset=False)
        if self._plain is not None:
            return np.asarray(self._plain.kneighbors(X, return_distance=False))
        found = [self._nearest(X[i : i + QUERIES_AT_ONCE] - self._mean) for i in range(0, len(X), QUERIES_AT_ONCE)]
        return np.concatenate(found)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Share of each class among each row's neighbours, (n_rows, n_classes)."""
        check_is_fitted(self)
        if self._plain is not None:
            return np.asarray(self._plain.predict_proba(X))
        labels = self._label[self.kneighbors(X)]
        return np.stack([(labels == c).mean(1) for c in range(len(self.classes_))], axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """The most frequent class among each row's neighbours by Euclidean distance."""
        check_is_fitted(self)
        if self._plain is not None:
            return np.asarray(self._plain.predict(X))
        return np.asarray(self.classes_[self.predict_proba(X).argmax(1)])

    def _nearest(self, queries: np.ndarray) -> np.ndarray:
        k, n = self.n_neighbors, len(queries)
        short, square = self._shorten(queries)
        if square.max() > LARGEST_SQUARE:
            plain = KNeighborsClassifier(k, algorithm="brute").fit(self._rows, self._label)
            return np.asarray(plain.kneighbors(queries, return_distance=False))
        points = np.column_stack([short, np.ones(n)]).astype(np.float32)
        nearness = (points @ self._points.T).reshape(n, -1, GROUP)
        best = nearness.max(2)
        groups = np.argpartition(-best, k, axis=1)[:, :k]
        first = groups * GROUP + np.take_along_axis(nearness, groups[:, :, None], axis=1).argmax(2)
        # The k-th of any k rows is at least as far as the k-th nearest of all.
        reach = self._distances(queries, np.repeat(np.arange(n), k), first.ravel()).reshape(n, k).max(1)
        slip = 2e-5 * (square + self._largest)  # more than the rounding of float32 sums of AXES + 2 products
        least = ((square - reach) / 2 - slip).astype(np.float32)
        query, group = np.nonzero(best >= least[:, None])
        at, inside = np.nonzero(nearness[query, group] >= least[query, None])
        query, row = query[at], group[at] * GROUP + inside
        distance = self._distances(queries, query, row)
        order = np.lexsort((row, distance, query))
        start = np.searchsorted(query[order], np.arange(n))
        return np.asarray(row[order][start[:, None] + np.arange(k)])

    def _distances(self, queries: np.ndarray, query: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Squared distances of pairs, in full."""
        found = np.empty(len(query))
        for i in range(0, len(query), PAIRS_AT_ONCE):
            some = slice(i, i + PAIRS_AT_ONCE)
            apart = queries[query[some]] - self._rows[row[some]]
            found[some] = np.einsum("ij,ij->i", apart, apart)
        return found
