"""What each column of a table holds, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric

WHISKER = 1.5  # interquartile ranges beyond the quartiles: fences after Tukey
MOST_DRAWN = 40  # outliers that a box plot shows


@dataclass(frozen=True)
class NumberSummary:
    """A numeric column.

    Attributes
    ----------
    mean, deviation, standard_error : float
        The deviation has the divisor n - 1; the standard error is that deviation over the square root of n.
    q1, median, q3 : float
        By linear interpolation.
    low_fence, high_fence : float
        ``q1 - 1.5 * (q3 - q1)`` and ``q3 + 1.5 * (q3 - q1)``.
    low_whisker, high_whisker : float
        The most extreme values within the fences.
    n_outliers : int
        Values beyond the fences.
    outliers : tuple of float
        Some of them, the most extreme first.
    """

    name: str
    n: int
    n_missing: int
    n_distinct: int
    mean: float
    deviation: float
    standard_error: float
    minimum: float
    q1: float
    median: float
    q3: float
    maximum: float
    low_fence: float
    high_fence: float
    low_whisker: float
    high_whisker: float
    n_outliers: int
    outliers: tuple[float, ...]


@dataclass(frozen=True)
class TextSummary:
    """A categorical column.

    Attributes
    ----------
    common : tuple of (str, int)
        The most frequent categories and their rows.
    n_once : int
        Categories of one row each.
    """

    name: str
    n: int
    n_missing: int
    n_distinct: int
    common: tuple[tuple[str, int], ...]
    n_once: int


ColumnSummary = NumberSummary | TextSummary


def summarise(frame: pd.DataFrame) -> tuple[ColumnSummary, ...]:
    """Summarise every column, in order."""
    return tuple(_summary(str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns))


def _summary(name: str, column: pd.Series) -> ColumnSummary:
    return summarise_numbers(name, column.to_numpy(np.float64)) if is_numeric(column) else _of_text(name, column)


def summarise_numbers(name: str, values: np.ndarray) -> NumberSummary:
    """Summarise float64 values, NaN where missing; at least one is there."""
    present = np.sort(values[~np.isnan(values)])
    n = len(present)
    deviation = float(present.std(ddof=1)) if n > 1 else 0.0
    q1, median, q3 = (float(value) for value in np.percentile(present, [25, 50, 75]))
    low, high = q1 - WHISKER * (q3 - q1), q3 + WHISKER * (q3 - q1)
    first, last = int(np.searchsorted(present, low, "left")), int(np.searchsorted(present, high, "right"))
    beyond = np.concatenate([present[:first], present[last:]])
    extreme = beyond[np.argsort(-np.abs(beyond - median), kind="stable")[:MOST_DRAWN]]
    return NumberSummary(
        name=name,
        n=n,
        n_missing=len(values) - n,
        n_distinct=int(1 + np.count_nonzero(np.diff(present))),
        mean=float(present.mean()),
        deviation=deviation,
        standard_error=deviation / n**0.5,
        minimum=float(present[0]),
        q1=q1,
        median=median,
        q3=q3,
        maximum=float(present[-1]),
        low_fence=low,
        high_fence=high,
        low_whisker=float(present[first]),
        high_whisker=float(present[last - 1]),
        n_outliers=len(beyond),
        outliers=tuple(float(value) for value in extreme),
    )


def _of_text(name: str, column: pd.Series) -> TextSummary:
    counts = Counter(value for value in column.tolist() if value is not None and value == value)
    n = counts.total()
    common = tuple((str(text), rows) for text, rows in counts.most_common(5))
    n_once = sum(rows == 1 for rows in counts.values())
    return TextSummary(name, n, len(column) - n, len(counts), common, n_once)


def rows_beyond(values: np.ndarray, summary: NumberSummary, times: float) -> np.ndarray:
    """Rows whose value is more than ``times`` interquartile ranges beyond the quartiles, the furthest first."""
    reach = times * (summary.q3 - summary.q1)
    with np.errstate(invalid="ignore"):
        excess = np.maximum(summary.q1 - reach - values, values - summary.q3 - reach)
    rows = np.flatnonzero(excess > 0)
    return rows[np.argsort(-excess[rows], kind="stable")]
