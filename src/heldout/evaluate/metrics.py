"""All the numbers that say how good a set of predictions is.

What is undefined is None, never NaN and never an invented 0, with one exception that scikit-learn makes
too: the Matthews correlation of a constant answer is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import LabelError, ShapeError
from heldout.evaluate.confusion import STATISTICS, as_labels, confusion, f1_of, mcc, precision_of, recall_of
from heldout.evaluate.curves import roc_auc

__all__ = ["check_probabilities", "confusion", "mcc", "metrics"]

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1: room for float32 and for files rounded to four digits."""


def metrics(
    y: object,
    probabilities: object,
    *,
    classes: Sequence[str] | None = None,
    predictions: object = None,
) -> dict[str, Any]:
    """All metrics of predicted probabilities, with the keys of ``metrics.json``'s "test".

    Parameters
    ----------
    y : array of int, shape (n_rows,)
        The true class of each row, as a column number of `probabilities`.
    probabilities : array of float, shape (n_rows, n_classes)
        Each row sums to 1 (within 0.001).
    classes : sequence of str, optional
        Names of the classes. Default: their numbers.
    predictions : array of int, shape (n_rows,), optional
        Predicted classes where they are not simply the most probable (a threshold was moved). Default: the
        most probable class, the first of equals.

    Returns
    -------
    dict of plain Python values, ready for JSON
        ``n``, ``accuracy``, ``balanced_accuracy`` (mean recall over the classes that have rows), ``mcc``,
        ``kappa``, ``f1_macro`` (over the classes that occur in truth or predictions), ``log_loss`` (natural
        logarithm, probabilities below 2.2e-16 count as that), ``brier`` (two classes: mean squared error of
        the positive class's probability, 0 to 1; more: sum over classes, 0 to 2; as in scikit-learn),
        ``auc`` (two classes: area under the ROC curve; more: mean over classes of one against the rest;
        None if any class has no rows or all), ``confusion`` (rows = truth), ``per_class`` (name to
        ``support``, ``predicted``, ``precision``, ``recall``, ``f1``, ``specificity``, ``auc``). For two
        classes also ``positive`` (the name of class 1), ``tp tn fp fn tpr tnr ppv npv fpr fnr f1
        informedness markedness``.

    Raises
    ------
    ShapeError
        If arrays disagree, there are no rows or fewer than two classes, or a row isn't a probability
        distribution.
    LabelError
        If a label isn't a class number, or class names repeat.

    Examples
    --------
    >>> found = metrics([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], classes=["no", "yes"])
    >>> found["confusion"], found["positive"], found["tpr"], found["auc"]
    ([[1, 0], [1, 1]], 'yes', 0.5, 1.0)
    """
    given = check_probabilities(probabilities)
    n_rows, n_classes = given.shape
    names = _check_classes(classes, n_classes)
    truth = as_labels(y, n_classes)
    if truth.size != n_rows:
        raise ShapeError(f"y has {truth.size} rows, probabilities have {n_rows}", fix="pass the rows of y only")
    guess = given.argmax(axis=1) if predictions is None else as_labels(predictions, n_classes, name="predictions")
    matrix = confusion(truth, guess, n_classes)
    aucs = [roc_auc(truth == number, given[:, number]) for number in range(n_classes)]
    found: dict[str, Any] = {"n": n_rows}
    for key in ("accuracy", "balanced_accuracy", "mcc", "kappa", "f1_macro"):
        found[key] = _plain(STATISTICS[key](matrix))
    found["log_loss"] = _log_loss(truth, given)
    found["brier"] = _brier(truth, given)
    found["auc"] = _macro_auc(aucs)
    found["confusion"] = matrix.tolist()
    found["per_class"] = _per_class(matrix, names, aucs)
    return found | (_two_classes(matrix, names) if n_classes == 2 else {})


def check_probabilities(values: object) -> np.ndarray:
    """Probabilities as float64, shape (n_rows, n_classes), or a `ShapeError` that names the first bad row."""
    try:
        given = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ShapeError("probabilities are not a table of numbers", fix="pass an array (n_rows, n_classes)") from error
    if given.ndim != 2 or given.shape[1] < 2:
        raise ShapeError(
            f"probabilities have shape {given.shape}, (n_rows, n_classes) with two classes or more is needed",
            fix="for the probability p of the second of two classes: numpy.column_stack([1 - p, p])",
        )
    if not len(given):
        raise ShapeError("there are no rows to measure", fix="pass at least one row")
    bad = ~np.isfinite(given).all(axis=1)
    if bad.any():
        raise ShapeError(
            f"{bad.sum()} of {len(given)} rows of probabilities are not finite (first: row {bad.argmax()})",
            fix="find why the model gives NaN; do not replace it by 0",
        )
    off = (np.abs(given.sum(axis=1) - 1) > SUM_TOLERANCE) | (given < -SUM_TOLERANCE).any(axis=1)
    if off.any():
        first = int(off.argmax())
        raise ShapeError(
            f"{off.sum()} of {len(given)} rows are not probabilities: row {first} sums to "
            f"{given[first].sum():.6g}, its smallest value is {given[first].min():.6g}",
            fix="pass predict_proba's output, not decision values",
        )
    return given


def _check_classes(classes: Sequence[str] | None, n_classes: int) -> list[str]:
    names = [str(number) for number in range(n_classes)] if classes is None else [str(name) for name in classes]
    if len(names) != n_classes:
        raise ShapeError(f"{len(names)} class names for {n_classes} columns of probabilities", fix="pass one each")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise LabelError(f"the class name {twice!r} occurs twice", fix="give every class its own name")
    return names


def _plain(value: Any) -> float | None:
    """A Python float; None for NaN."""
    number = float(value)
    return None if np.isnan(number) else number


def _ratio(above: int, below: int) -> float | None:
    return above / below if below else None


def _log_loss(truth: np.ndarray, given: np.ndarray) -> float:
    told = given[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(told, np.finfo(float).eps, 1.0)).mean()) + 0.0  # no "-0.0" in the file


def _brier(truth: np.ndarray, given: np.ndarray) -> float:
    squares = ((given - np.eye(given.shape[1])[truth]) ** 2).sum(axis=1)
    return float(squares.mean()) / (2 if given.shape[1] == 2 else 1)


def _macro_auc(aucs: list[float | None]) -> float | None:
    if len(aucs) == 2:
        return aucs[1]
    defined = [value for value in aucs if value is not None]
    return float(np.mean(defined)) if len(defined) == len(aucs) else None


def _per_class(matrix: np.ndarray, names: list[str], aucs: list[float | None]) -> dict[str, dict[str, Any]]:
    n, true, guessed = int(matrix.sum()), matrix.sum(axis=1), matrix.sum(axis=0)
    precision, recall, f1 = precision_of(matrix), recall_of(matrix), f1_of(matrix)
    table = {}
    for number, name in enumerate(names):
        others = n - int(true[number])
        alarms = int(guessed[number] - matrix[number, number])
        table[name] = {
            "support": int(true[number]),
            "predicted": int(guessed[number]),
            "precision": _plain(precision[number]),
            "recall": _plain(recall[number]),
            "f1": _plain(f1[number]),
            "specificity": _ratio(others - alarms, others),
            "auc": aucs[number],
        }
    return table


def _two_classes(matrix: np.ndarray, names: list[str]) -> dict[str, Any]:
    tn, fp, fn, tp = (int(count) for count in matrix.ravel())
    tpr, tnr, ppv, npv = _ratio(tp, tp + fn), _ratio(tn, tn + fp), _ratio(tp, tp + fp), _ratio(tn, tn + fn)
    return {
        "positive": names[1],
        "tp": tp,
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tpr": tpr,
        "tnr": tnr,
        "ppv": ppv,
        "npv": npv,
        "fpr": _ratio(fp, tn + fp),
        "fnr": _ratio(fn, tp + fn),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "informedness": None if tpr is None or tnr is None else tpr + tnr - 1,
        "markedness": None if ppv is None or npv is None else ppv + npv - 1,
    }
