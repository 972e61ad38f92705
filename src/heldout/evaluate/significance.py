"""Tests of whether two models differ, each for the kind of scores that it is valid for.

Scores are the last axis, (..., J); what stands before is a stack of comparisons, and each gets a p-value of its own.
All p-values are two-sided.
"""

from __future__ import annotations

import math

import numpy as np

from heldout.errors import ShapeError
from heldout.evaluate.margins import divide


def corrected_t_test(differences: object, n_train: float = 0, n_validation: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Paired t-test of scores over folds × repeats, corrected for the training rows that folds share.

    The variance of the mean is (1 / J + n_validation / n_train) × the sample variance, with J - 1 degrees of freedom.
    Without the two sizes it is the ordinary paired t-test, which is right for independent replicates only: on
    overlapping folds it finds differences that are not there in a third of cases or more.

    Parameters
    ----------
    differences : array of float, shape (..., J)
        Score of one model minus that of the other, by fold and repeat; J of 2 or more.
    n_train, n_validation : float
        Rows that each fold trained on and was scored on.

    Returns
    -------
    statistic, p : arrays of shape (...)
        Equal differences have no spread: p is 1 if they are 0, else 2 / 2^J, as of a sign test.

    References
    ----------
    Nadeau & Bengio 2003, doi:10.1023/A:1024068626366; Bouckaert & Frank 2004 (with repeated cross-validation),
    doi:10.1007/978-3-540-24775-3_3
    """
    from scipy.special import stdtr

    values = check_scores(differences, "differences", least=2)
    if (n_train > 0) != (n_validation > 0):
        raise ShapeError(f"n_train is {n_train}, n_validation is {n_validation}", fix="pass both, or neither")
    j = values.shape[-1]
    mean, spread = values.mean(axis=-1), values.std(axis=-1, ddof=1)
    flat = spread <= 1e-12 * np.abs(mean)  # rounding is no spread
    error = math.sqrt(1 / j + (n_validation / n_train if n_train else 0.0)) * spread
    t = np.where(flat, np.where(mean == 0, 0.0, np.copysign(np.inf, mean)), divide(mean, error))
    p = np.where(np.isinf(t), 2.0 ** (1 - j), 2 * stdtr(j - 1, -np.abs(np.where(np.isinf(t), 0.0, t))))
    return t, np.minimum(p, 1.0)


def welch_test(
    means: tuple[float, float], errors: tuple[float, float], degrees: tuple[float, float]
) -> tuple[float, float, float]:
    """Compare two means that come with standard errors of their own (runs that share no folds).

    Returns
    -------
    error, degrees, p
        Standard error of the difference, its degrees of freedom (Welch & Satterthwaite), and the p-value.
    """
    from scipy.special import stdtr

    squares = [error**2 for error in errors]
    total = sum(squares)
    if not total:
        return 0.0, sum(degrees), 1.0 if means[0] == means[1] else 0.0
    df = total**2 / sum(square**2 / degree for square, degree in zip(squares, degrees, strict=True))
    t = (means[0] - means[1]) / math.sqrt(total)
    return math.sqrt(total), df, float(min(1.0, 2 * stdtr(df, -abs(t))))


def wilcoxon(differences: object) -> np.ndarray:
    """Wilcoxon's signed-rank test of paired scores of independent replicates; exact for up to 50 without ties.

    Zeros are left out. All zeros give 1. Not for overlapping folds, whose scores are not independent.

    References
    ----------
    Wilcoxon 1945, doi:10.2307/3001968; Demšar 2006, JMLR 7, section 3.1.3 (over data sets)
    """
    import warnings

    from scipy.stats import wilcoxon as test

    values = check_scores(differences, "differences", least=1)
    rows = values.reshape(-1, values.shape[-1])
    p = np.ones(len(rows))
    some = (rows != 0).any(axis=1)
    if some.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # small samples with ties: the normal approximation, as documented
            p[some] = test(rows[some], axis=1).pvalue
    return p.reshape(values.shape[:-1])


def mann_whitney(a: object, b: object) -> tuple[np.ndarray, np.ndarray]:
    """Mann-Whitney's U and its p-value: two sets of independent scores that are not paired.

    U is the number of pairs in which the score of ``a`` is higher, ties counting half. Exact for 8 scores or fewer on a
    side without ties. Paired scores are compared better by a paired test.

    References
    ----------
    Mann & Whitney 1947, doi:10.1214/aoms/1177730491
    """
    from scipy.stats import mannwhitneyu

    first, second = check_scores(a, "a", least=1), check_scores(b, "b", least=1)
    found = mannwhitneyu(first, second, axis=-1)
    p = np.asarray(found.pvalue, dtype=float)
    return np.asarray(found.statistic, dtype=float), np.where(np.isnan(p), 1.0, p)  # all scores equal: no difference


def mcnemar(only_a: object, only_b: object) -> tuple[np.ndarray, np.ndarray]:
    """Compare two models on the same test rows: exact p-value and mid-p.

    Of the rows that just one model gets right, each is as likely to be right under one as under the other if they are
    equally good; rows that both get right, or wrong, say nothing. The exact test keeps its level always and is
    cautious; mid-p is close to its level, above it only slightly and rarely.

    Parameters
    ----------
    only_a, only_b : int or array of int, shape (...)
        Rows that only the one, and only the other, gets right.

    Returns
    -------
    exact, mid_p : float arrays, shape (...)

    References
    ----------
    McNemar 1947, doi:10.1007/BF02295996; Fagerland, Lydersen & Laake 2013, doi:10.1186/1471-2288-13-91

    Examples
    --------
    >>> [float(p.round(4)) for p in mcnemar(1, 6)]
    [0.125, 0.0703]
    """
    from scipy.stats import binom

    first, second = (np.asarray(counts) for counts in (only_a, only_b))
    if first.dtype.kind not in "iu" or second.dtype.kind not in "iu" or (first < 0).any() or (second < 0).any():
        raise ShapeError("the discordant rows must be counts", fix="pass whole numbers of 0 or more")
    fewer, n = np.minimum(first, second), first + second
    exact = np.minimum(1.0, 2 * binom.cdf(fewer, n, 0.5))
    point = binom.pmf(fewer, n, 0.5)
    mid = np.where(first == second, 1 - point / 2, 2 * binom.cdf(fewer, n, 0.5) - point)
    return np.where(n == 0, 1.0, exact), np.where(n == 0, 1.0, np.minimum(1.0, mid))


def holm(p: object) -> np.ndarray:
    """P-values of several tests, adjusted so that all claims of ``adjusted <= 0.05`` are right with 95 %.

    Parameters
    ----------
    p : array of float in [0, 1], shape (..., n_tests)

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6, 65-70

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    if not values.ndim or not ((values >= 0) & (values <= 1)).all():
        raise ShapeError("expected at least one p-value, each between 0 and 1", fix="pass a list of them")
    m = values.shape[-1]
    order = np.argsort(values, axis=-1, kind="stable")
    scaled = np.take_along_axis(values, order, axis=-1) * np.arange(m, 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(scaled, axis=-1), 1.0)
    found = np.empty_like(adjusted)
    np.put_along_axis(found, order, adjusted, axis=-1)
    return found


def cohens_d(differences: object) -> float | None:
    """Mean of paired differences in units of their standard deviation; None where that is 0 or unknown."""
    values = check_scores(differences, "differences", least=1)
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return float(values.mean()) / spread if spread > 1e-12 * abs(float(values.mean())) else None


def cliffs_delta(a: object, b: object) -> float:
    """How often a score of ``a`` is above one of ``b``, less how often it is below: -1 to 1, 0 for none.

    The same as the rank-biserial correlation of Mann and Whitney's U. Cliff 1993, doi:10.1037/0033-2909.114.3.494.
    """
    first, second = check_scores(a, "a", least=1), check_scores(b, "b", least=1)
    ranked = np.sort(second)
    above = np.searchsorted(ranked, first, side="left").sum()
    below = (second.size - np.searchsorted(ranked, first, side="right")).sum()
    return float(above - below) / (first.size * second.size)


def rank_biserial(differences: object) -> float:
    """Share of signed ranks in favour, less that against, of paired differences: -1 to 1 (Kerby 2014)."""
    from scipy.stats import rankdata

    values = check_scores(differences, "differences", least=1)
    values = values[values != 0]
    if not values.size:
        return 0.0
    ranks = rankdata(np.abs(values))
    return float((np.sign(values) * ranks).sum() / ranks.sum())


def check_scores(scores: object, name: str, *, least: int) -> np.ndarray:
    """Scores as float64 (..., J), or a `ShapeError` with the first that is not finite."""
    try:
        values = np.asarray(scores, dtype=float)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{name} are not numbers", fix="pass one score for each fold and repeat") from error
    if not values.ndim or values.shape[-1] < least:
        n = values.shape[-1] if values.ndim else 0
        raise ShapeError(f"{name} hold {n} scores, at least {least} are needed", fix="use more folds or repeats")
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(place) for place in np.argwhere(bad)[0])
        raise ShapeError(
            f"{int(bad.sum())} of {values.size} {name} are not finite (first: {values[first]} at {first[-1]})",
            fix="leave the fold out for both models, and find out why it has no score",
        )
    return values
