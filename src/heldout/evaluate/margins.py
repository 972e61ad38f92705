"""Every score that follows from how often each class is true, predicted, and both.

All figures of a confusion matrix in common use need its diagonal and its row and column sums only. They are arrays of
shape (..., n_classes) here, so that each score works on one matrix, on thousands of resampled ones, and on a thousand
classes whose matrices would not fit into memory. Where a denominator is 0 the value is undefined, and NaN
(`heldout.evaluate.metrics` makes it None); the one exception is the Matthews correlation, which is 0 there, as in
scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.errors import SettingError, ShapeError


@dataclass(frozen=True)
class Margins:
    """Rows by class.

    Attributes
    ----------
    right, true, predicted : array of int or float, shape (..., n_classes)
        Rows of the class that are predicted so; rows of the class; rows predicted so.
    """

    right: np.ndarray
    true: np.ndarray
    predicted: np.ndarray

    @property
    def n(self) -> np.ndarray:
        """Rows in all, (...)."""
        return np.asarray(self.true.sum(axis=-1))


def margins_of(matrix: np.ndarray) -> Margins:
    """Diagonal, row sums and column sums of confusion matrices (..., n_classes, n_classes), rows = truth."""
    matrix = np.asarray(matrix)
    if matrix.dtype.kind != "f":
        matrix = matrix.astype(np.int64)  # counts stay exact
    return Margins(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1), matrix.sum(axis=-2))


def divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``above / below``, NaN where ``below`` is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def rates(m: Margins) -> dict[str, np.ndarray]:
    """Each class against the rest: counts and rates, arrays of shape (..., n_classes).

    ``tp fp fn tn`` (counts), ``tpr`` (sensitivity, recall, the accuracy of the class), ``tnr`` (specificity), ``ppv``
    (precision), ``npv``, ``fpr`` = 1 - tnr, ``fnr`` = 1 - tpr, ``f1`` (harmonic mean of ppv and tpr, which ignores
    tn), ``informedness`` = tpr + tnr - 1 (Youden's J; 0 for guessing), ``markedness`` = ppv + npv - 1, ``mcc``
    (whose size is the geometric mean of the two, with their sign).

    A rate is NaN if its denominator is 0: tpr and fnr of a class without rows, tnr and fpr if there are no other
    rows, ppv of a class never predicted, npv of a class always predicted; f1 of a class that neither occurs nor is
    predicted; informedness and markedness where one of their parts is.
    """
    tp = m.right
    fp, fn = m.predicted - tp, m.true - tp
    tn = m.n[..., None] - tp - fp - fn
    tpr, tnr, ppv, npv = divide(tp, m.true), divide(tn, tn + fp), divide(tp, m.predicted), divide(tn, tn + fn)
    spread = m.true.astype(float) * (tn + fp) * m.predicted * (tn + fn)
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "tpr": tpr,
        "tnr": tnr,
        "ppv": ppv,
        "npv": npv,
        "fpr": divide(fp, tn + fp),
        "fnr": divide(fn, m.true),
        "f1": divide(2 * tp, m.true + m.predicted),
        "informedness": tpr + tnr - 1,
        "markedness": ppv + npv - 1,
        "mcc": np.nan_to_num(divide(tp * 1.0 * tn - fp * 1.0 * fn, np.sqrt(np.maximum(spread, 0.0))), nan=0.0),
    }


def accuracy(m: Margins) -> np.ndarray:
    """Share of rows that are right."""
    return divide(m.right.sum(axis=-1), m.n)


def recall(m: Margins) -> np.ndarray:
    """Per class: share of its rows that were found, (..., n_classes); NaN for a class without rows."""
    return divide(m.right, m.true)


def balanced_accuracy(m: Margins) -> np.ndarray:
    """Mean recall over the classes that have rows."""
    return mean_defined(recall(m))


def check_priors(priors: object, n_classes: int) -> np.ndarray:
    """Weights of the classes, made to sum to 1.

    Raises
    ------
    ShapeError, SettingError
        Unless there is one finite weight of 0 or more for each class, and one above 0.
    """
    given = np.asarray(priors, dtype=float)
    if given.shape != (n_classes,):
        raise ShapeError(f"{given.size} priors for {n_classes} classes", fix="pass one for each class, in their order")
    if not np.isfinite(given).all() or (given < 0).any() or not given.any():
        bad = int(np.argmax(~np.isfinite(given) | (given < 0)))
        raise SettingError(
            f"the priors are not valid weights (number {bad} is {given[bad]:g}, their sum is {given.sum():g})",
            fix="pass shares such as 0.99, 0.01: 0 or more each, and not all 0",
        )
    return given / given.sum()


def prior_weighted_accuracy(m: Margins, priors: object) -> np.ndarray:
    """Accuracy to expect where the classes occur with these shares: the sum of share × recall.

    With the shares of the rows themselves it is plain accuracy, with equal shares balanced accuracy. NaN where a
    class with a share above 0 has no rows.

    Parameters
    ----------
    m : Margins
    priors : array of float, shape (n_classes,)
        0 or more; divided by their sum.
    """
    weights = check_priors(priors, m.true.shape[-1])
    found = recall(m)[..., weights > 0]
    return np.asarray((found * weights[weights > 0]).sum(axis=-1))


def f1_macro(m: Margins) -> np.ndarray:
    """Mean F1 over the classes that occur in truth or predictions."""
    return mean_defined(rates(m)["f1"])


def f1_micro(m: Margins) -> np.ndarray:
    """F1 of all classes' counts together, which for one label a row is the accuracy."""
    return divide(2 * m.right.sum(axis=-1), m.true.sum(axis=-1) + m.predicted.sum(axis=-1))


def f1_weighted(m: Margins) -> np.ndarray:
    """Mean F1, each class weighted by its rows."""
    return divide((np.nan_to_num(divide(2 * m.right, m.true + m.predicted), nan=0.0) * m.true).sum(axis=-1), m.n)


def kappa(m: Margins) -> np.ndarray:
    """Cohen's kappa: agreement beyond what the margins alone give (0); NaN where they leave no room."""
    n = m.n.astype(float)
    by_chance = (m.true * m.predicted.astype(float)).sum(axis=-1)
    return divide(m.right.sum(axis=-1) * n - by_chance, n**2 - by_chance)


def mcc(m: Margins) -> np.ndarray:
    """Matthews correlation for two or more classes (Gorodkin 2004); 0 where it is 0 / 0.

    Whole counts are summed as integers, and the root is taken of the product, so that perfect counts give exactly 1.
    """
    n = m.n
    shared = m.right.sum(axis=-1) * n - (m.true * m.predicted).sum(axis=-1)
    spread = (n**2 - (m.true**2).sum(axis=-1)).astype(float) * (n**2 - (m.predicted**2).sum(axis=-1))
    return np.nan_to_num(divide(shared, np.sqrt(np.maximum(spread, 0.0))), nan=0.0)
