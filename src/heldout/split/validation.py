"""Folds that are not drawn: one for each group, or those that came with the data; and folds inside folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.split.partition import Fold, checked_labels, folds, number_groups

MAX_GROUPS = 100
"""Most groups that are left out one by one; each costs a fit of every model."""


class NestedFold(NamedTuple):
    """An outer fold, and the folds inside its training rows; all rows are positions in the whole data."""

    outer: Fold
    inner: list[Fold]


def leave_one_group_out(y: np.ndarray, groups: np.ndarray, *, names: Sequence[str] | None = None) -> list[Fold]:
    """One fold for each group, in the order of the groups' first rows.

    Raises
    ------
    SettingError
        If there are more than `MAX_GROUPS` groups, or fewer than two, or no two rows share one.
    LabelError
        If all rows of a class are in one group.
    """
    y, groups = checked_labels(y, groups)
    n_groups = int(groups.max()) + 1
    if n_groups == len(y):
        raise SettingError(
            "no two rows share a group, so no group can be left out",
            where="--folds loo-group",
            fix="name the column of the groups with --group, or use --folds 10",
        )
    if not 2 <= n_groups <= MAX_GROUPS:
        raise SettingError(
            f"leaving out each of {n_groups:,} groups needs as many fits of each model (2 to {MAX_GROUPS} are done)",
            where="--folds loo-group",
            fix="use --folds 10, which keeps groups whole as well",
        )
    return _folds_of(y, groups, names)


def published_folds(
    y: np.ndarray, groups: np.ndarray, published: np.ndarray, *, names: Sequence[str] | None = None
) -> tuple[list[Fold], int]:
    """The folds that came with the data, made safe: a group in several of them goes whole to the one with most of it.

    Returns
    -------
    folds : list of (0, fold, training rows, validation rows)
    n_moved : int
        Rows that were moved to keep groups whole.

    Raises
    ------
    SettingError
        If the rows have fewer than two folds.
    LabelError
        If all rows of a class are in one fold.
    """
    y, groups = checked_labels(y, groups)
    published = np.asarray(published)
    if published.shape != y.shape:
        raise ShapeError(f"{published.shape} published folds for {y.shape} rows")
    numbers, code = np.unique(published, return_inverse=True)
    if len(numbers) < 2:
        raise SettingError(
            f"the rows to learn from have {len(numbers)} published fold, too few to cross-validate",
            where="--folds published",
            fix="use --folds 5",
        )
    counts = np.zeros((int(groups.max()) + 1, len(numbers)), np.int64)
    np.add.at(counts, (groups, code), 1)
    whole = counts.argmax(1)[groups]
    return _folds_of(y, whole, names), int((whole != code).sum())


def nested_folds(
    y: np.ndarray,
    groups: np.ndarray,
    *,
    n_outer: int = 5,
    n_inner: int = 3,
    seed: int,
    names: Sequence[str] | None = None,
) -> list[NestedFold]:
    """Cross-validation inside cross-validation: choose a setting by the inner folds, judge the choice by the outer.

    No inner fold holds a validation row of its outer fold, and groups are whole on both levels.

    References
    ----------
    Varma & Simon 2006, doi:10.1186/1471-2105-7-91
    """
    y, groups = np.asarray(y), np.asarray(groups)
    nested = []
    for outer in folds(y, groups, n_folds=n_outer, seed=seed, names=names):
        rows = outer[2]
        inner_seed = int(np.random.SeedSequence([seed, outer[1]]).generate_state(1)[0])
        inner = folds(y[rows], groups[rows], n_folds=n_inner, seed=inner_seed, names=names)
        nested.append(NestedFold(outer, [(r, k, rows[train], rows[validation]) for r, k, train, validation in inner]))
    return nested


def _folds_of(y: np.ndarray, part: np.ndarray, names: Sequence[str] | None) -> list[Fold]:
    part = number_groups(part)
    n_parts = int(part.max()) + 1
    counts = np.zeros((n_parts, int(y.max()) + 1), np.int64)
    np.add.at(counts, (part, y), 1)
    alone = np.flatnonzero((counts.sum(0) > 0) & ((counts > 0).sum(0) < 2))
    if len(alone):
        c = int(alone[0])
        raise LabelError(
            f"all {int(counts[:, c].sum())} rows of class {names[c] if names is not None else c!r} are in one fold, so "
            "that nothing can be learnt about it when that fold is left out",
            fix="use --folds 5, or leave the class out",
        )
    return [(0, k, np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n_parts)]
