"""A decision tree, grown greedily: at each node ask the question that leaves the purest children."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def gini(counts: np.ndarray) -> np.ndarray:
    """Gini impurity 1 - sum_k P(k)^2 of class counts, shape (..., n_classes).

    0 for a pure node; 1 - 1/m, the largest, for m equally frequent classes.

    Examples
    --------
    >>> float(gini(np.array([50, 50])))
    0.5
    """
    return 1 - ((counts / counts.sum(axis=-1, keepdims=True)) ** 2).sum(axis=-1)


@dataclass
class Node:
    """A node: its rows of each class and, unless it is a leaf, its question ``x[feature] <= threshold``."""

    counts: np.ndarray
    feature: int | None = None
    threshold: float = np.nan
    yes: Node | None = None
    no: Node | None = None

    def is_leaf(self) -> bool:
        """Whether it asks nothing."""
        return self.feature is None


def best_split(X: np.ndarray, hot: np.ndarray, features: np.ndarray) -> tuple[int, float] | None:
    """Feature and threshold with the lowest Gini impurity of the children, weighted by their rows.

    Thresholds are the midpoints between neighbouring values. `hot` has a 1 in the column of each row's class.
    None where every feature is constant. Of equal splits the first is taken.
    """
    best, lowest, n_rows = None, np.inf, len(X)
    for feature in features:
        order = np.argsort(X[:, feature], kind="stable")
        values = X[order, feature]
        cuts = np.flatnonzero(values[:-1] < values[1:])  # a cut between equal values is impossible
        if not cuts.size:
            continue
        left = hot[order].cumsum(axis=0)[cuts]  # class counts below each cut
        right = hot.sum(axis=0) - left
        impurity = (left.sum(axis=1) * gini(left) + right.sum(axis=1) * gini(right)) / n_rows
        cut = impurity.argmin()
        if impurity[cut] < lowest:
            lowest = impurity[cut]
            below, above = values[cuts[cut]], values[cuts[cut] + 1]
            middle = (below + above) / 2
            # Between two neighbouring floating-point numbers there is no middle.
            best = int(feature), float(middle if middle < above else below)
    return best


class DecisionTree:
    """Grow until a node is pure, too small or too deep.

    Parameters
    ----------
    max_depth : int, optional
    min_rows : int
        Nodes with fewer rows are not split.
    n_features : int, optional
        Features drawn by chance at each split, as a random forest needs it. Default: all of them.
    seed : int

    Attributes
    ----------
    root_ : Node
    """

    def __init__(
        self, *, max_depth: int | None = None, min_rows: int = 2, n_features: int | None = None, seed: int = 0
    ) -> None:
        self.max_depth, self.min_rows, self.n_features, self.seed = max_depth, min_rows, n_features, seed

    def fit(self, X: np.ndarray, y: np.ndarray, classes: np.ndarray | None = None) -> DecisionTree:
        """Grow the tree. `classes` names all classes where `y` may lack some."""
        self.classes_ = np.unique(y) if classes is None else classes
        hot = (np.asarray(y)[:, None] == self.classes_).astype(int)
        self.root_ = self._grow(np.asarray(X, dtype=float), hot, 0, np.random.default_rng(self.seed))
        return self

    def _grow(self, X: np.ndarray, hot: np.ndarray, depth: int, random: np.random.Generator) -> Node:
        node = Node(hot.sum(axis=0))
        if gini(node.counts) == 0 or len(X) < self.min_rows or depth == self.max_depth:
            return node
        n = X.shape[1]
        order = np.arange(n) if self.n_features is None else random.permutation(n)
        n_drawn = n if self.n_features is None else self.n_features
        # Where all drawn features are constant, the others are asked.
        split = best_split(X, hot, order[:n_drawn]) or best_split(X, hot, order[n_drawn:])
        if split is None:
            return node
        node.feature, node.threshold = split
        yes = X[:, node.feature] <= node.threshold
        node.yes = self._grow(X[yes], hot[yes], depth + 1, random)
        node.no = self._grow(X[~yes], hot[~yes], depth + 1, random)
        return node

    def path(self, row: np.ndarray) -> list[Node]:
        """Nodes that a row passes, from the root to its leaf."""
        nodes = [self.root_]
        while (node := nodes[-1]).feature is not None:
            child = node.yes if row[node.feature] <= node.threshold else node.no
            assert child is not None
            nodes.append(child)
        return nodes

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Shares of the classes among the training rows of the leaf, shape (n_rows, n_classes)."""
        counts = np.stack([self.path(row)[-1].counts for row in np.asarray(X, dtype=float)])
        return counts / counts.sum(axis=1, keepdims=True)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Most frequent class of the leaf; of equals the lowest."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def explain(self, row: np.ndarray) -> list[str]:
        """Questions that led to a prediction, and the answers."""
        return [
            f"x{node.feature} = {row[node.feature]:g} <= {node.threshold:g}? "
            + ("yes" if row[node.feature] <= node.threshold else "no")
            for node in self.path(row)
            if node.feature is not None
        ]
