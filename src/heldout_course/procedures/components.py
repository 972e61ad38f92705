"""Principal components of iris, and new rows made with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure
from heldout_course.procedures.facts import table_of
from heldout_course.scratch.pca import PCA

N_TRAIN = 120


def shuffled_iris(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and classes of iris (the UCI file) in another order; the first 120 train."""
    x, y, _ = table_of("iris")
    order = np.random.default_rng([seed, 3]).permutation(len(x))
    return x[order], y[order]


@procedure("iris-pair-components")
def iris_pair_components(
    of_classes: Sequence[int] = (1, 2), features: Sequence[int] = (0, 1), copy: str = "uci"
) -> dict[str, Any]:
    """Principal components of two features (from 0) of some classes of iris.

    `degrees` is the direction of the first component, from the axis of the first feature.
    """
    x, y, names = table_of("iris", copy)
    pair = x[np.isin(y, of_classes)][:, list(features)]
    found = PCA().fit(pair)
    first = found.components_[0]
    return {
        "rows": len(pair),
        "share_1": float(found.variance_ratio_[0]),
        "share_2": float(found.variance_ratio_[1]),
        "degrees": float(np.degrees(np.arctan2(first[1], first[0]))),
        "centred": np.round(pair - found.mean_, 4),
        "components": found.components_,
        "shares": found.variance_ratio_,
        "names": [names[feature] for feature in features],
    }


@procedure("iris-components")
def iris_components(component: int, copy: str = "uci", fitted_on: str = "all") -> dict[str, Any]:
    """Share of the variance of iris that a component (from 1) holds, and all up to it.

    Parameters
    ----------
    fitted_on : 'all' or 'train'
        All 150 rows, or the first 120 of an order that is fixed here.
    """
    if fitted_on not in ("all", "train"):
        raise SettingError(f"fitted_on is {fitted_on!r}", fix="all or train")
    x = table_of("iris", copy)[0]
    if fitted_on == "train":
        x = x[np.random.default_rng([0, 3]).permutation(len(x))[:N_TRAIN]]
    found = PCA().fit(x)
    shares = found.variance_ratio_
    back = found.inverse_transform(found.transform(x))
    return {
        "share": float(shares[component - 1]),
        "together": float(shares[:component].sum()),
        "lost_by_going_back": float(np.abs(back - x).max()),
    }


@procedure("iris-new-rows")
def iris_new_rows(way: str = "component-rows", fitted_on: str = "all", sets: int = 10, *, seed: int) -> dict[str, Any]:
    """Ten sets of the 120 training rows, of which the first is the rows themselves.

    Parameters
    ----------
    way : 'component-rows', 'component-columns' or 'scores'
        See `heldout.augment.features.PCANoise`. The first two add normal noise of 0.1 cm to the components, as the
        course's companion file and its published listing do; 'scores' moves each row on its own, by 0.1 deviations.
    fitted_on : 'all' or 'train'
        Rows that the components are fitted on.
    """
    from heldout.augment.features import PCANoise

    x, y = shuffled_iris(seed)
    train, test = x[:N_TRAIN], x[N_TRAIN:]
    maker = PCANoise(keep=2, sigma=0.1, relative=way == "scores", way=way)  # type: ignore[arg-type]
    maker.fit(x if fitted_on == "all" else train)
    made = maker.make(train, y[:N_TRAIN], copies=sets - 1, seed=[seed, 4])  # type: ignore[arg-type]
    shift = made.x - train[made.source]
    return {
        "per_set": len(train),
        "total": len(train) + len(made.x),
        "test_rows": len(test),
        "furthest_sepal": float(np.abs(shift[:, :2]).max()),
        "furthest_petal": float(np.abs(shift[:, 2:]).max()),
        "mean_distance": float(np.linalg.norm(shift, axis=1).mean()),
        "nearest_other": _nearest_other(train),
        "moved_alike": _moved_alike(shift[:N_TRAIN], train),
        "rows": np.round(train[:, :2], 3),
        "new_rows": np.round(made.x[:, :2], 3),
    }


def _nearest_other(x: np.ndarray) -> float:
    """Mean distance of a row to the nearest row that is not equal to it."""
    apart = np.linalg.norm(x[:, None] - x, axis=2)
    apart[apart == 0] = np.inf
    return float(apart.min(axis=1).mean())


def _moved_alike(shift: np.ndarray, x: np.ndarray) -> float:
    """Share of one set's shifts that a single linear map of the rows explains (1: all rows obey one map)."""
    design = np.column_stack([x, np.ones(len(x))])
    rest = shift - design @ np.linalg.lstsq(design, shift, rcond=None)[0]
    total = float(((shift - shift.mean(axis=0)) ** 2).sum())
    return 1 - float((rest**2).sum()) / total if total else 0.0
