"""Which original each new sample comes from, and the groups that follow: a copy never leaves its original's side."""

from __future__ import annotations

import numpy as np

from heldout.data.groups import join_pairs, number_groups
from heldout.errors import ShapeError


def tied_groups(groups: np.ndarray, source: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Groups of the originals, joined where a mixture was made of two.

    Parameters
    ----------
    groups : int array, shape (n_rows,)
        Group of each original.
    source, partner : int arrays, shape (n_new,)
        Positions of what each new sample was made of; partner -1: of one original only.

    Returns
    -------
    int64 array, shape (n_rows,)
        Numbered from 0 in order of first appearance; a new sample belongs to ``result[source]``.
    """
    groups, source, partner = (np.asarray(values) for values in (groups, source, partner))
    if source.shape != partner.shape:
        raise ShapeError(f"sources of shape {source.shape} and partners of shape {partner.shape}")
    mixed = partner >= 0
    return number_groups(join_pairs(groups, source[mixed], partner[mixed]))


def pair_groups(groups: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Bring groups together two by two, so that mixtures tie no more than two groups.

    Were every row free to mix with any of its class, nearly all groups would hang together and could no longer be
    split. Groups are paired with a group of the same classes where there is one.

    Parameters
    ----------
    groups, y : int arrays, shape (n_rows,)
    seed : int

    Returns
    -------
    int64 array, shape (n_rows,)
        Number of the pair (or of the group left alone) that each row belongs to.
    """
    code = np.unique(groups, return_inverse=True)[1]
    n = int(code.max(initial=-1)) + 1
    held: list[set[int]] = [set() for _ in range(n)]
    for group, label in zip(code.tolist(), np.asarray(y).tolist(), strict=True):
        held[group].add(label)
    order = np.random.default_rng(seed).permutation(n)
    waiting: dict[tuple[int, ...], int] = {}
    pair = np.arange(n)
    for group in order.tolist():
        key = tuple(sorted(held[group]))
        if key in waiting:
            pair[group] = waiting.pop(key)
        else:
            waiting[key] = group
    return pair[code]
