"""Splits by class and at random, of generated data with a rare class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure

PARTS = ("train", "validation", "test")


def generated(seed: int, *, rows: int = 10_000, flipped: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, 9 to 1, in 20 features, with this share of labels drawn anew."""
    from sklearn.datasets import make_classification

    x, y = make_classification(n_samples=rows, weights=[0.9, 0.1], flip_y=flipped, random_state=seed)
    return x, np.asarray(y, np.int64)


@procedure("generated-classes")
def generated_classes(flipped: float = 0.01, *, seed: int) -> dict[str, Any]:
    """Rows of each class; the share of class 1 to expect is 0.1 + flipped * (0.5 - 0.1)."""
    x, y = generated(seed, flipped=flipped)
    return {
        "rows": len(x),
        "features": x.shape[1],
        "class_0": int((y == 0).sum()),
        "class_1": int(y.sum()),
        "percent_1": 100 * float(y.mean()),
        "expected_percent_1": 100 * (0.1 + flipped * (0.5 - 0.1)),
    }


@procedure("split-by-class")
def split_by_class_counts(class_0: int, class_1: int, way: str = "printed") -> dict[str, Any]:
    """Rows of each class in each part of a 90/5/5 split by class.

    Parameters
    ----------
    way : 'printed' or 'mended'
        'printed' repeats the course's arithmetic: it makes room for ``int(rest_0 / 2 + rest_1 / 2)`` validation rows
        and fills ``rest_0 // 2 + rest_1 // 2``; where the two differ, its assignment fails.
    """
    counts = [class_0, class_1]
    if way == "printed":
        train = [int(0.9 * n) for n in counts]
        rest = [n - t for n, t in zip(counts, train, strict=True)]
        validation = [r // 2 for r in rest]
        room = int(rest[0] / 2 + rest[1] / 2)
        parts = {
            "train": train,
            "validation": validation,
            "test": [r - v for r, v in zip(rest, validation, strict=True)],
        }
        works = room == sum(validation)
    elif way == "mended":
        from heldout.split.ways import PRESETS, split_by_class

        y = np.repeat([0, 1], counts)
        rows = split_by_class(y, np.arange(len(y)), shares=PRESETS["90/5/5"], seed=1)
        parts, works = {name: np.bincount(y[rows[name]], minlength=2).tolist() for name in PARTS}, True
    else:
        raise SettingError(f"way is {way!r}", fix="printed or mended")
    found: dict[str, Any] = {f"{name}_{label}": parts[name][label] for name in PARTS for label in (0, 1)}
    return found | {"fails": 0 if works else 1, "rows": sum(map(sum, parts.values()))}


def _parts(y: np.ndarray, way: str, seed: int) -> dict[str, np.ndarray]:
    from heldout.split.ways import PRESETS, split_at_random, split_by_class

    groups = np.arange(len(y))
    if way == "random":
        return split_at_random(groups, shares=PRESETS["90/5/5"], seed=seed)
    return split_by_class(y, groups, shares=PRESETS["90/5/5"], seed=seed)


@procedure("split-once", light=False)
def split_once(way: str = "random", *, seed: int) -> dict[str, Any]:
    """One 90/5/5 split of one generated data set: sizes, and how far the share of class 1 is off in each part."""
    _, y = generated(0)
    rows = _parts(y, way, seed)
    found: dict[str, Any] = {f"{name}_rows": len(rows[name]) for name in PARTS}
    found |= {f"{name}_off": 100 * abs(float(y[rows[name]].mean() - y.mean())) for name in PARTS}
    return found | {"rows_twice": len(y) - len(np.unique(np.concatenate(list(rows.values()))))}


@procedure("ten-splits", light=False)
def ten_splits(part: str, way: str = "random", flipped: float = 0.01, runs: int = 10, *, seed: int) -> dict[str, Any]:
    """Class 1 in one part of ten splits, each of a data set of its own.

    `relative_spread` is the standard deviation over the mean.
    """
    counts, sizes = [], []
    for run in range(runs):
        _, y = generated(1000 * seed + run, flipped=flipped)
        rows = _parts(y, way, 1000 * seed + run)[part]
        counts.append(int(y[rows].sum()))
        sizes.append(len(rows))
    of_1 = np.array(counts)
    return {
        "mean_0": float((np.array(sizes) - of_1).mean()),
        "mean_1": float(of_1.mean()),
        "least_1": int(of_1.min()),
        "most_1": int(of_1.max()),
        "percent_1": 100 * float((of_1 / sizes).mean()),
        "relative_spread": float(of_1.std(ddof=1) / of_1.mean()),
        "counts_1": counts,
        "rows": sizes[0],
    }


@procedure("split-preset")
def split_preset(preset: str, rows: int = 10_000) -> dict[str, Any]:
    """Sizes of the parts of a preset in percent, and rows that are in two parts."""
    from heldout.split.ways import PRESETS, split_at_random

    if preset not in PRESETS:
        raise SettingError(f"Unknown preset {preset!r}", fix=", ".join(PRESETS))
    parts = split_at_random(np.arange(rows), shares=PRESETS[preset], seed=1)
    together = np.concatenate(list(parts.values()))
    percent = {name: 100 * len(parts[name]) / rows if name in parts else 0.0 for name in PARTS}
    return percent | {"in_two_parts": len(together) - len(np.unique(together))}


@procedure("fold-scheme")
def fold_scheme(k: int, rows_per_class: Sequence[int] = (420, 420)) -> dict[str, Any]:
    """How often each row is tested on and trained on in k folds, and the share of rows that train a model."""
    from heldout.split.partition import folds

    y = np.repeat(np.arange(len(rows_per_class)), rows_per_class)
    tested, trained = np.zeros(len(y), int), np.zeros(len(y), int)
    shares = []
    for _, _, train, test in folds(y, np.arange(len(y)), n_folds=k, seed=1):
        tested[test] += 1
        trained[train] += 1
        shares.append(len(train) / len(y))
    return {
        "models": k,
        "least_tested": tested.min(),
        "most_tested": tested.max(),
        "least_trained": trained.min(),
        "most_trained": trained.max(),
        "train_share": float(np.mean(shares)),
    }
