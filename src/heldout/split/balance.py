"""Dealing groups to parts so that every part gets its share of every class.

The misfit is chi-squared, ``sum (n_pc - t_pc)**2 / t_pc`` over parts p and classes c: a row too many weighs
most where few are wanted. Groups of several rows are placed greedily, largest first (as in scikit-learn's
StratifiedGroupKFold), single rows then fill what is left exactly, and moves and swaps of groups that lower
the misfit finish it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

N_PASSES = 3
N_SWAPS = 4000
EMPTY = 1e6  # cost of a part without any row of a class: more than any imbalance


def deal_groups(y: np.ndarray, groups: np.ndarray, targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The part of each row; rows of a group share it.

    Parameters
    ----------
    y : int64 array, shape (n_rows,)
        Classes.
    groups : int64 array, shape (n_rows,)
        Numbered from 0 without gaps.
    targets : array, shape (n_parts, n_classes)
        Wanted rows by part and class; each column sums to the rows of that class.
    generator : numpy.random.Generator

    Returns
    -------
    int64 array, shape (n_rows,)
        Part numbers. With single rows only, ``targets`` of whole numbers are met exactly, and others to
        within one row.
    """
    sizes = np.bincount(groups)
    single = sizes[groups] == 1
    counts = np.zeros(targets.shape)
    part_of_group = np.full(len(sizes), -1)
    bundles = _bundles(y[~single], groups[~single], generator)
    for group, classes, n in bundles:
        part = _best_part(counts, targets, classes, n)
        part_of_group[group] = part
        counts[part, classes] += n
    if bundles:
        _move(bundles, part_of_group, counts, targets, np.bincount(y[single], minlength=targets.shape[1]))
    deal = _Deal(y, groups, part_of_group, counts, targets, generator)
    _fill_singles(deal, np.flatnonzero(single))
    if bundles:
        _swap(deal)
    return part_of_group[groups]


Bundle = tuple[int, np.ndarray, np.ndarray]  # (group, its classes, rows of each)


def _bundles(y: np.ndarray, groups: np.ndarray, generator: np.random.Generator) -> list[Bundle]:
    """Groups of several rows with their content, largest first, in random order among equals."""
    if len(y) == 0:
        return []
    n_classes = int(y.max()) + 1
    pairs, n = np.unique(groups * n_classes + y, return_counts=True)
    owners, classes = pairs // n_classes, pairs % n_classes
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    found = [
        (int(owners[s]), classes[s:e], n[s:e]) for s, e in zip(starts, np.r_[starts[1:], len(owners)], strict=True)
    ]
    order = generator.permutation(len(found))
    return sorted((found[i] for i in order), key=lambda bundle: -int(bundle[2].sum()))


def _gain(counts: np.ndarray, targets: np.ndarray, classes: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Change of the misfit, by part, if ``n`` rows of ``classes`` were added to it."""
    now, wanted = counts[:, classes], np.maximum(targets[:, classes], 1e-9)
    change = ((2 * (now - wanted) + n) * n / wanted).sum(1)
    emptiness = (now + n <= 0).sum(1) - (now <= 0).sum(1)
    return change + EMPTY * emptiness


def _best_part(counts: np.ndarray, targets: np.ndarray, classes: np.ndarray, n: np.ndarray) -> int:
    """The part where the rows fit best; among equals the emptiest."""
    gain = _gain_without_emptiness(counts, targets, classes, n)
    best = np.flatnonzero(gain <= gain.min() + 1e-9)
    return int(best[np.argmin(counts[best].sum(1) / targets[best].sum(1))])


def _gain_without_emptiness(counts: np.ndarray, targets: np.ndarray, classes: np.ndarray, n: np.ndarray) -> np.ndarray:
    # While groups are still being dealt, empty parts are the rule, and chi-squared fills them by itself.
    wanted = np.maximum(targets[:, classes], 1e-9)
    return ((2 * counts[:, classes] + n) * n / wanted).sum(1)


def _move(
    bundles: list[Bundle],
    part_of_group: np.ndarray,
    counts: np.ndarray,
    targets: np.ndarray,
    spare: np.ndarray,
) -> None:
    """Move groups to a better part while that lowers the misfit; single rows count as dealt ideally."""
    total = counts.sum(0)
    ideal = targets * np.divide(total, total + spare, out=np.zeros_like(total), where=total > 0)
    for _ in range(N_PASSES):
        moved = False
        for group, classes, n in bundles:
            part = part_of_group[group]
            leave = _gain(counts, ideal, classes, -n)[part]
            counts[part, classes] -= n
            enter = _gain(counts, ideal, classes, n)
            best = int(np.argmin(enter))
            if best != part and leave + enter[best] < -1e-9:
                part_of_group[group] = best
                moved = True
            counts[part_of_group[group], classes] += n
        if not moved:
            return


@dataclass(frozen=True)
class _Deal:
    """A deal in progress: who is in which part (-1: none yet), and what each part has and wants of each class."""

    y: np.ndarray
    groups: np.ndarray
    part_of_group: np.ndarray
    counts: np.ndarray
    targets: np.ndarray
    generator: np.random.Generator


def _fill_singles(deal: _Deal, rows: np.ndarray) -> None:
    """Deal single rows, class by class, always to the part that lacks most."""
    y, counts, targets, generator = deal.y, deal.counts, deal.targets, deal.generator
    load = counts.sum(1)
    rows = generator.permutation(rows)
    start = generator.permutation(len(targets))  # equals take turns in random order
    for c in np.flatnonzero(np.bincount(y[rows], minlength=targets.shape[1])) if len(rows) else ():
        own = rows[y[rows] == c]
        lacking = [(-(targets[p, c] - counts[p, c]), load[p] - targets[p].sum(), k, p) for k, p in enumerate(start)]
        heapq.heapify(lacking)
        for row in own:
            missing, _, k, p = heapq.heappop(lacking)
            deal.part_of_group[deal.groups[row]] = p
            counts[p, c] += 1
            load[p] += 1
            heapq.heappush(lacking, (missing + 1, load[p] - targets[p].sum(), k, p))


def _swap(deal: _Deal) -> None:
    """Swap random pairs of groups, or move one, wherever that lowers the misfit."""
    y, groups, part_of_group, counts, targets = deal.y, deal.groups, deal.part_of_group, deal.counts, deal.targets
    n_groups, n_classes = len(part_of_group), targets.shape[1]
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(n_groups + 1))
    wanted = np.maximum(targets, 1e-9)

    def content(group: int) -> np.ndarray:
        return np.bincount(y[order[starts[group] : starts[group + 1]]], minlength=n_classes)

    def misfit(part: int) -> float:
        row = counts[part]
        return float(
            ((row - targets[part]) ** 2 / wanted[part]).sum() + EMPTY * ((row <= 0) & (targets[part] > 0)).sum()
        )

    tries = min(N_SWAPS, 20 * n_groups)
    for a, b in deal.generator.integers(n_groups, size=(tries, 2)):
        p, q = int(part_of_group[a]), int(part_of_group[b])
        if p == q:
            continue
        before = misfit(p) + misfit(q)
        mine, yours = content(int(a)), content(int(b))
        for change in (mine - yours, mine):
            counts[p] -= change
            counts[q] += change
            if misfit(p) + misfit(q) < before - 1e-9:
                part_of_group[a] = q
                if change is not mine:
                    part_of_group[b] = p
                break
            counts[p] += change
            counts[q] -= change
