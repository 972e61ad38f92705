"""Compare two models by their answers to the same test rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from heldout.errors import ShapeError
from heldout.evaluate.checks import group_numbers
from heldout.evaluate.comparison import interval_ends, p_in_words, p_of_t
from heldout.evaluate.intervals import accuracy_interval
from heldout.evaluate.significance import mcnemar
from heldout.evaluate.standard_errors import difference_se_floor


def compare_answers(
    right_a: object,
    right_b: object,
    *,
    groups: object = None,
    names: tuple[str, str] = ("A", "B"),
    level: float = 0.95,
) -> dict[str, Any]:
    """Compare two models on the same test rows by McNemar's test.

    Parameters
    ----------
    right_a, right_b : array of bool, shape (n_rows,)
        Whether each model's answer is right.
    groups : array, shape (n_rows,), optional
        Rows of one group err together: then the groups' differences are compared, by a t-test with as many degrees of
        freedom as there are groups, less one (a ratio estimate, Kish 1965, section 6.3).

    Returns
    -------
    dict
        ``n``, ``both``, ``neither``, ``only_a``, ``only_b`` (rows right under both, none, one), ``difference`` of the
        accuracies with its interval ``low``, ``high`` (Newcombe 1998, Statistics in Medicine 17, 2635-2650, method 10:
        Wilson's ends, with the correlation of the two), ``test``, ``p_exact``
        (None with groups), ``p`` (mid-p) and ``says``.
    """
    a, b = np.asarray(right_a), np.asarray(right_b)
    if a.ndim != 1 or a.shape != b.shape or not a.size:
        raise ShapeError(
            f"answers have shapes {a.shape} and {b.shape}", fix="pass right or wrong for each of the same rows"
        )
    a, b = a.astype(bool), b.astype(bool)
    both, only_a, only_b = int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum())
    neither = a.size - both - only_a - only_b
    difference = (only_a - only_b) / a.size
    exact: float | None
    if groups is None:
        exact, mid = (float(p) for p in mcnemar(only_a, only_b))
        low, high, test = *_paired_share_interval(both, only_a, only_b, neither, level), "McNemar, mid-p"
    else:
        exact, test = None, "t-test of groups"
        low, high, mid = _between_groups(a.astype(float) - b, group_numbers(groups, a.size), level)
    found = f"{difference:+.4f}, {100 * level:g} % interval {low:.4f} to {high:.4f}, "
    found += ("mid-" if groups is None else "") + p_in_words(mid)
    if mid <= 1 - level:
        better, worse = names if difference > 0 else names[::-1]
        says = f"on these {a.size:,} rows {better} is right more often than {worse} ({found})"
    else:
        says = f"these {a.size:,} rows show no difference between {names[0]} and {names[1]} ({found})"
    return {
        "a": names[0],
        "b": names[1],
        "n": int(a.size),
        "both": both,
        "neither": neither,
        "only_a": only_a,
        "only_b": only_b,
        "difference": difference,
        "low": low,
        "high": high,
        "test": test,
        "p_exact": exact,
        "p": mid,
        "says": says,
    }


def _between_groups(differences: np.ndarray, numbers: np.ndarray, level: float) -> tuple[float, float, float]:
    """Interval and p-value of the mean difference of rows that come in groups."""
    n, sizes = differences.size, np.bincount(numbers)
    n_groups = len(sizes)
    mean = float(differences.mean())
    if n_groups == 1:
        return -1.0, 1.0, 1.0  # one group: nothing is known about others
    residuals = np.bincount(numbers, differences) - mean * sizes
    error = math.sqrt(n_groups / (n_groups - 1) * float((residuals**2).sum())) / n
    error = max(error, difference_se_floor(n_groups))
    low, high = interval_ends(mean, error, float(n_groups - 1), level)
    return max(-1.0, low), min(1.0, high), p_of_t(mean / error, n_groups - 1)


def _paired_share_interval(both: int, only_a: int, only_b: int, neither: int, level: float) -> tuple[float, float]:
    """Interval for the difference of two shares of the same rows."""
    n = both + only_a + only_b + neither
    share_a, share_b = (both + only_a) / n, (both + only_b) / n
    low_a, high_a = accuracy_interval(both + only_a, n, level)
    low_b, high_b = accuracy_interval(both + only_b, n, level)
    product = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    agreement = float(both * neither - only_a * only_b)
    if agreement > 0:
        agreement = max(agreement - n / 2, 0.0)  # a continuity correction
    phi = agreement / math.sqrt(product) if product else 0.0
    difference = share_a - share_b
    down = (share_a - low_a) ** 2 - 2 * phi * (share_a - low_a) * (high_b - share_b) + (high_b - share_b) ** 2
    up = (share_b - low_b) ** 2 - 2 * phi * (share_b - low_b) * (high_a - share_a) + (high_a - share_a) ** 2
    return difference - math.sqrt(max(0.0, down)), difference + math.sqrt(max(0.0, up))
