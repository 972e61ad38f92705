"""All the numbers that say how good a set of predictions is, ready for JSON.

What is undefined is None, never NaN and never an invented 0, with one exception that scikit-learn makes too: the
Matthews correlation of a constant answer is 0. Counts are whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import ShapeError
from heldout.evaluate.checks import as_labels, check_classes, check_probabilities
from heldout.evaluate.confusion import confusion, mcc
from heldout.evaluate.metric_table import METRICS, OF_CLASSES, OF_SETS
from heldout.evaluate.stack import metrics_stack

__all__ = ["check_probabilities", "confusion", "mcc", "metrics"]


def metrics(
    y: object,
    probabilities: object,
    *,
    classes: Sequence[str] | None = None,
    predictions: object = None,
    priors: object = None,
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
    priors : array of float, shape (n_classes,), optional
        Shares of the classes where the model will be used; adds ``prior_weighted_accuracy``.

    Returns
    -------
    dict of plain Python values, ready for JSON
        ``n``, ``accuracy``, ``balanced_accuracy`` (mean recall over the classes that have rows), ``mcc``,
        ``kappa``, ``f1_macro`` (over the classes that occur in truth or predictions), ``f1_micro``,
        ``f1_weighted`` (by rows of the class), ``log_loss`` (natural logarithm, probabilities below 2.2e-16
        count as that), ``brier`` (two classes: mean squared error of the positive class's probability, 0 to 1;
        more: sum over classes, 0 to 2; as in scikit-learn), ``auc`` and ``average_precision`` (two classes: of
        class 1; more: mean over classes of one against the rest; None if any class has no rows or all),
        ``calibration_error`` (expected, 15 bins), ``top_k_accuracy`` (among the 3 most probable), ``confusion``
        (rows = truth), ``per_class`` (name to ``support``, ``predicted``, ``precision``, ``recall``,
        ``specificity`` and all rates of `heldout.evaluate.margins.rates`, ``auc``, ``average_precision``). For
        two classes also ``positive`` (the name of class 1) and its ``tp tn fp fn tpr tnr ppv npv fpr fnr f1
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
    proba = check_probabilities(probabilities)
    n_rows, n_classes = proba.shape
    names = check_classes(classes, n_classes)
    y_true = as_labels(y, n_classes)
    if y_true.size != n_rows:
        raise ShapeError(f"y has {y_true.size} rows, probabilities have {n_rows}", fix="pass the rows of y only")
    decided = None
    if predictions is not None:
        decided = as_labels(predictions, n_classes, name="predictions")
        if decided.size != n_rows:
            raise ShapeError(f"predictions have {decided.size} rows, y has {n_rows}", fix="predict the rows of y")
        decided = decided[None]
    stack = metrics_stack(y_true, proba[None], predictions=decided, priors=priors)
    found: dict[str, Any] = {"n": n_rows} | {key: plain(stack[key][0]) for key in OF_SETS if key in stack}
    found["confusion"] = stack["confusion"][0].tolist()
    found["per_class"] = {name: _class_record(stack["per_class"], c) for c, name in enumerate(names)}
    if n_classes == 2:
        found["positive"] = names[1]
        found |= {key: found["per_class"][names[1]][key] for key in OF_CLASSES}
    return found


def plain(value: Any) -> float | None:
    """A Python float; None for NaN."""
    number = float(value)
    return None if np.isnan(number) else number


def _class_record(per_class: dict[str, np.ndarray], number: int) -> dict[str, Any]:
    found = {key: values[0, number] for key, values in per_class.items()}
    record: dict[str, Any] = {
        "support": int(found["tp"] + found["fn"]),
        "predicted": int(found["tp"] + found["fp"]),
        "precision": plain(found["ppv"]),
        "recall": plain(found["tpr"]),
        "specificity": plain(found["tnr"]),
    }
    counts = [key for key, metric in METRICS.items() if metric.higher_is_better is None]
    return record | {key: int(value) if key in counts else plain(value) for key, value in found.items()}
