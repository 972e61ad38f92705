"""All metrics of many sets of predictions at once: R replicates × N rows give R values each, without a loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import LabelError, ShapeError
from heldout.evaluate.checks import as_labels, check_stack
from heldout.evaluate.margins import margins_of, prior_weighted_accuracy, rates
from heldout.evaluate.metric_table import FROM_MARGINS, OF_SETS


def confusion_stack(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Confusion matrices of checked class numbers (R, n_rows), int64, shape (R, n_classes, n_classes)."""
    n_cells = n_classes * n_classes
    cells = (np.arange(len(predicted))[:, None] * n_classes + y) * n_classes + predicted
    counts = np.bincount(cells.ravel(), minlength=len(predicted) * n_cells)
    return counts.reshape(-1, n_classes, n_classes).astype(np.int64)


def metrics_stack(
    y: object,
    given: object,
    *,
    n_classes: int | None = None,
    predictions: object = None,
    priors: object = None,
) -> dict[str, Any]:
    """Every metric of each of R sets of predictions, as arrays.

    Parameters
    ----------
    y : array of int, shape (n_rows,) or (R, n_rows)
        True classes, the same for all or each its own.
    given : array, shape (R, n_rows) of int or (R, n_rows, n_classes) of float
        Predicted classes, or probabilities whose rows sum to 1.
    n_classes : int, optional
        Needed with predicted classes; with probabilities it is their number of columns.
    predictions : array of int, shape (R, n_rows), optional
        Decided classes where they are not the most probable ones.
    priors : array of float, shape (n_classes,), optional
        Shares of the classes where the model will be used, for `prior_weighted_accuracy`.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy``, ``mcc``, ``kappa``, ``f1_macro``, ``f1_micro``, ``f1_weighted`` (and
        ``prior_weighted_accuracy``): float, shape (R,). ``confusion``: int64, (R, n_classes, n_classes).
        ``per_class``: name of a rate (see `heldout.evaluate.margins.rates`) to (R, n_classes). From probabilities
        also ``log_loss``, ``brier``, ``calibration_error``, ``top_k_accuracy``, ``auc``, ``average_precision`` (two
        classes: of the second class; more: mean over classes, one against the rest), and both in ``per_class``.
        Undefined values are NaN.

    Raises
    ------
    ShapeError, LabelError
        If shapes disagree, a class number is unknown, or a row is no probability distribution.

    Examples
    --------
    >>> metrics_stack([0, 1, 1], [[0, 1, 1], [0, 0, 1]], n_classes=2)["accuracy"].round(3).tolist()
    [1.0, 0.667]
    """
    probabilities, y_pred, k = _read(given, predictions, n_classes)
    y_true = _truth(y, y_pred.shape, k)
    matrix = confusion_stack(y_true, y_pred, k)
    margins = margins_of(matrix)
    found: dict[str, Any] = {key: score(margins) for key, score in FROM_MARGINS.items()}
    if priors is not None:
        found["prior_weighted_accuracy"] = prior_weighted_accuracy(margins, priors)
    found["confusion"] = matrix
    found["per_class"] = rates(margins)
    if probabilities is not None:
        found |= _of_probabilities(y_true, probabilities, found["per_class"])
    return found


def _read(given: object, predictions: object, n_classes: int | None) -> tuple[np.ndarray | None, np.ndarray, int]:
    """Probabilities if there are any, decided classes, and the number of classes."""
    values = np.asarray(given)
    if values.ndim == 3:
        probabilities = check_stack(values)
        k = probabilities.shape[-1]
        if predictions is None:
            return probabilities, probabilities.argmax(axis=-1), k
        y_pred = _stacked_labels(predictions, k, "predictions")
        if y_pred.shape != probabilities.shape[:2]:
            raise ShapeError(
                f"predictions have shape {y_pred.shape}, probabilities {probabilities.shape}", fix="pass one a row"
            )
        return probabilities, y_pred, k
    if values.ndim != 2 or predictions is not None:
        raise ShapeError(
            f"predictions have shape {values.shape}",
            fix="pass class numbers (R, n_rows) or probabilities (R, n_rows, n_classes); add an axis for a single set",
        )
    if n_classes is None:
        raise ShapeError("predicted classes do not say how many classes there are", fix="pass n_classes=")
    return None, _stacked_labels(values, n_classes, "predictions"), n_classes


def _stacked_labels(values: object, n_classes: int, name: str) -> np.ndarray:
    labels = np.asarray(values)
    if labels.ndim != 2 or not labels.size:
        raise ShapeError(f"{name} have shape {labels.shape}, expected (R, n_rows) with at least one row", fix="y[None]")
    return as_labels(labels.ravel(), n_classes, name=name).reshape(labels.shape)


def _truth(y: object, shape: tuple[int, ...], n_classes: int) -> np.ndarray:
    y_true = np.asarray(y)
    if y_true.shape not in (shape, shape[1:]):
        rows = y_true.shape[-1] if y_true.ndim else 0
        raise ShapeError(f"y has {rows} rows (shape {y_true.shape}), predictions have {shape[1]}", fix="pass their y")
    try:
        labels = as_labels(y_true.ravel(), n_classes).reshape(y_true.shape)
    except LabelError as error:
        raise LabelError(error.what, where="y", fix=error.fix) from error
    return np.broadcast_to(labels, shape)


def _of_probabilities(y_true: np.ndarray, given: np.ndarray, per_class: dict[str, np.ndarray]) -> dict[str, Any]:
    k = given.shape[-1]
    ranked = np.ascontiguousarray(np.moveaxis(given, -1, 1))  # (R, n_classes, n_rows)
    positive = y_true[:, None, :] == np.arange(k)[:, None]
    found: dict[str, Any] = {}
    for name, metric in OF_SETS.items():
        if metric.of_probabilities is not None:
            found[name] = metric.of_probabilities(y_true, given)
        elif metric.of_ranking is not None:
            per_class[name] = metric.of_ranking(positive, ranked)
            found[name] = over_classes(per_class[name])
    return found


def over_classes(values: np.ndarray) -> np.ndarray:
    """One value from those of the classes: the second of two; the mean of more, NaN if any is."""
    return np.asarray(values[..., 1] if values.shape[-1] == 2 else values.mean(axis=-1))
