"""The confusion matrix, and every score that follows from it alone.

The scores take arrays of shape (..., n_classes, n_classes), rows = truth, and so work on one matrix or on
thousands of resampled ones at once. An undefined value is NaN here (`heldout.evaluate.metrics` turns it
into None).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from heldout.errors import LabelError, ShapeError


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
        raise ShapeError(f"{name} has shape {labels.shape}, one class number a row is needed", fix="y.ravel()")
    if labels.dtype.kind not in "iub":
        if labels.size == 0:
            return labels.astype(np.int64)
        raise LabelError(
            f"{name} holds {labels.dtype} (first: {labels[0]!r}), class numbers are needed",
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


def confusion(y: object, predicted: object, n_classes: int | None = None) -> np.ndarray:
    """Count the rows of each true class (matrix row) by the class predicted for them (matrix column).

    Parameters
    ----------
    y, predicted : array of int, shape (n_rows,)
        Class numbers.
    n_classes : int, optional
        Default: the highest class number seen, plus one.

    Returns
    -------
    int64 array, shape (n_classes, n_classes)

    Raises
    ------
    ShapeError
        If the two disagree on the number of rows.
    LabelError
        If a class number lies outside 0 to ``n_classes`` - 1.

    Examples
    --------
    >>> confusion([0, 0, 1], [0, 1, 1]).tolist()
    [[1, 1], [0, 1]]
    """
    if n_classes is None:
        arrays = [as_labels(values, np.iinfo(np.int64).max) for values in (y, predicted)]
        n_classes = 1 + max((int(array.max()) for array in arrays if array.size), default=-1)
        _refuse_sparse_numbers(n_classes, arrays[0].size)
    truth = as_labels(y, n_classes)
    guess = as_labels(predicted, n_classes, name="predicted")
    if truth.size != guess.size:
        raise ShapeError(
            f"y has {truth.size} rows, predicted has {guess.size}", fix="predict the rows that y belongs to"
        )
    cells = np.bincount(truth * n_classes + guess, minlength=n_classes * n_classes)
    return cells.astype(np.int64).reshape(n_classes, n_classes)


def _refuse_sparse_numbers(n_classes: int, n_rows: int) -> None:
    if n_classes > 10_000:
        raise LabelError(
            f"the highest class number is {n_classes - 1} in {n_rows} rows: these look like ids, not classes",
            fix="number the classes from 0: classes, y = numpy.unique(labels, return_inverse=True)",
        )


def mcc(y: object, predicted: object) -> float:
    """Matthews correlation coefficient of predictions with the truth, for two or more classes.

    1 is perfect, 0 no better than a constant answer, negative worse than that. Where it is 0 / 0 (one class
    only, in truth or predictions) it is 0, as scikit-learn defines it.

    Parameters
    ----------
    y, predicted : array of int, shape (n_rows,)
        Class numbers.

    Returns
    -------
    float in [-1, 1]

    References
    ----------
    Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient",
    doi:10.1016/j.compbiolchem.2004.09.006

    Examples
    --------
    >>> mcc([0, 1, 2, 2], [0, 1, 2, 2])
    1.0
    """
    return float(mcc_of(confusion(y, predicted)))


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``above / below``, NaN where ``below`` is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)


def _mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    return _divide(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def accuracy_of(matrix: np.ndarray) -> np.ndarray:
    """Share of rows that are right."""
    return _divide(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum(axis=(-2, -1)))


def recall_of(matrix: np.ndarray) -> np.ndarray:
    """Per class: share of its rows that were found, (..., n_classes); NaN for a class without rows."""
    return _divide(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1))


def precision_of(matrix: np.ndarray) -> np.ndarray:
    """Per class: share of the rows called so that are so, (..., n_classes); NaN if never predicted."""
    return _divide(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-2))


def f1_of(matrix: np.ndarray) -> np.ndarray:
    """Per class: harmonic mean of precision and recall, (..., n_classes); NaN if it never occurs."""
    return _divide(2 * np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1) + matrix.sum(axis=-2))


def balanced_accuracy_of(matrix: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that have rows."""
    return _mean_defined(recall_of(matrix))


def f1_macro_of(matrix: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur in truth or predictions."""
    return _mean_defined(f1_of(matrix))


def mcc_of(matrix: np.ndarray) -> np.ndarray:
    """Matthews correlation of counts (Gorodkin 2004); 0 where it is 0 / 0.

    Integer counts are summed as integers, and the root is taken of the product, so that a perfect matrix
    gives exactly 1.
    """
    matrix = np.asarray(matrix)
    if matrix.dtype.kind != "f":
        matrix = matrix.astype(np.int64)
    true, guessed = matrix.sum(axis=-1), matrix.sum(axis=-2)
    n = matrix.sum(axis=(-2, -1))
    shared = np.trace(matrix, axis1=-2, axis2=-1) * n - (true * guessed).sum(axis=-1)
    spread = (n**2 - (true**2).sum(axis=-1)).astype(float) * (n**2 - (guessed**2).sum(axis=-1))
    return np.nan_to_num(_divide(shared, np.sqrt(spread)), nan=0.0)


def kappa_of(matrix: np.ndarray) -> np.ndarray:
    """Cohen's kappa: agreement beyond what the margins alone give; NaN where they leave no room."""
    matrix = np.asarray(matrix)
    n = matrix.sum(axis=(-2, -1)).astype(float)
    by_chance = (matrix.sum(axis=-1) * matrix.sum(axis=-2).astype(float)).sum(axis=-1)
    return _divide(np.trace(matrix, axis1=-2, axis2=-1) * n - by_chance, n**2 - by_chance)


STATISTICS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy_of,
    "balanced_accuracy": balanced_accuracy_of,
    "f1_macro": f1_macro_of,
    "kappa": kappa_of,
    "mcc": mcc_of,
}
"""Scores by their key in ``metrics.json``."""


def worst_pairs(matrix: np.ndarray, n: int = 20) -> list[tuple[int, int, int]]:
    """The most frequent confusions, as (true class, predicted class, rows), most frequent first."""
    errors = np.array(matrix, dtype=np.int64)
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:n]
    pairs = [(*divmod(int(cell), errors.shape[1]), int(errors.flat[cell])) for cell in order]
    return [pair for pair in pairs if pair[2] > 0]
