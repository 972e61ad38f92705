"""Rows of a job: which are used, which train and which test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import DataError, HeldoutError, SettingError
from heldout.split.rows import equal_folds
from heldout_course.experiments.data import DataSpec

Pair = tuple[np.ndarray, np.ndarray]
"""Training rows and test rows."""


@dataclass(frozen=True)
class Rows:
    """All rows that a job may use, and the pairs of training and test rows (one, or one for each fold).

    `used` are the rows that take part at all, before any are drawn (for ``classes``: those of these classes).
    """

    data: Dataset
    y: np.ndarray
    classes: tuple[str, ...]
    pairs: tuple[Pair, ...]
    used: np.ndarray


@lru_cache(maxsize=1)
def _loaded(name: str, target: str | None, group: str | None, fold: str | None) -> Dataset:
    from heldout import load

    return load(name, target=target, group=group, fold=fold)


def find_rows(spec: DataSpec, seed: int) -> Rows:
    """Which rows train and which test, for a job's description of data.

    Raises
    ------
    DataError, SettingError
        If the data cannot be split so.
    """
    data = _loaded(spec.name, spec.target, spec.group, _fold_column(spec))
    y, classes, used = _labels(data, spec)
    try:
        return Rows(data, y, classes, _pairs(data, y, used, spec, seed), used)
    except HeldoutError as error:
        raise type(error)(error.what, where=spec.name, fix=error.fix) from error


def _fold_column(spec: DataSpec) -> str | None:
    """The column of a file that holds its published folds; named datasets bring their own."""
    from heldout.data.named import NAMED

    return "fold" if spec.folds == "published" and spec.name not in NAMED else None


def _labels(data: Dataset, spec: DataSpec) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Class numbers, class names, and the rows that are used."""
    if spec.labels == "even-odd":
        try:
            parity = np.array([int(name) % 2 for name in data.classes])
        except ValueError:
            raise SettingError("labels: even-odd needs classes that are numbers", fix="leave out labels") from None
        return parity[data.y], ("even", "odd"), np.arange(len(data))
    if spec.classes is None:
        return data.y, data.classes, np.arange(len(data))
    wanted = tuple(str(name) for name in spec.classes)
    unknown = [name for name in wanted if name not in data.classes]
    if unknown:
        raise SettingError(f"Unknown class {unknown[0]!r}", fix="classes are " + ", ".join(data.classes[:20]))
    numbers = np.full(len(data.classes), -1)
    for position, name in enumerate(wanted):
        numbers[data.classes.index(name)] = position
    y = numbers[data.y]
    return y, wanted, np.flatnonzero(y >= 0)


def _pairs(data: Dataset, y: np.ndarray, used: np.ndarray, spec: DataSpec, seed: int) -> tuple[Pair, ...]:
    official = data.official_test if data.official_test is not None else np.zeros(len(data), bool)
    pool, test_pool = used[~official[used]], used[official[used]]
    draw = np.random.default_rng([seed, 1])
    order = spec.order(draw)
    if spec.folds is not None:
        return tuple(_folds(data, pool, y, spec, spec.folds, order))
    if spec.shuffle is not None:
        pool = order.permutation(pool)
    train = spec.train_rows.of(pool, draw)
    if len(test_pool):
        return ((train, spec.test_rows.of(test_pool, draw)),)
    if data.groups is not None:
        raise SettingError("These data have groups, which must not cross a split", fix="folds: 5 (by group)")
    rest = pool[~np.isin(pool, train)]
    if not len(rest):
        raise DataError("No rows are left to test on", fix="train: 80%, or folds: 5")
    return ((train, spec.test_rows.of(rest, draw)),)


def _folds(
    data: Dataset, pool: np.ndarray, y: np.ndarray, spec: DataSpec, folds: int | str, draw: np.random.Generator
) -> Iterator[Pair]:
    """Folds as the course cuts them (equal parts of one shuffle, the rest unused), by class, by group, or published."""
    groups = None if data.groups is None else data.groups[pool]
    if isinstance(folds, str):
        pairs = _known_folds(data, pool, y[pool], groups, folds)
    elif groups is not None or spec.stratify:
        pairs = _by_class(y[pool], groups, folds, int(draw.integers(2**31)))
    else:
        parts = equal_folds(pool, folds, draw)
        for number, part in enumerate(parts):
            yield np.concatenate(np.delete(parts, number, axis=0)), part
        return
    for train, test in pairs:
        yield pool[train], pool[test]


def _known_folds(data: Dataset, pool: np.ndarray, y: np.ndarray, groups: np.ndarray | None, way: str) -> list[Pair]:
    """Folds that nothing draws: each group left out in turn, or those that came with the data; positions."""
    from heldout.split.validation import leave_one_group_out, published_folds

    own = np.arange(len(pool)) if groups is None else groups
    if way == "loo-group":
        found = leave_one_group_out(y, own, names=data.classes)
    elif data.folds is None:
        raise SettingError("These data came without folds", fix="folds: 5")
    else:
        found = published_folds(y, own, data.folds[pool], names=data.classes)[0]
    return [(train, test) for _, _, train, test in found]


def _by_class(y: np.ndarray, groups: np.ndarray | None, n_folds: int, seed: int) -> list[Pair]:
    """scikit-learn's folds by class, groups whole where there are any; positions."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    maker = StratifiedGroupKFold if groups is not None else StratifiedKFold
    try:
        return list(maker(n_folds, shuffle=True, random_state=seed).split(np.arange(len(y)), y, groups))
    except ValueError as error:
        raise DataError(f"Cannot cut {n_folds} folds: {error}", fix="fewer folds") from error
