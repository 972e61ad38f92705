"""k nearest neighbours: the training rows themselves vote."""

from __future__ import annotations

import numpy as np

from heldout_course.scratch.distances import distances


class NearestNeighbours:
    """Predict the most frequent class among the k nearest training rows.

    Parameters
    ----------
    k : int
    ties : 'lowest', 'nearest' or 'random'
        Who wins where classes have equally many votes: the lowest class (as in scikit-learn), the one with the
        nearest row, or one drawn by chance. With an even k this changes results, so it is named.
    seed : int
        For ``ties='random'``.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [9.0]])
    >>> model = NearestNeighbours(k=3).fit(X, np.array(["star", "square", "square", "circle"]))
    >>> model.predict(np.array([[0.4]])).tolist()
    ['square']
    """

    def __init__(self, k: int = 3, *, ties: str = "lowest", seed: int = 0) -> None:
        if ties not in ("lowest", "nearest", "random"):
            raise ValueError(f"Unknown ties {ties!r}: choose from 'lowest', 'nearest', 'random'")
        self.k, self.ties, self.seed = k, ties, seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> NearestNeighbours:
        """Keep the training rows: there is nothing else to learn."""
        if not 1 <= self.k <= len(X):
            raise ValueError(f"k={self.k} neighbours of {len(X)} training rows: choose k from 1 to {len(X)}")
        self.X_, self.y_ = np.asarray(X, dtype=float), np.asarray(y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Winner of the vote for each row."""
        random = np.random.default_rng(self.seed)
        return np.array([self._winner(row, random) for row in np.asarray(X, dtype=float)], dtype=self.y_.dtype)

    def _winner(self, row: np.ndarray, random: np.random.Generator) -> object:
        # A stable sort: of training rows at the same distance the earlier one counts.
        nearest = np.argsort(distances(row, self.X_), kind="stable")[: self.k]
        labels, n_votes = np.unique(self.y_[nearest], return_counts=True)
        tied = labels[n_votes == n_votes.max()]
        if self.ties == "nearest":
            return next(label for label in self.y_[nearest] if label in tied)
        return random.choice(tied) if self.ties == "random" else tied[0]
