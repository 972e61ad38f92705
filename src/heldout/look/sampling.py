"""Which rows are looked at where all would take too long, and folds that keep groups whole."""

from __future__ import annotations

import numpy as np

N_FOLDS = 5


def sample_rows(y: np.ndarray, most: int, generator: np.random.Generator) -> np.ndarray:
    """At most ``most`` positions in rising order, each class with about its share and at least ten rows if it has them.

    All rows where there are not more.
    """
    n = len(y)
    if n <= most:
        return np.arange(n)
    counts = np.bincount(y)
    wanted = np.maximum(np.floor(counts * (most / n)).astype(int), np.minimum(counts, 10))
    order = generator.permutation(n)
    order = order[np.argsort(y[order], kind="stable")]
    starts = np.cumsum(counts) - counts
    rank = np.arange(n) - starts[y[order]]
    return np.sort(order[rank < wanted[y[order]]])


def fold_numbers(
    y: np.ndarray, groups: np.ndarray | None, generator: np.random.Generator, n_folds: int = N_FOLDS
) -> np.ndarray:
    """Fold of each row, groups whole, classes dealt evenly (a group counts as the class that most of its rows have)."""
    names = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_groups = int(names.max(initial=-1)) + 1
    counts = np.zeros((n_groups, int(y.max(initial=0)) + 1), np.int32)
    np.add.at(counts, (names, y), 1)
    main, size = counts.argmax(1), counts.sum(1)
    shuffled = generator.permutation(n_groups)
    order = shuffled[np.lexsort((-size[shuffled], main[shuffled]))]
    fold_of_group = np.empty(n_groups, np.int64)
    fold_of_group[order] = np.arange(n_groups) % n_folds
    return fold_of_group[names]
