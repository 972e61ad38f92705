"""What every metric asks of labels and probabilities, and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from heldout.errors import LabelError, SettingError, ShapeError

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1: room for float32 and for files rounded to four digits."""


def as_labels(values: object, n_classes: int, *, name: str = "y") -> np.ndarray:
    """Class numbers as int64, checked.

    Raises
    ------
    ShapeError
        If they are not one-dimensional.
    LabelError
        If one isn't an integer within 0 to ``n_classes`` - 1.
    """
    labels = np.asarray(values)
    if labels.ndim != 1:
        raise ShapeError(f"{name} has shape {labels.shape}, expected one class number per row", fix="y.ravel()")
    if labels.dtype.kind not in "iub":
        if labels.size == 0:
            return labels.astype(np.int64)
        raise LabelError(
            f"{name} holds {labels.dtype} (first: {labels.tolist()[0]!r}), expected class numbers",
            fix="number the classes: classes, y = numpy.unique(labels, return_inverse=True)",
        )
    labels = labels.astype(np.int64)
    outside = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if outside.size:
        raise LabelError(
            f"{outside.size} of {labels.size} class numbers in {name} lie outside 0 to {n_classes - 1} "
            f"(first: {labels[outside[0]]} in row {outside[0]})",
            fix="give one probability column for each class, or drop these rows",
        )
    return labels


def check_probabilities(values: object) -> np.ndarray:
    """Probabilities as float64, shape (n_rows, n_classes), or a `ShapeError` that names the first bad row."""
    given = _numbers(values)
    if given.ndim != 2 or given.shape[1] < 2:
        raise ShapeError(
            f"probabilities have shape {given.shape}, expected (n_rows, n_classes) with at least two classes",
            fix="for the probability p of the second of two classes: numpy.column_stack([1 - p, p]); for labels alone: "
            "heldout.evaluate.stack.metrics_stack",
        )
    _require_distributions(given, lambda row: f"row {row}")
    return given


def check_stack(values: object) -> np.ndarray:
    """As `check_probabilities`, for a stack (R, n_rows, n_classes)."""
    given = _numbers(values)
    if given.ndim != 3 or given.shape[2] < 2:
        raise ShapeError(
            f"probabilities have shape {given.shape}, expected (R, n_rows, n_classes) with at least two classes",
            fix="probabilities[None] makes a stack of one",
        )
    n_rows = given.shape[1]
    _require_distributions(
        given.reshape(-1, given.shape[2]), lambda row: f"row {row % n_rows} of replicate {row // n_rows}"
    )
    return given


def _numbers(values: object) -> np.ndarray:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ShapeError("probabilities are not a table of numbers", fix="pass an array (n_rows, n_classes)") from error


def _require_distributions(given: np.ndarray, place: Callable[[int], str]) -> None:
    if not len(given):
        raise ShapeError("there are no rows to measure", fix="pass at least one row")
    bad = ~np.isfinite(given).all(axis=1)
    if bad.any():
        raise ShapeError(
            f"{bad.sum()} of {len(given)} rows of probabilities are not finite (first: {place(int(bad.argmax()))})",
            fix="find out why the model gives NaN; do not replace it with 0",
        )
    off = (np.abs(given.sum(axis=1) - 1) > SUM_TOLERANCE) | (given < -SUM_TOLERANCE).any(axis=1)
    if off.any():
        first = int(off.argmax())
        raise ShapeError(
            f"{off.sum()} of {len(given)} rows are not probabilities: {place(first)} sums to "
            f"{given[first].sum():.6g}, its smallest value is {given[first].min():.6g}",
            fix="pass predict_proba's output, not decision values",
        )


def check_classes(classes: Sequence[str] | None, n_classes: int) -> list[str]:
    """Names of the classes, their numbers by default; `ShapeError` or `LabelError` unless there is one each."""
    names = [str(number) for number in range(n_classes)] if classes is None else [str(name) for name in classes]
    if len(names) != n_classes:
        raise ShapeError(f"{len(names)} class names for {n_classes} columns of probabilities", fix="pass one for each")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise LabelError(f"the class name {twice!r} occurs twice", fix="give every class its own name")
    return names


def check_level(level: float) -> float:
    """Return a confidence level, or raise `SettingError` unless it is between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise SettingError(f"level is {level}", fix="use a number between 0 and 1, such as 0.95")
    return level


def group_numbers(groups: object, n_rows: int) -> np.ndarray:
    """Groups as numbers from 0 without gaps; `ShapeError` unless there is one a row."""
    names = np.asarray(groups)
    if names.shape != (n_rows,) or not n_rows:
        raise ShapeError(f"groups have shape {names.shape} for {n_rows} rows", fix="pass one group a row")
    return np.unique(names, return_inverse=True)[1].reshape(-1)
