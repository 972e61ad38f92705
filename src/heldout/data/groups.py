"""Groups of rows: numbered, and put together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def number_groups(groups: np.ndarray) -> np.ndarray:
    """The same groups as int64, numbered from 0 by first appearance, so that their names cannot change a split."""
    _, first, code = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[code.reshape(-1)]


def join_pairs(groups: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The groups, with those of row ``a[i]`` and row ``b[i]`` put together for each i; shape (n_rows,)."""
    if len(a) == 0:
        return groups
    names, number = np.unique(groups, return_inverse=True)
    edges = coo_matrix((np.ones(len(a), np.int8), (number[a], number[b])), shape=(len(names), len(names)))
    component: np.ndarray = connected_components(edges, directed=False)[1]
    return component[number]


def join_groups(*groupings: np.ndarray | None) -> np.ndarray | None:
    """Groups that keep together what any of these groupings of the same rows keeps together.

    Parameters
    ----------
    *groupings : arrays, shape (n_rows,), or None
        Values of any type; None counts as no grouping.

    Returns
    -------
    int64 array, shape (n_rows,), or None
        Numbered from 0; None if every grouping is None.
    """
    given = [np.unique(groups, return_inverse=True)[1] for groups in groupings if groups is not None]
    if not given:
        return None
    together = given[0]
    for groups in given[1:]:
        n_first = int(together.max(initial=-1)) + 1
        n_nodes = n_first + int(groups.max(initial=-1)) + 1
        edges = coo_matrix((np.ones(len(groups), np.int8), (together, groups + n_first)), shape=(n_nodes, n_nodes))
        together = connected_components(edges, directed=False)[1][together]
    return np.unique(together, return_inverse=True)[1]
