"""Leaves of many rows in trees of few leaves: every question of a tree is asked of all rows at once.

The leaves of a tree are numbered from left to right, one bit each. A question that is answered with "right" rules out
the leaves on its left; the leaf is the first that no question rules out (QuickScorer: Lucchese et al. 2015,
doi:10.1145/2766462.2767733). Thresholds and values are compared by their ranks, small whole numbers, and eight answers
at a time are looked up in a table of sets.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

MOST_LEAVES = 64
_TREES = 32
"""Trees whose tables are made at a time."""
_BITS = (1 << (np.arange(MOST_LEAVES) % 8)).astype(np.uint8)[:, np.newaxis]


class LeafSets:
    """Trees as sets of leaves.

    Parameters
    ----------
    roots : int64 array, shape (n_trees,)
    left, right, feature, threshold, missing_left : arrays, shape (n_all_nodes,)
        As in `heldout.deploy.trees.Trees`; no tree has more than `MOST_LEAVES` leaves.
    """

    def __init__(
        self,
        roots: np.ndarray,
        left: np.ndarray,
        right: np.ndarray,
        feature: np.ndarray,
        threshold: np.ndarray,
        missing_left: np.ndarray,
    ) -> None:
        is_leaf = left == np.arange(len(left))
        first, below = _numbered(roots, left, right, is_leaf)
        self.inner = np.flatnonzero(~is_leaf)
        self.feature, self.missing_left = feature[self.inner], missing_left[self.inner]
        n_left = below[left[self.inner]].astype(np.uint64)
        self.sets = ((np.uint64(1) << n_left) - np.uint64(1)) << first[self.inner].astype(np.uint64)
        if below.max() <= 32:
            self.sets = self.sets.astype(np.uint32)
        # Inner nodes of a tree stand one after another; so do its leaves, once sorted from left to right.
        self.inner_ends = np.searchsorted(self.inner, np.append(roots, len(left)))
        tree = np.repeat(np.arange(len(roots)), np.diff(np.append(roots, len(left))))
        leaves = np.flatnonzero(is_leaf)
        self.leaf_nodes = leaves[np.lexsort((first[leaves], tree[leaves]))]
        self.leaf_starts = np.searchsorted(tree[leaves], np.arange(len(roots)))
        self._rank_thresholds(threshold[self.inner])

    def _rank_thresholds(self, threshold: np.ndarray) -> None:
        """The different thresholds of each feature that is asked about, and each question's place among them."""
        order = np.lexsort((threshold, self.feature))
        self.asked, starts = np.unique(self.feature[order], return_index=True)
        self.thresholds = [np.unique(part) for part in np.split(threshold[order], starts[1:])] if len(order) else []
        self.column = np.searchsorted(self.asked, self.feature)
        most = max([len(part) for part in self.thresholds], default=0)
        self.kind = next(kind for kind in (np.uint8, np.uint16, np.uint32) if most <= np.iinfo(kind).max)
        self.rank = np.empty(len(order), dtype=self.kind)
        for part, places in zip(self.thresholds, np.split(order, starts[1:]), strict=False):
            self.rank[places] = np.searchsorted(part, threshold[places])

    def leaves(self, x: np.ndarray, together: int) -> Iterator[tuple[int, np.ndarray]]:
        """Number of a first tree, and the leaves of `together` trees, (together, n_rows), as positions of nodes."""
        column, ranks = self.column, self._ranks(x)
        missing = np.isnan(x[:, self.asked])
        if missing.any():  # a missing value is above every threshold, and below every one in a second copy
            column = column + len(ranks) * self.missing_left
            ranks = np.concatenate([ranks, np.where(missing.T, self.kind(0), ranks)])
        found = np.empty((together, len(x)), dtype=np.int64)
        for first in range(0, len(self.leaf_starts), _TREES):
            tables = self._tables(first)
            for number, table in enumerate(tables, start=first):
                nodes = slice(self.inner_ends[number], self.inner_ends[number + 1])
                leaf = _first_left(ranks.take(column[nodes], axis=0), self.rank[nodes], table)
                self.leaf_nodes.take(leaf + self.leaf_starts[number], out=found[number % together])
                if (number + 1) % together == 0:
                    yield number + 1 - together, found

    def _ranks(self, x: np.ndarray) -> np.ndarray:
        """How many thresholds each value is above, (n_asked_features, n_rows)."""
        ranks = np.empty((len(self.asked), len(x)), dtype=self.kind)
        for row, feature, thresholds in zip(ranks, self.asked, self.thresholds, strict=True):
            row[:] = np.searchsorted(thresholds, x[:, feature])
        return ranks

    def _tables(self, first: int) -> np.ndarray:
        """What each combination of eight answers rules out, (n_trees, n_questions / 8, 256)."""
        ends = self.inner_ends[first : first + _TREES + 1]
        counts = np.diff(ends)
        n_eights = -(-int(counts.max()) // 8)
        sets = np.zeros((len(counts), 8 * n_eights), dtype=self.sets.dtype)
        sets[np.arange(8 * n_eights) < counts[:, np.newaxis]] = self.sets[ends[0] : ends[-1]]
        sets = sets.reshape(len(counts), n_eights, 8)
        tables = np.zeros((len(counts), n_eights, 256), dtype=self.sets.dtype)
        for bit in range(8):
            half = 1 << bit
            np.bitwise_or(tables[..., :half], sets[..., bit : bit + 1], out=tables[..., half : 2 * half])
        return tables


def _numbered(
    roots: np.ndarray, left: np.ndarray, right: np.ndarray, is_leaf: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of each node: the number of the first leaf below it, counted from the left, and how many leaves are below."""
    levels = []
    level = roots
    while len(level := level[~is_leaf[level]]):
        levels.append(level)
        level = np.concatenate([left[level], right[level]])
    first, below = np.zeros(len(left), dtype=np.int64), np.ones(len(left), dtype=np.int64)
    for level in reversed(levels):
        below[level] = below[left[level]] + below[right[level]]
    for level in levels:
        first[left[level]] = first[level]
        first[right[level]] = first[level] + below[left[level]]
    return first, below


def _first_left(ranks: np.ndarray, limits: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Number of the first leaf that no question rules out, for ranks (n_questions, n_rows) of what is asked about."""
    goes_right = np.greater(ranks, limits[:, np.newaxis]).view(np.uint8)
    goes_right *= _BITS[: len(limits)]
    out = np.zeros(ranks.shape[1], dtype=table.dtype)
    for start, sets in zip(range(0, len(limits), 8), table, strict=False):
        out |= sets.take(np.bitwise_or.reduce(goes_right[start : start + 8], axis=0))
    lowest = ~out & (out + table.dtype.type(1))
    # A power of two as a float is its exponent.
    return np.asarray((lowest.astype(np.float64).view(np.int64) >> 52) - 1023)
