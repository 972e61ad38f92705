"""Learning curves (score against training rows) and validation curves (score against a setting)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.errors import LabelError, SettingError
from heldout.evaluate.confusion import mcc
from heldout.evaluate.standard_errors import mean_and_se

__all__ = ["ScoreCurve", "learning_curve", "validation_curve"]

Fold = tuple[np.ndarray, np.ndarray]
"""Training rows and validation rows, as positions."""


@dataclass(frozen=True)
class ScoreCurve:
    """Scores along an axis.

    Attributes
    ----------
    x : tuple
        Training rows, or values of the setting.
    training, validation : float array, shape (n_points, n_folds)
        Score on the rows that were trained on, and on those that were not.
    se : tuple of float or None
        Standard error of each validation mean, corrected for the training rows that folds share.
    """

    x: tuple[Any, ...]
    training: np.ndarray
    validation: np.ndarray
    se: tuple[float | None, ...]

    @property
    def mean(self) -> np.ndarray:
        """Mean validation score, (n_points,)."""
        return np.asarray(self.validation.mean(axis=1))

    @property
    def training_mean(self) -> np.ndarray:
        """Mean training score, (n_points,)."""
        return np.asarray(self.training.mean(axis=1))


def learning_curve(
    make: Callable[[], Any],
    x: Any,
    y: np.ndarray,
    folds: Sequence[Fold],
    sizes: Sequence[int],
    *,
    groups: np.ndarray | None = None,
    score: Callable[[np.ndarray, np.ndarray], float] = mcc,
    seed: int = 0,
) -> ScoreCurve:
    """Score against the number of training rows, on the same validation rows throughout.

    A fold's smaller training parts are beginnings of its larger ones, shuffled within classes so that each class keeps
    its share; rows of one group are kept together.

    Parameters
    ----------
    make : function
        Gives a fresh estimator with ``fit`` and ``predict``; preparation belongs inside it.
    x : array or DataFrame, n_rows first
    y : array of int, shape (n_rows,)
    folds : sequence of (training rows, validation rows)
    sizes : sequence of int
        Rows to train on, none above the smallest training part.
    groups : array, shape (n_rows,), optional
    score : function of truth and prediction, default `mcc`
    seed : int

    Raises
    ------
    SettingError
        If a size is impossible.
    LabelError
        If a size leaves one class only.
    """
    sizes = sorted(sizes)
    most = min(len(train) for train, _ in folds)
    bad = [size for size in sizes if not 2 <= size <= most]
    if bad or not len(sizes):
        raise SettingError(f"a training size is {bad[0] if bad else 'missing'}", fix=f"use sizes from 2 to {most}")
    orders = [beginnings(train, y, groups, np.random.default_rng([seed, i])) for i, (train, _) in enumerate(folds)]
    parts = [
        [(order[:size], validation) for order, (_, validation) in zip(orders, folds, strict=True)] for size in sizes
    ]
    for size, part in zip(sizes, parts, strict=True):
        if any(np.unique(y[train]).size < 2 for train, _ in part):
            raise LabelError(f"{size} training rows hold only one class", fix="begin with a larger size")
    return _curve(tuple(int(size) for size in sizes), [make] * len(sizes), parts, x, y, score)


def validation_curve(
    make: Callable[[Any], Any],
    values: Sequence[Any],
    x: Any,
    y: np.ndarray,
    folds: Sequence[Fold],
    *,
    score: Callable[[np.ndarray, np.ndarray], float] = mcc,
) -> ScoreCurve:
    """Score against the values of a setting, on the same folds; the best of them flatters, as any best does.

    Parameters
    ----------
    make : function
        Gives a fresh estimator for a value.
    values : sequence
    """
    if not len(values):
        raise SettingError("there are no values to try", fix="pass one or more")
    makers = [_bound(make, value) for value in values]
    return _curve(tuple(values), makers, [list(folds)] * len(values), x, y, score)


def _bound(make: Callable[[Any], Any], value: Any) -> Callable[[], Any]:
    return lambda: make(value)


def beginnings(train: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Order training rows so that beginnings keep the classes' shares and, but for their ends, whole groups."""
    unit = np.arange(len(train)) if groups is None else np.unique(groups[train], return_inverse=True)[1]
    first = np.unique(unit, return_index=True)[1]
    classes = y[train][first]
    place = np.empty(len(first))
    for c in np.unique(classes):
        members = np.flatnonzero(classes == c)
        # spread each class evenly over 0 to 1: any beginning holds its share, rounded
        place[rng.permutation(members)] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.asarray(train[np.argsort(place[unit], kind="stable")])


def _curve(
    points: tuple[Any, ...],
    makers: Sequence[Callable[[], Any]],
    parts: Sequence[Sequence[Fold]],
    x: Any,
    y: np.ndarray,
    score: Callable[[np.ndarray, np.ndarray], float],
) -> ScoreCurve:
    # the largest training parts overlap most, so their correction is enough for smaller ones
    n_train, n_validation = (float(np.mean([len(fold[side]) for fold in parts[-1]])) for side in (0, 1))
    training, validation, errors = [], [], []
    for make, part in zip(makers, parts, strict=True):
        scores = [_fit_and_score(make(), x, y, fold, score) for fold in part]
        training.append([pair[0] for pair in scores])
        validation.append([pair[1] for pair in scores])
        errors.append(mean_and_se(validation[-1], n_train, n_validation)[1])
    return ScoreCurve(points, np.array(training), np.array(validation), tuple(errors))


def _fit_and_score(
    estimator: Any, x: Any, y: np.ndarray, fold: Fold, score: Callable[[np.ndarray, np.ndarray], float]
) -> tuple[float, float]:
    train, held = fold
    fitted = estimator.fit(_rows(x, train), y[train])
    return (
        float(score(y[train], fitted.predict(_rows(x, train)))),
        float(score(y[held], fitted.predict(_rows(x, held)))),
    )


def _rows(x: Any, rows: np.ndarray) -> Any:
    return x.iloc[rows] if hasattr(x, "iloc") else x[rows]
