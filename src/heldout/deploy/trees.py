"""Which leaf of each tree a row ends in, for many trees at once.

A tree asks at each inner node whether a feature is at most a threshold: yes is left. Two ways lead to the same leaves.
With few rows or large trees, all pairs of row and tree go down level by level; with many rows and trees of few leaves,
`heldout.deploy.leaf_sets` is faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from heldout.deploy.leaf_sets import MOST_LEAVES, LeafSets

_PAIRS = 2**15
"""Pairs of row and tree that go down at a time; what they need should stay in a core's cache."""
_ROWS = 2**13
"""Rows that are looked at together."""
_FEW_TREES = 16
"""Votes that are added one by one; of more, a running total is taken of all together."""
_MANY_ROWS = 256
"""From so many rows on, sets of leaves are faster."""


@dataclass(frozen=True)
class Trees:
    """Binary trees, one after another in the same arrays. A child comes after its parent and has no other.

    Attributes
    ----------
    n_nodes : int64 array, shape (n_trees,)
    left, right : int64 arrays, shape (n_all_nodes,)
        Children, as positions in these arrays; of a leaf, the leaf itself.
    feature : int64 array
        Of an inner node; 0 of a leaf.
    threshold : float64 or float32 array
        Of the type of the rows.
    missing_left : bool array
        Whether a missing value goes left.
    n_features : int
    """

    n_nodes: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    n_features: int

    def leaves(self, x: np.ndarray, together: int = 1) -> Iterator[tuple[slice, int, np.ndarray]]:
        """Leaves of all rows in all trees, in pieces; for each row, they come in the order of the trees.

        Parameters
        ----------
        x : array, C order, shape (n_rows, n_features)
            Of the type of the thresholds; may have missing values.
        together : int
            A piece has this many trees, or a multiple.

        Yields
        ------
        rows : slice
        first : int
            Number of the first tree.
        leaves : int64 array, shape (n_trees, n_rows)
            Positions in the arrays of nodes.
        """
        for start in range(0, len(x), _ROWS):
            rows = slice(start, min(start + _ROWS, len(x)))
            some = x[rows]
            few_leaves = self.n_nodes.max() < 2 * MOST_LEAVES
            if few_leaves and len(some) >= _MANY_ROWS:
                pieces = self._sets.leaves(some, together)
            else:
                pieces = self._level_by_level(some, together)
            for first, found in pieces:
                yield rows, first, found

    @cached_property
    def roots(self) -> np.ndarray:
        """Position of the first node of each tree."""
        return np.asarray(np.cumsum(self.n_nodes) - self.n_nodes)

    def _level_by_level(self, x: np.ndarray, together: int) -> Iterator[tuple[int, np.ndarray]]:
        feature, missing = self.feature, np.isnan(x)
        if missing.any():
            # A second copy of each feature, in which a missing value is below every threshold; NaN itself is above.
            feature = feature + self.n_features * self.missing_left
            x = np.concatenate([x, np.where(missing, -np.inf, x).astype(x.dtype)], axis=1)
        values, begins = x.reshape(-1), np.arange(len(x)) * x.shape[1]
        step = max(1, _PAIRS // len(x) // together) * together
        for first in range(0, len(self.roots), step):
            roots = self.roots[first : first + step]
            leaves = self._descend(np.repeat(roots, len(x)), np.tile(begins, len(roots)), feature, values)
            yield first, leaves.reshape(len(roots), len(x))

    def _descend(self, node: np.ndarray, begin: np.ndarray, feature: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Leaves of pairs of a tree's root and of the place in `values` where a row begins."""
        leaves = np.empty(len(node), dtype=np.int64)
        pair = np.arange(len(node))
        while True:
            goes_left = values.take(begin + feature.take(node)) <= self.threshold.take(node)
            child = self._children.take(2 * node + goes_left)
            moves = child != node
            n_there = len(node) - np.count_nonzero(moves)
            if n_there == len(node):
                leaves[pair] = node
                return leaves
            if 3 * n_there > len(node):  # it pays to let them go
                leaves[pair] = node
                going = np.flatnonzero(moves)
                child, begin, pair = child.take(going), begin.take(going), pair.take(going)
            node = child

    @cached_property
    def _children(self) -> np.ndarray:
        """Right and left child of each node in turn."""
        return np.column_stack([self.right, self.left]).reshape(-1)

    @cached_property
    def _sets(self) -> LeafSets:
        return LeafSets(self.roots, self.left, self.right, self.feature, self.threshold, self.missing_left)


def votes_in_order(total: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Add the votes (n_trees, ...) to a total, one tree after another: the order that scikit-learn has."""
    if len(votes) <= _FEW_TREES:
        for vote in votes:
            total = total + vote
        return total
    return np.asarray(np.add.accumulate(np.concatenate([total[np.newaxis], votes]), axis=0)[-1])


def largest_single(thresholds: np.ndarray) -> np.ndarray:
    """The largest float32 that is not above each float64: a float32 value is at most the one iff at most the other."""
    with np.errstate(over="ignore"):
        single = thresholds.astype(np.float32)
        return np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)
