"""A random forest: trees that differ by chance, and a vote."""

from __future__ import annotations

import numpy as np

from heldout_course.scratch.decision_tree import DecisionTree


def bootstrap(n_rows: int, random: np.random.Generator) -> np.ndarray:
    """Draw as many row numbers as there are, with replacement: about 63 % of the rows, some of them repeatedly."""
    return random.integers(n_rows, size=n_rows)


def vote(predictions: np.ndarray) -> np.ndarray:
    """Most frequent of the answers of several classifiers; of equals the lowest.

    Parameters
    ----------
    predictions : array, shape (n_classifiers, n_rows)
        From any classifiers.

    Returns
    -------
    array, shape (n_rows,)

    Examples
    --------
    >>> vote(np.array([["cat", "dog"], ["dog", "dog"], ["cat", "cat"]])).tolist()
    ['cat', 'dog']
    """
    classes = np.unique(predictions)
    n_votes = (predictions[:, :, None] == classes).sum(axis=0)
    return classes[n_votes.argmax(axis=1)]


class RandomForest:
    """Trees grown on bootstrap samples, each split choosing among few features drawn by chance.

    Parameters
    ----------
    n_trees : int
    drawn_at : 'split' or 'tree'
        When the sqrt(n_features) features are drawn: anew at each split (Breiman 2001, scikit-learn), or once
        for a tree (Ho 1998).
    combine : 'mean' or 'vote'
        Average the trees' probabilities (scikit-learn) or count one vote a tree (Breiman).
    max_depth : int, optional
    seed : int
    """

    def __init__(
        self,
        n_trees: int = 100,
        *,
        drawn_at: str = "split",
        combine: str = "mean",
        max_depth: int | None = None,
        seed: int = 0,
    ) -> None:
        if drawn_at not in ("split", "tree") or combine not in ("mean", "vote"):
            raise ValueError(f"drawn_at={drawn_at!r} is 'split' or 'tree', combine={combine!r} is 'mean' or 'vote'")
        self.n_trees, self.drawn_at, self.combine = n_trees, drawn_at, combine
        self.max_depth, self.seed = max_depth, seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> RandomForest:
        """Grow the trees. `columns_` holds the features that each may use."""
        X, y = np.asarray(X, dtype=float), np.asarray(y)
        random = np.random.default_rng(self.seed)
        self.classes_ = np.unique(y)
        self.trees_: list[DecisionTree] = []
        self.columns_: list[np.ndarray] = []
        n_features = X.shape[1]
        n_drawn = max(1, int(np.sqrt(n_features)))
        for seed in random.integers(2**32, size=self.n_trees).tolist():
            rows = bootstrap(len(X), random)
            at_once = self.drawn_at == "tree"
            columns = random.permutation(n_features)[:n_drawn] if at_once else np.arange(n_features)
            tree = DecisionTree(max_depth=self.max_depth, n_features=None if at_once else n_drawn, seed=seed)
            self.trees_.append(tree.fit(X[rows][:, columns], y[rows], self.classes_))
            self.columns_.append(columns)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Mean of the trees' probabilities, shape (n_rows, n_classes)."""
        pairs = zip(self.trees_, self.columns_, strict=True)
        return np.mean([tree.predict_proba(X[:, columns]) for tree, columns in pairs], axis=0)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class that the trees agree on most."""
        if self.combine == "mean":
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        pairs = zip(self.trees_, self.columns_, strict=True)
        return vote(np.stack([tree.predict(X[:, columns]) for tree, columns in pairs]))
