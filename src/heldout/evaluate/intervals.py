"""How sure a number is: intervals for one test set, standard errors over folds and repeats.

Accuracy has Wilson's interval. Scores of the whole confusion matrix (MCC, balanced accuracy, F1) have a
bootstrap of the matrix: drawing rows with replacement is drawing cells of the matrix from a multinomial, so
that thousands of draws cost milliseconds. Rows of one group are drawn together.
"""

from __future__ import annotations

import math

import numpy as np

from heldout.errors import SettingError, ShapeError
from heldout.evaluate.confusion import STATISTICS, confusion
from heldout.evaluate.draws import Statistic, drawn_scores


def _z(level: float) -> float:
    """Two-sided normal quantile of a confidence level."""
    if not 0.0 < level < 1.0:
        raise SettingError(f"level is {level}", fix="use a number between 0 and 1, such as 0.95")
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2)


def _wilson(share: float, n: float, z: float) -> tuple[float, float]:
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    below, above = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    return (0.0 if share == 0 else max(0.0, below)), (1.0 if share == 1 else min(1.0, above))


def accuracy_interval(correct: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a share of independent rows.

    All right still leaves room for error: 30 of 30 gives 0.886 to 1.

    Parameters
    ----------
    correct, n : int
        Rows that are right, rows in all (1 or more).
    level : float, default=0.95

    Returns
    -------
    (low, high), within 0 to 1

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953; Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286

    Examples
    --------
    >>> [round(end, 4) for end in accuracy_interval(30, 30)]
    [0.8865, 1.0]
    """
    if n < 1 or not 0 <= correct <= n:
        raise ShapeError(f"{correct} of {n} rows cannot be right", fix="pass 0 <= correct <= n with n >= 1")
    return _wilson(correct / n, n, _z(level))


def grouped_accuracy_interval(right: object, groups: object, level: float = 0.95) -> tuple[float, float]:
    """Interval for a share of rows that come in groups (patients, recordings), whose rows err together.

    Wilson's interval for as many independent rows as the groups are worth: the rows, divided by the design
    effect (variance of the share between groups, over what independent rows would have), with Student's
    quantile for the number of groups. If all rows are right, or all wrong, the design effect cannot be
    seen, and a group counts as one row.

    Parameters
    ----------
    right : array of bool, shape (n_rows,)
    groups : array of int, shape (n_rows,)
        Two different groups or more.
    level : float, default=0.95

    References
    ----------
    Kish 1965, Survey Sampling, section 5.4; Korn & Graubard 1998 (effective sample size and Student's
    quantile)
    """
    from scipy.special import stdtrit

    hits, numbers = np.asarray(right, dtype=float), _group_numbers(groups, np.asarray(right).size)
    _z(level)  # checks it
    n, sizes = hits.size, np.bincount(numbers).astype(float)
    n_groups, share = len(sizes), float(hits.mean())
    if n_groups == 1:
        return 0.0, 1.0  # one group: nothing is known about others
    worth = n * n / float((sizes**2).sum())
    if 0 < share < 1:
        residuals = np.bincount(numbers, hits) - share * sizes
        variance = n_groups / (n_groups - 1) * float((residuals**2).sum()) / n**2
        worth = min(float(n), max(1.0, share * (1 - share) / variance)) if variance else float(n)
    return _wilson(share, worth, float(stdtrit(n_groups - 1, 0.5 + level / 2)))


def _group_numbers(groups: object, n_rows: int) -> np.ndarray:
    names = np.asarray(groups)
    if names.shape != (n_rows,) or not n_rows:
        raise ShapeError(f"groups have shape {names.shape} for {n_rows} rows", fix="pass one group a row")
    return np.unique(names, return_inverse=True)[1].reshape(-1)


def bootstrap_interval(
    statistic: str | Statistic,
    y: object,
    predicted: object,
    n_classes: int,
    *,
    groups: object = None,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
    n_draws: int = 2000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a score of the confusion matrix, with one pseudo-error.

    Before drawing, one right and one wrong row (with groups: group) are added to the population, spread
    over classes as the margins are, so that a perfect test set keeps an interval of honest width. In 30
    simulations (n = 100, 300 or 1000; 2 to 10 classes; accuracy 0.5 to 0.99), the 95 % interval of MCC
    covered the truth in 92.9 to 98.9 % of 1000 test sets each; of 250 each, the plain percentile interval
    sank to 65 %, BCa to 63 %. The interval always contains the score itself.

    Parameters
    ----------
    statistic : str or function
        ``'mcc'``, ``'accuracy'``, ``'balanced_accuracy'``, ``'f1_macro'``, ``'kappa'``, or a function of
        matrices (..., n_classes, n_classes) that gives (...). With a thousand classes, a function of one's
        own takes minutes; the named ones take a second.
    y, predicted : array of int, shape (n_rows,)
    n_classes : int
    groups : array, shape (n_rows,), optional
        Rows of one group are drawn together. With fewer than about 30 groups, coverage is below the level.
    level : float, default=0.95
    seed : int or numpy.random.Generator, default=0
    n_draws : int, default=2000

    Returns
    -------
    (low, high)

    Raises
    ------
    ShapeError, LabelError, SettingError
        If the arrays disagree or are empty, a class number is unknown, the statistic's name is unknown, the
        level is not between 0 and 1, or fewer than 100 draws are wanted.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 14; Agresti & Coull 1998,
    doi:10.1080/00031305.1998.10480550 (pseudo-rows)
    """
    function = _statistic(statistic)
    _z(level)  # checks it
    if n_draws < 100:
        raise SettingError(f"n_draws is {n_draws}", fix="use 100 or more; 2000 is usual")
    matrix = confusion(y, predicted, n_classes)
    if not matrix.sum():
        raise ShapeError("there are no rows to draw from", fix="pass at least one row")
    estimate = float(function(matrix))
    numbers = None if groups is None else _group_numbers(groups, int(matrix.sum()))
    draws = drawn_scores(
        function, matrix, np.asarray(y), np.asarray(predicted), numbers, np.random.default_rng(seed), n_draws
    )
    low, high = np.nanquantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return float(np.fmin(low, estimate)), float(np.fmax(high, estimate))


def _statistic(statistic: str | Statistic) -> Statistic:
    if callable(statistic):
        return statistic
    if statistic not in STATISTICS:
        raise SettingError(f"no statistic is called {statistic!r}", fix=f"use one of {', '.join(STATISTICS)}")
    return STATISTICS[statistic]


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
