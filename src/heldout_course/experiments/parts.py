"""Rows of a job: which train, which test, and how they are brought to numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import DataError, SettingError

DATA_DEFAULTS: dict[str, Any] = {
    "as": "vectors",
    "scale": "none",
    "pca": None,
    "classes": None,
    "labels": None,
    "scramble": False,
    "shuffle": None,
    "train": "all",
    "test": "all",
    "folds": None,
    "stratify": False,
    "target": None,
    "group": None,
}
FIXED_SCALES = {"none": 1.0, "1/256": 1 / 256, "1/255": 1 / 255}
FITTED_SCALES = ("standardize", "standardize-epsilon", "standardize-all")
TINY = 1e-8
_TRAIN = re.compile(r"all|first \d+|random \d+|\d+(\.\d+)?%")
_TEST = re.compile(r"all|rest|first \d+|random \d+")


def check_data(data: Mapping[str, Any]) -> None:
    """Refuse descriptions of data that mean nothing.

    Raises
    ------
    SettingError
    """
    if not isinstance(data.get("name"), str) or not data["name"]:
        raise SettingError("data has no name", fix="data: {name: mnist}, or the path of a file or folder")
    choices = {
        "as": ("vectors", "images"),
        "scale": (*FIXED_SCALES, *FITTED_SCALES),
        "labels": (None, "even-odd"),
        "scramble": (True, False),
        "stratify": (True, False),
    }
    for key, known in choices.items():
        if data.get(key, known[0]) not in known:
            words = ", ".join(str(word).lower() for word in known if word is not None)
            raise SettingError(f"{key} is {data[key]!r}", fix=f"one of {words}")
    for key, pattern in (("train", _TRAIN), ("test", _TEST)):
        if not pattern.fullmatch(str(data.get(key, "all"))):
            forms = (
                "all, 'first 3000', 'random 3000' or '80%'"
                if key == "train"
                else "all, rest, 'first 1000' or 'random 1000'"
            )
            raise SettingError(f"{key} is {data[key]!r}", fix=forms)
    for key, least in (("folds", 2), ("pca", 1)):
        value = data.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise SettingError(f"{key} is {value!r}", fix=f"a whole number from {least}")
    shuffle = data.get("shuffle")
    if shuffle not in (None, "each") and (isinstance(shuffle, bool) or not isinstance(shuffle, int) or shuffle < 0):
        raise SettingError(f"shuffle is {shuffle!r}", fix="a seed, or `each` for another order at each repeat")
    if data.get("classes") is not None and (not isinstance(data["classes"], list) or len(data["classes"]) < 2):
        raise SettingError(f"classes is {data['classes']!r}", fix="a list of two or more of the data's classes")


def is_drawn(data: Mapping[str, Any]) -> bool:
    """Whether rows are drawn anew at each repeat."""
    each_order = data["folds"] is not None and data["shuffle"] is None
    return each_order or data["shuffle"] == "each" or any(str(data[k]).startswith("random") for k in ("train", "test"))


@dataclass(frozen=True)
class Rows:
    """All rows that a job may use, and the pairs of training and test rows (one, or one for each fold).

    `used` are the rows that take part at all, before any are drawn (for ``classes``: those of these classes).
    """

    data: Dataset
    y: np.ndarray
    classes: tuple[str, ...]
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...]
    used: np.ndarray


@lru_cache(maxsize=1)
def _loaded(name: str, target: str | None, group: str | None) -> Dataset:
    from heldout.kinds.loading import load

    return load(name, target=target, group=group)


def find_rows(spec: Mapping[str, Any], seed: int) -> Rows:
    """Which rows train and which test, for a job's description of data.

    Raises
    ------
    DataError, SettingError
        If the data cannot be split so.
    """
    data = _loaded(spec["name"], spec["target"], spec["group"])
    y, classes, kept = _labels(data, spec)
    official = data.official_test if data.official_test is not None else np.zeros(len(data), bool)
    pool, test_pool = kept[~official[kept]], kept[official[kept]]
    draw = np.random.default_rng([seed, 1])
    if spec["shuffle"] is not None and spec["folds"] is None:
        order = draw if spec["shuffle"] == "each" else np.random.default_rng([spec["shuffle"], 2])
        pool = order.permutation(pool)
    if spec["folds"] is not None:
        shuffled = draw if spec["shuffle"] in (None, "each") else np.random.default_rng([spec["shuffle"], 2])
        groups = None if data.groups is None else data.groups[pool]
        pairs = tuple(_folds(pool, y, groups, spec, shuffled))
    else:
        pairs = (_one_pair(data, pool, test_pool, spec, draw),)
    return Rows(data, y, classes, pairs, kept)


def _labels(data: Dataset, spec: Mapping[str, Any]) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Class numbers, class names, and the rows that are used."""
    if spec["labels"] == "even-odd":
        try:
            parity = np.array([int(name) % 2 for name in data.classes])
        except ValueError:
            raise SettingError("labels even-odd needs classes that are numbers", fix="leave out labels") from None
        return parity[data.y], ("even", "odd"), np.arange(len(data))
    if spec["classes"] is None:
        return data.y, data.classes, np.arange(len(data))
    wanted = tuple(str(name) for name in spec["classes"])
    unknown = [name for name in wanted if name not in data.classes]
    if unknown:
        raise SettingError(f"classes names {unknown[0]!r}", fix="classes are " + ", ".join(data.classes[:20]))
    numbers = np.full(len(data.classes), -1)
    for position, name in enumerate(wanted):
        numbers[data.classes.index(name)] = position
    y = numbers[data.y]
    return y, wanted, np.flatnonzero(y >= 0)


def _one_pair(
    data: Dataset, pool: np.ndarray, test_pool: np.ndarray, spec: Mapping[str, Any], draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    train = _some(pool, str(spec["train"]), draw)
    if len(test_pool):
        return train, _some(test_pool, str(spec["test"]), draw)
    if data.groups is not None:
        raise SettingError("these data have groups, which must not cross a split", fix="folds: 5 (by group)")
    rest = pool[~np.isin(pool, train)]
    if not len(rest):
        raise DataError("no rows are left to test on", where=str(spec["name"]), fix="train: 80%, or folds: 5")
    return train, _some(rest, "all" if spec["test"] == "rest" else str(spec["test"]), draw)


def _some(rows: np.ndarray, words: str, draw: np.random.Generator) -> np.ndarray:
    """``all``, ``first N``, ``random N`` or ``N%`` of rows."""
    if words == "all":
        return rows
    if words.endswith("%"):
        return rows[: int(len(rows) * float(words[:-1]) / 100)]
    word, number = words.split()
    n = int(number)
    if not 0 < n <= len(rows):
        raise DataError(f"{words} of {len(rows):,} rows", fix=f"at most {len(rows):,}")
    return rows[:n] if word == "first" else draw.choice(rows, n, replace=False)


def _folds(
    pool: np.ndarray, y: np.ndarray, groups: np.ndarray | None, spec: Mapping[str, Any], draw: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Folds as the course cuts them (equal parts of one shuffle, the rest unused), by class, or by group."""
    k = spec["folds"]
    if groups is not None or spec["stratify"]:
        from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

        maker = StratifiedGroupKFold if groups is not None else StratifiedKFold
        cutter = maker(k, shuffle=True, random_state=int(draw.integers(2**31)))
        try:
            pairs = list(cutter.split(pool, y[pool], groups))
        except ValueError as error:
            raise DataError(f"no {k} folds: {error}", where=str(spec["name"]), fix="fewer folds") from error
        for train, test in pairs:
            yield pool[train], pool[test]
        return
    size = len(pool) // k
    if not size:
        raise DataError(f"{k} folds of {len(pool)} rows", where=str(spec["name"]), fix="fewer folds")
    parts = draw.permutation(pool)[: k * size].reshape(k, size)
    for number in range(k):
        yield np.concatenate([parts[i] for i in range(k) if i != number]), parts[number]


def values_of(rows: Rows, spec: Mapping[str, Any], wanted: np.ndarray, dtype: Any) -> Any:
    """Rows as numbers before anything is fitted: vectors or images of `dtype` (tables that need it: a DataFrame)."""
    data = rows.data
    if data.kind == "table":
        part = data.x.iloc[wanted]
        plain = all(kind.kind in "fiu" for kind in data.x.dtypes) and not part.isna().to_numpy().any()
        if not plain:
            return part.reset_index(drop=True)
        x = part.to_numpy(dtype)
    elif data.kind == "sounds":
        from heldout.prepare.sounds import SoundSummary

        x = np.asarray(SoundSummary(data.input["rate"]).fit_transform(data.x[wanted]), dtype)
    else:
        x = np.asarray(data.x[wanted]).astype(dtype)
        if spec["scramble"]:
            x = _scrambled(x)
        x = x if spec["as"] == "images" else x.reshape(len(x), -1)
    factor = FIXED_SCALES.get(spec["scale"], 1.0)
    if factor != 1.0:
        x *= factor
    return x


def _scrambled(images: np.ndarray) -> np.ndarray:
    from heldout.data.variants import scramble_order

    n, height, width, channels = images.shape
    flat = images.reshape(n, height * width, channels)
    return np.asarray(flat[:, scramble_order(height * width)].reshape(images.shape))


def is_fixed(spec: Mapping[str, Any]) -> bool:
    """Whether nothing is fitted on the training rows before the model."""
    return spec["scale"] in FIXED_SCALES and spec["pca"] is None


def fit_scaling(rows: Rows, spec: Mapping[str, Any], train: Any, test: Any) -> tuple[np.ndarray, np.ndarray]:
    """Encode, standardize and reduce, fitted on the training rows (``standardize-all``: on all, as the course did)."""
    if not isinstance(train, np.ndarray):
        from heldout.prepare.tables import table_preparation

        made = table_preparation(train, scale=False).fit(train)
        train, test = (np.asarray(made.transform(part), float) for part in (train, test))
    if spec["scale"] in FITTED_SCALES:
        basis = train
        if spec["scale"] == "standardize-all":
            everything = values_of(rows, spec, rows.used, train.dtype)
            basis = everything if isinstance(everything, np.ndarray) else np.concatenate([train, test])
        train, test = standardized(train, test, spec["scale"], basis)
    if spec["pca"] is not None:
        from sklearn.decomposition import PCA

        if spec["pca"] > min(train.shape):
            raise DataError(f"pca {spec['pca']} of {train.shape[1]} columns and {len(train)} rows", fix="fewer")
        made = PCA(spec["pca"], svd_solver="covariance_eigh").fit(train)
        train, test = made.transform(train), made.transform(test)
    return train, test


def standardized(train: np.ndarray, test: np.ndarray, scale: str, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two parts less the mean and over the standard deviation of a basis, in place; constant columns are only moved.

    ``standardize-epsilon`` adds 1e-8 to every deviation instead, as the course prints it.
    """
    mean, std = basis.mean(axis=0), basis.std(axis=0)
    std = std + TINY if scale == "standardize-epsilon" else np.where(std == 0, 1.0, std)
    for part in {id(part): part for part in (train, test)}.values():
        part -= mean
        part /= std
    return train, test
