"""The confusion matrix: rows are what is true, columns what was predicted, everywhere in this package.

Scores of matrices take arrays of shape (..., n_classes, n_classes), and so work on one or on thousands at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heldout.errors import LabelError, ShapeError
from heldout.evaluate import margins
from heldout.evaluate.checks import as_labels
from heldout.evaluate.margins import divide, margins_of


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
    y_true = as_labels(y, n_classes)
    y_pred = as_labels(predicted, n_classes, name="predicted")
    if y_true.size != y_pred.size:
        raise ShapeError(
            f"y has {y_true.size} rows, predicted has {y_pred.size}", fix="predict the rows that y belongs to"
        )
    cells = np.bincount(y_true * n_classes + y_pred, minlength=n_classes * n_classes)
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


def mcc_of(matrix: np.ndarray) -> np.ndarray:
    """Matthews correlation of counts (Gorodkin 2004); 0 where it is 0 / 0."""
    return margins.mcc(margins_of(matrix))


def row_percent(matrix: np.ndarray) -> np.ndarray:
    """Each row divided by its own total, in percent: of the rows of a class, how many went where.

    Rows of classes that never occur are NaN. The diagonal is the accuracy of each class.

    Examples
    --------
    >>> row_percent(np.array([[3, 1], [0, 4]])).tolist()
    [[75.0, 25.0], [0.0, 100.0]]
    """
    counts = np.asarray(matrix)
    return 100 * divide(counts, counts.sum(axis=-1, keepdims=True))


def worst_pairs(matrix: np.ndarray, n: int = 20) -> list[tuple[int, int, int]]:
    """The most frequent confusions, as (true class, predicted class, rows), most frequent first."""
    errors = np.array(matrix, dtype=np.int64)
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:n]
    pairs = [(*divmod(int(cell), errors.shape[1]), int(errors.flat[cell])) for cell in order]
    return [pair for pair in pairs if pair[2] > 0]


def pairs_in_words(matrix: np.ndarray, names: Sequence[str], n: int = 5) -> list[str]:
    """The worst confusions as sentences, with the share of the class that they take; then classes never predicted.

    Examples
    --------
    >>> pairs_in_words(np.array([[90, 10, 0], [0, 50, 0], [0, 4, 0]]), ["cat", "dog", "ant"], n=1)
    ['cat is mistaken for dog 10 times (10.0 % of 100)', 'ant is never predicted (4 rows)']
    """
    counts = np.asarray(matrix, dtype=np.int64)
    if len(names) != len(counts):
        raise ShapeError(f"{len(names)} class names for {len(counts)} classes", fix="pass one for each")
    totals = counts.sum(axis=1)
    words = []
    for y_true, y_pred, rows in worst_pairs(counts, n):
        times = "once" if rows == 1 else f"{rows:,} times"
        share = f"{100 * rows / totals[y_true]:.1f} % of {totals[y_true]:,}"
        words.append(f"{names[y_true]} is mistaken for {names[y_pred]} {times} ({share})")
    for number in np.flatnonzero((counts.sum(axis=0) == 0) & (totals > 0)).tolist():
        words.append(f"{names[number]} is never predicted ({totals[number]:,} row{'s' if totals[number] > 1 else ''})")
    return words
