"""Which training rows only measure, and what each row weighs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.nets.fit.streams import VALIDATION, generator


def hold_out(
    rows: np.ndarray, labels: np.ndarray, share: float, seed: int, groups: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split training rows into those that train and those that only measure, class by class.

    Parameters
    ----------
    rows : int64 array
        Training rows.
    labels : int64 array
        Class number of every row of the data.
    share : float in (0, 1)
        Of each class, at least one row and never all.
    groups : array, shape as labels, optional
        Rows of a group stay together: then groups are drawn, until the share of rows is reached.

    Returns
    -------
    training, validation : int64 arrays, sorted
    """
    if not 0 < share < 1:
        raise SettingError(f"validation={share:g} is outside (0, 1)", fix="validation=0.1")
    random = generator(seed, VALIDATION)
    if groups is not None:
        chosen = _hold_out_groups(rows, np.asarray(groups), share, random)
    else:
        chosen = np.zeros(len(rows), bool)
        for number in np.unique(labels[rows]):
            places = np.flatnonzero(labels[rows] == number)
            n = min(len(places) - 1, max(1, round(share * len(places))))
            chosen[random.permutation(places)[:n]] = True
    training, validation = np.sort(rows[~chosen]), np.sort(rows[chosen])
    missing = np.setdiff1d(labels[rows], labels[training])
    if not len(validation) or not len(training) or len(missing):
        counts = f"leaves {len(training)} to train on and {len(validation)} to measure"
        lost = f", and none of class number {missing[0]} to train on" if len(missing) else ""
        raise LabelError(
            f"validation={share:g} of {len(rows)} rows {counts}{lost}",
            fix="give more rows, or validation=(x, y)",
        )
    return training, validation


def _hold_out_groups(rows: np.ndarray, groups: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    names, numbers, sizes = np.unique(groups[rows], return_inverse=True, return_counts=True)
    order = random.permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = order[before < share * len(rows)]
    return np.isin(numbers, chosen)


def row_weights(
    labels: np.ndarray, classes: np.ndarray, class_weight: Mapping[Any, float] | str | None, sample_weight: Any
) -> np.ndarray | None:
    """Weight of each row: class weight times sample weight; None if all are 1."""
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.ndim == 0:
            weights = np.full(len(labels), float(weights))
        if weights.shape != labels.shape:
            raise ShapeError(
                f"sample_weight has shape {weights.shape}, the labels {labels.shape}", fix="one weight a row"
            )
        if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
            raise SettingError("sample_weight holds a negative, a NaN, or only zeros", fix="weights from 0")
    if class_weight is not None:
        by_class = _class_weights(labels, classes, class_weight)[labels]
        weights = by_class if weights is None else weights * by_class
    return weights


def _class_weights(labels: np.ndarray, classes: np.ndarray, given: Mapping[Any, float] | str) -> np.ndarray:
    if isinstance(given, str):
        if given != "balanced":
            raise SettingError(f"class_weight={given!r}", fix="'balanced', or a dict from label to weight")
        counts = np.bincount(labels, minlength=len(classes))
        return len(labels) / (len(classes) * np.maximum(counts, 1))
    known = classes.tolist()
    unknown = [label for label in given if label not in known]
    if unknown:
        raise SettingError(f"class_weight names {unknown[0]!r}, which is no class", fix=f"classes: {known[:10]}")
    weights = np.array([float(given.get(label, 1.0)) for label in known])
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise SettingError("class_weight holds a negative, a NaN, or only zeros", fix="weights from 0")
    return weights
