"""Worked examples of evaluation, from counts that are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure
from heldout_course.scratch import many_classes, two_classes
from heldout_course.scratch.roc import auc


@procedure("two-class-counts")
def two_class_counts(tp: int, fp: int, fn: int, tn: int) -> dict[str, Any]:
    """All metrics of a 2 x 2 table."""
    tally = two_classes.Tally(tp, fp, fn, tn)
    found: dict[str, Any] = {**tally._asdict(), **two_classes.rates(tally)}
    for function in (
        two_classes.f1,
        two_classes.mcc,
        two_classes.kappa,
        two_classes.informedness,
        two_classes.markedness,
    ):
        found[function.__name__] = function(tally)
    return found


@procedure("expected-counts")
def expected_counts(tp: int, fp: int, fn: int, tn: int, cases: int) -> dict[str, Any]:
    """Rates times a number of future cases of each class, with 95 % Wilson intervals of the errors."""
    from heldout.evaluate.intervals import accuracy_interval

    rates = two_classes.rates(two_classes.Tally(tp, fp, fn, tn))
    found: dict[str, Any] = {
        "expected_fp": cases * rates["fpr"],
        "expected_fn": cases * rates["fnr"],
        "expected_tp": cases * rates["tpr"],
        "expected_tn": cases * rates["tnr"],
    }
    for name, wrong, of in (("fp", fp, fp + tn), ("fn", fn, fn + tp)):
        low, high = accuracy_interval(wrong, of)
        found |= {f"expected_{name}_low": cases * low, f"expected_{name}_high": cases * high}
    return found


@procedure("constant-answer")
def constant_answer(prior: float, rows: int = 10_000) -> dict[str, Any]:
    """A model that always answers 0, where class 1 has this prior."""
    positives = round(prior * rows)
    tally = two_classes.Tally(0, 0, positives, rows - positives)
    rates = two_classes.rates(tally)
    return {
        "accuracy": rates["accuracy"],
        "accuracy_of_0": rates["tnr"],
        "accuracy_of_1": rates["tpr"],
        "balanced_accuracy": (rates["tpr"] + rates["tnr"]) / 2,
        "mcc": two_classes.mcc(tally),
        "ppv": rates["ppv"],
    }


@procedure("outcomes")
def outcomes(actual: int, assigned: int) -> dict[str, Any]:
    """What one answer counts as."""
    tally = two_classes.tally(np.array([actual]), np.array([assigned]))
    return {"outcome": next(name.upper() for name, n in tally._asdict().items() if n)}


@procedure("confusion-matrix")
def confusion_matrix(counts: Sequence[Sequence[int]], axis: str = "rows") -> dict[str, Any]:
    """Metrics of a matrix of counts (rows = actual), and its percentages by row, or as published, by the wrong axis.

    Parameters
    ----------
    axis : 'rows' or 'columns'
        'columns' divides each column by the total of the row with the same number, which is the course's mistake.
    """
    matrix = np.array(counts)
    totals = matrix.sum(axis=1)
    percent = many_classes.accuracy_matrix(matrix) if axis == "rows" else 100 * matrix / totals[None, :]
    each = many_classes.accuracy_matrix(matrix).diagonal()
    (actual, assigned, n), *_ = many_classes.most_confused(matrix, 1)
    predicted = matrix.sum(axis=0)
    return {
        "confusion": matrix,
        "percent": np.round(percent, 1),
        "accuracy": many_classes.accuracy(matrix),
        "accuracy_percent": 100 * many_classes.accuracy(matrix),
        "balanced_accuracy": many_classes.weighted_accuracy(each / 100),
        "mcc": many_classes.mcc(matrix),
        "kappa": many_classes.kappa(matrix),
        "worst_class": int(each.argmin()),
        "worst_percent": float(each.min()),
        "best_class": int(each.argmax()),
        "best_percent": float(each.max()),
        "most_confused": f"{actual} called {assigned}: {n}",
        "never_predicted": ", ".join(str(k) for k in np.flatnonzero(predicted == 0)) or "none",
        "least_row_sum": float(percent.sum(axis=1).min()),
        "most_row_sum": float(percent.sum(axis=1).max()),
        **{f"from_{i}_to_{j}": float(percent[i, j]) for i, j in ((0, 5), (8, 3), (8, 5), (4, 9))},
    }


@procedure("weighted-accuracy")
def weighted_accuracy(frequencies: Sequence[float], accuracies: Sequence[float]) -> dict[str, Any]:
    """Class accuracies (percent) weighted by frequency, and all alike."""
    weights = np.array(frequencies, float) / np.sum(frequencies)
    values = np.array(accuracies, float)
    return {
        "n": float(np.sum(frequencies)),
        "weighted_percent": many_classes.weighted_accuracy(values, weights),
        "balanced_percent": many_classes.weighted_accuracy(values),
        **{f"weight_{number}": float(weight) for number, weight in enumerate(weights)},
    }


@procedure("auc-limits")
def auc_limits(scores: str) -> dict[str, Any]:
    """AUC of perfect scores, and of scores that are all the same."""
    y = np.repeat([0, 1], 50)
    return {"auc": auc(y, y.astype(float) if scores == "perfect" else np.zeros(100))}
