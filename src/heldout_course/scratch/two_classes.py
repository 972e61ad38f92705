"""Metrics of two classes, 1 (positive) and 0, from four counts.

What has a denominator of 0 is NaN, undefined: it is neither good nor bad.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Tally(NamedTuple):
    """Outcomes: true and false positives, false and true negatives.

                    actual 1    actual 0
    assigned 1         tp          fp
    assigned 0         fn          tn
    """

    tp: int
    fp: int
    fn: int
    tn: int


def tally(y: np.ndarray, predicted: np.ndarray) -> Tally:
    """Count the outcomes.

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1; it would land in a wrong cell unnoticed.
    """
    y, predicted = np.asarray(y), np.asarray(predicted)
    strange = set(np.unique(y)) | set(np.unique(predicted))
    if not strange <= {0, 1}:
        raise ValueError(f"labels are 0 and 1, found {sorted(float(label) for label in strange)}")
    pairs = ((1, 1), (0, 1), (1, 0), (0, 0))  # actual, assigned
    return Tally(*(int(((y == actual) & (predicted == assigned)).sum()) for actual, assigned in pairs))


def ratio(part: float, whole: float) -> float:
    """Divide; NaN for a whole of 0."""
    return part / whole if whole else float("nan")


def rates(t: Tally) -> dict[str, float]:
    """Rates of a tally.

    tpr = tp / (tp + fn) sensitivity, recall;  fnr = 1 - tpr;  tnr = tn / (tn + fp) specificity;  fpr = 1 - tnr;
    ppv = tp / (tp + fp) precision;  npv = tn / (tn + fn). The last two change with how frequent class 1 is.
    """
    return {
        "accuracy": ratio(t.tp + t.tn, sum(t)),
        "tpr": ratio(t.tp, t.tp + t.fn),
        "tnr": ratio(t.tn, t.tn + t.fp),
        "ppv": ratio(t.tp, t.tp + t.fp),
        "npv": ratio(t.tn, t.tn + t.fn),
        "fpr": ratio(t.fp, t.fp + t.tn),
        "fnr": ratio(t.fn, t.fn + t.tp),
    }


def informedness(t: Tally) -> float:
    """Return tpr + tnr - 1 (Youden's J): 1 perfect, 0 guessing, -1 always wrong."""
    return rates(t)["tpr"] + rates(t)["tnr"] - 1


def markedness(t: Tally) -> float:
    """Return ppv + npv - 1: the same, asked from the side of the answers."""
    return rates(t)["ppv"] + rates(t)["npv"] - 1


def f1(t: Tally) -> float:
    """Harmonic mean of ppv and tpr, 2 tp / (2 tp + fp + fn). It never looks at tn."""
    return ratio(2 * t.tp, 2 * t.tp + t.fp + t.fn)


def kappa(t: Tally) -> float:
    """(po - pe) / (1 - pe): agreement po beyond pe, that of chance with the same totals (Cohen 1960)."""
    n = sum(t)
    po = ratio(t.tp + t.tn, n)
    pe = ratio((t.tp + t.fn) * (t.tp + t.fp) + (t.tn + t.fp) * (t.tn + t.fn), n**2)
    return ratio(po - pe, 1 - pe)


def mcc(t: Tally) -> float:
    """(tp tn - fp fn) / sqrt((tp + fp)(tp + fn)(tn + fp)(tn + fn)), from -1 to 1 (Matthews 1975).

    The correlation of truth and answer, and, but for the sign, the geometric mean of informedness and markedness.
    A denominator of 0 (a constant answer) counts as 1, which gives 0.
    """
    product = (t.tp + t.fp) * (t.tp + t.fn) * (t.tn + t.fp) * (t.tn + t.fn)
    return float((t.tp * t.tn - t.fp * t.fn) / (product**0.5 or 1))
