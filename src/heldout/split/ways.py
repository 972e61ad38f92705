"""Further ways to split rows into train, validation and test, next to `split_off_test`; groups stay whole.

Shares are given as a mapping from part to share, such as ``{"train": 0.8, "validation": 0.1, "test": 0.1}``; a part
is any name. Each function gives the positions of the rows of each part, sorted: together all rows, none twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from heldout.errors import DataError, SettingError, ShapeError
from heldout.split.balance import deal_groups
from heldout.split.partition import checked_labels, generator_of, number_groups

Parts = dict[str, np.ndarray]

PRESETS: Mapping[str, Mapping[str, float]] = {
    "90/5/5": {"train": 0.9, "validation": 0.05, "test": 0.05},
    "80/10/10": {"train": 0.8, "validation": 0.1, "test": 0.1},
    "80/20": {"train": 0.8, "test": 0.2},
    "98/1/1": {"train": 0.98, "validation": 0.01, "test": 0.01},
}


def split_by_class(y: np.ndarray, groups: np.ndarray, *, shares: Mapping[str, float], seed: int) -> Parts:
    """Part the rows so that each part has its share of each class, drawn at random within the class.

    If no two rows share a group, every count is within one row of ``share * n_c``; with larger groups as near as
    `heldout.split.balance.deal_groups` finds.

    Parameters
    ----------
    y, groups : int arrays, shape (n_rows,)
    shares : mapping of str to float
        Sum to 1; see `PRESETS`.
    seed : int

    Raises
    ------
    SettingError
        If the shares do not sum to 1.
    """
    y, groups = checked_labels(y, groups)
    names, portions = _checked_shares(shares)
    targets = np.outer(portions, np.bincount(y))
    return _parts(names, deal_groups(y, groups, targets, generator_of(seed)))


def split_at_random(groups: np.ndarray, *, shares: Mapping[str, float], seed: int) -> Parts:
    """Shuffle the groups and cut: sizes are right to half a group, classes fall as they fall.

    With single rows the cuts are at ``round(share * n_rows)``.
    """
    groups = number_groups(np.asarray(groups))
    names, portions = _checked_shares(shares)
    order = generator_of(seed).permutation(groups.max(initial=-1) + 1)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return _parts(names, _cut(rank[groups], portions))


def split_by_time(time: np.ndarray, groups: np.ndarray, *, shares: Mapping[str, float]) -> Parts:
    """Cut the rows in the order of time: the first part is the earliest.

    A group counts by its latest row, so that every row of an earlier part is older than the first group of the next
    part ends; rows of the same time are never cut apart. Nothing is random.

    Parameters
    ----------
    time : float array, shape (n_rows,)
    groups : int array, shape (n_rows,)
    shares : mapping of str to float
        In the order of time.

    Raises
    ------
    DataError
        If a time is missing, or all rows would be in one part.
    """
    time, groups = np.asarray(time, np.float64), number_groups(np.asarray(groups))
    if time.shape != groups.shape:
        raise ShapeError(f"{time.shape} times for {groups.shape} rows")
    if np.isnan(time).any():
        raise DataError(f"row {int(np.flatnonzero(np.isnan(time))[0])} has no time", fix="give each row a time")
    names, portions = _checked_shares(shares)
    latest = np.full(groups.max(initial=-1) + 1, -np.inf)
    np.maximum.at(latest, groups, time)
    _, rank = np.unique(latest, return_inverse=True)
    part = _cut(rank[groups], portions)
    if len(np.unique(part)) < len(portions):
        raise DataError(
            f"{len(time)} rows have {len(np.unique(time))} distinct times, too few for {len(portions)} parts",
            fix="use a finer time column, or split by class",
        )
    return _parts(names, part)


def split_by_hash(keys: Sequence[str | bytes], groups: np.ndarray, *, shares: Mapping[str, float], seed: int) -> Parts:
    """Put each group where the hash of its key falls, so that a row stays on its side when the data grow.

    The key of a group is the smallest of its rows' keys; a group that is known by one key (the name of a patient)
    stays for good. Shares hold on average: with n groups, to about ``sqrt(share * (1 - share) / n)``.

    Parameters
    ----------
    keys : sequence of str or bytes, one a row
        What a row is known by: its group's name, its content's digest, or its id.
    groups : int array, shape (n_rows,)
    shares : mapping of str to float
    seed : int
        Another seed gives another split.
    """
    groups = number_groups(np.asarray(groups))
    if len(keys) != len(groups):
        raise ShapeError(f"{len(keys)} keys for {len(groups)} rows")
    names, portions = _checked_shares(shares)
    smallest: dict[int, bytes] = {}
    for group, key in zip(groups.tolist(), keys, strict=True):
        plain = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else bytes(key)
        if group not in smallest or plain < smallest[group]:
            smallest[group] = plain
    bounds = np.cumsum(portions)[:-1]
    place = [_unit(smallest[group], seed) for group in range(len(smallest))]
    return _parts(names, np.searchsorted(bounds, place, side="right")[groups])


def _checked_shares(shares: Mapping[str, float]) -> tuple[list[str], np.ndarray]:
    portions = np.array(list(shares.values()), np.float64)
    if len(portions) < 2 or not (portions > 0).all() or abs(portions.sum() - 1) > 1e-9:
        raise SettingError(
            f"the shares {dict(shares)} are not two or more positive numbers that sum to 1",
            fix="{'train': 0.8, 'test': 0.2}",
        )
    return list(shares), portions


def _cut(rank: np.ndarray, portions: np.ndarray) -> np.ndarray:
    """The part of each row when units, in the order of their rank, are cut; a unit goes where its middle lies."""
    sizes = np.bincount(rank)
    bounds = np.floor(np.cumsum(portions)[:-1] * len(rank) + 0.5)
    middles = np.cumsum(sizes) - sizes / 2
    return np.searchsorted(bounds, middles, side="right")[rank]


def _unit(key: bytes, seed: int) -> float:
    digest = hashlib.sha256(b"heldout split %d\n" % seed + key).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _parts(names: Sequence[str], part: np.ndarray) -> Parts:
    return {name: np.flatnonzero(part == number) for number, name in enumerate(names)}
