"""Standard errors: of scores over folds and repeats, of a share, of a correlation, and floors for those that seem 0."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from heldout.errors import ShapeError


def mean_and_se(scores: object, n_train: float = 0, n_validation: float = 0) -> tuple[float, float | None]:
    """Mean and standard error over folds × repeats, corrected for the training rows that folds share.

    Folds share most of their training rows, so that sd / √J is far too small. Nadeau & Bengio's correction is
    √(1 / J + n_validation / n_train) · sd; without the two sizes it is the plain sd / √J (independent
    replicates).

    Parameters
    ----------
    scores : array of float, shape (J,)
        One score a fold and repeat.
    n_train, n_validation : float
        Rows that each fold trained on and was scored on (their means, if they differ).

    Returns
    -------
    mean : float
    se : float or None
        None for a single score: one number says nothing about its spread.

    Raises
    ------
    ShapeError
        If there is no score, one isn't finite, or only one of the sizes is given.

    References
    ----------
    Nadeau & Bengio 2003, "Inference for the generalization error", doi:10.1023/A:1024068626366

    Examples
    --------
    >>> mean_and_se([0.8, 0.9, 1.0], n_train=200, n_validation=100)[0]
    0.9
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ShapeError(
            f"scores have shape {values.shape}, {int(np.isfinite(values).sum())} of them finite",
            fix="pass one finite score for each fold and repeat",
        )
    if (n_train > 0) != (n_validation > 0):
        raise ShapeError(f"n_train is {n_train}, n_validation is {n_validation}", fix="pass both, or neither")
    mean = float(values.mean())
    if values.size == 1:
        return mean, None
    shared = n_validation / n_train if n_train else 0.0
    return mean, float(math.sqrt(1 / values.size + shared) * values.std(ddof=1))


def mcc_standard_error(matrix: object, n: float | None = None) -> float:
    """Standard error of the Matthews correlation of one test set, which is never 0.

    By the delta method (Gorodkin's correlation is a smooth function of the cells' shares, which are multinomial), at
    the matrix with one right and one wrong row added as the margins have them (as Agresti & Coull 1998 do for
    shares), so that a perfect matrix, whose plain error would be 0, keeps one of honest size.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)
        Rows = truth; one row or more.
    n : float, optional
        Effective number of rows where they come in groups. Default: the sum of the counts.

    Examples
    --------
    >>> round(mcc_standard_error([[50, 0], [0, 50]]), 3)
    0.02
    """
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum()
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not total:
        raise ShapeError(f"a matrix of shape {counts.shape} with {total:g} rows", fix="pass a confusion matrix")
    n_rows = float(total if n is None else n)
    cells = (n_rows * counts / total + _pseudo_rows(counts)) / (n_rows + 2)
    true, predicted = cells.sum(axis=1), cells.sum(axis=0)
    room_true, room_guessed = 1 - (true**2).sum(), 1 - (predicted**2).sum()
    root = math.sqrt(room_true * room_guessed)
    value = (np.trace(cells) - true @ predicted) / root
    slope = (np.eye(len(cells)) - predicted - true[:, None]) / root
    slope += value * (true[:, None] / room_true + predicted / room_guessed)
    variance = (cells * slope**2).sum() - (cells * slope).sum() ** 2
    return math.sqrt(max(0.0, float(variance)) / (n_rows + 2))


def _pseudo_rows(counts: np.ndarray) -> np.ndarray:
    """One right and one wrong row, spread over the cells as independent margins have them."""
    margin = (counts.sum(axis=0) + counts.sum(axis=1)) / (2 * counts.sum())
    wrong = np.outer(margin, margin)
    np.fill_diagonal(wrong, 0.0)
    if not wrong.any():  # a single class occurs
        wrong = 1.0 - np.eye(len(counts))
    return np.asarray(np.diag(margin) + wrong / wrong.sum())


def share_standard_error(share: float, n: float, *, pseudo_rows: int = 4) -> float:
    """Standard error of a share of n independent rows, which is never 0.

    Half of the pseudo-rows count as right and half as wrong (Agresti & Coull 1998, doi:10.1080/00031305.1998.10480550,
    with four of them), so that a perfect share keeps an error of honest size.

    Examples
    --------
    >>> round(share_standard_error(1.0, 96), 3)
    0.014
    """
    smoothed = (share * n + pseudo_rows / 2) / (n + pseudo_rows)
    return math.sqrt(smoothed * (1 - smoothed) / (n + pseudo_rows))


def difference_se_floor(n: float) -> float:
    """Floor of the standard error of the difference of two accuracies on the same n independent rows.

    As if each model were right on one row more than the other (Agresti & Min 2005, doi:10.1002/sim.1781): two perfect
    models are not shown to be equal to the last digit.
    """
    return math.sqrt(2) / (n + 2)


def jackknife_values(pooled: float, without: Sequence[float]) -> list[float]:
    """Pseudo-values of a score of pooled predictions, one for each part that was left out in turn.

    ``n pooled - (n - 1) without[k]``: their mean is the pooled score less its bias, and their spread gives its standard
    error (Efron & Stein 1981, doi:10.1214/aos/1176345462).
    """
    n = len(without)
    return [n * pooled - (n - 1) * one for one in without]


def above_chance(accuracy: float, chance: float) -> float:
    """Where an accuracy stands between chance (0) and always right (1)."""
    return (accuracy - chance) / (1 - chance) if chance < 1 else 0.0
