"""Scores of resampled confusion matrices.

To draw rows with replacement is to draw the cells of the matrix (or groups of rows) from a multinomial. A matrix of
1,000 classes has a million cells, and 1,200 test rows fill a thousand of them, so draws become scores by one sparse
product: each unit that is drawn adds to a few numbers. For the named scores these are the margins; for a function of
one's own, the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from heldout.evaluate.margins import Margins
from heldout.evaluate.metric_table import FROM_MARGINS, STATISTICS

Statistic = Callable[[np.ndarray], np.ndarray]

NUMBERS_AT_ONCE = 4_000_000
"""Numbers held in memory at once while resampling (32 MB)."""


def drawn_scores(
    statistic: Statistic,
    matrix: np.ndarray,
    y: np.ndarray,
    predicted: np.ndarray,
    groups: np.ndarray | None,
    rng: np.random.Generator,
    n_draws: int,
) -> np.ndarray:
    """The statistic of resampled test sets, each with the pseudo-rows of `bootstrap_interval`.

    Parameters
    ----------
    statistic : function of matrices (..., n_classes, n_classes) that gives (...)
    matrix : int64 array, shape (n_classes, n_classes)
        Confusion matrix of `y` and `predicted`.
    y, predicted : array of int, shape (n_rows,)
        One row or more.
    groups : array of int, shape (n_rows,), or None
        Numbers from 0 without gaps; rows of one group are drawn together.
    rng : numpy.random.Generator
    n_draws : int

    Returns
    -------
    float array, shape (n_draws,)
    """
    k = len(matrix)
    name = next((key for key, function in STATISTICS.items() if function is statistic), None)
    numbers_of = _margin_numbers if name else _cell_numbers
    n_numbers = 3 * k if name else k * k
    units, frequency = _units(matrix, y, predicted, groups, numbers_of, n_numbers)
    weight = matrix.sum() / frequency.sum()  # a pseudo-group is as large as groups are on average
    margin = margin_of(matrix)
    results = []
    for drawn in _multinomials(frequency, rng, n_draws, max(1, NUMBERS_AT_ONCE // max(n_numbers, len(frequency)))):
        totals = drawn[:, :-2] @ units
        for pseudo_cells, column in ((wrong_pairs, -2), (right_pairs, -1)):
            rows = np.repeat(np.arange(len(drawn)), drawn[:, column].astype(np.int64))
            y_true, y_pred = pseudo_cells(margin, rows.size, rng)
            totals += weight * _tally(rows, numbers_of(y_true, y_pred, k), len(drawn), n_numbers)
        results.append(_score(statistic, name, totals, k))
    return np.concatenate(results)


def _margin_numbers(y_true: np.ndarray, y_pred: np.ndarray, k: int) -> list[np.ndarray]:
    """Where a row counts: right of its class (or nowhere, -1), true of its class, guessed of the predicted one."""
    return [np.where(y_true == y_pred, y_true, -1), k + y_true, 2 * k + y_pred]


def _cell_numbers(y_true: np.ndarray, y_pred: np.ndarray, k: int) -> list[np.ndarray]:
    return [y_true * k + y_pred]


def _units(
    matrix: np.ndarray,
    y: np.ndarray,
    predicted: np.ndarray,
    groups: np.ndarray | None,
    numbers_of: Callable[[np.ndarray, np.ndarray, int], list[np.ndarray]],
    n_numbers: int,
) -> tuple[object, np.ndarray]:
    """What is drawn (used cells, or groups), as a sparse matrix (n_units, n_numbers), and how often each occurs."""
    from scipy.sparse import csr_array

    k = len(matrix)
    if groups is None:
        used = np.flatnonzero(matrix)
        y_true, y_pred, frequency = used // k, used % k, matrix.ravel()[used]
        unit = np.arange(len(used))
    else:
        y_true, y_pred, unit = y.astype(np.int64), predicted.astype(np.int64), groups
        frequency = np.ones(int(groups.max()) + 1, dtype=np.int64)
    columns = np.stack(numbers_of(y_true, y_pred, k))
    rows = np.broadcast_to(unit, columns.shape)
    counted = columns >= 0
    entries = (np.ones(int(counted.sum())), (rows[counted], columns[counted]))
    return csr_array(entries, shape=(len(frequency), n_numbers)), frequency  # entries of one place add up


def _multinomials(frequency: np.ndarray, rng: np.random.Generator, n_draws: int, at_once: int) -> Iterator[np.ndarray]:
    """Blocks of draws, (n, n_units + 2): how often each unit, a wrong and a right pseudo-unit was drawn."""
    n_units = int(frequency.sum())
    weights = np.append(frequency, [1.0, 1.0]) / (n_units + 2)
    for start in range(0, n_draws, at_once):
        yield rng.multinomial(n_units, weights, size=min(at_once, n_draws - start)).astype(float)


def _tally(rows: np.ndarray, columns: list[np.ndarray], n_rows: int, n_columns: int) -> np.ndarray:
    counted = [(rows[column >= 0], column[column >= 0]) for column in columns]
    places = np.concatenate([row * n_columns + column for row, column in counted])
    return np.bincount(places, minlength=n_rows * n_columns).reshape(n_rows, n_columns)


def _score(statistic: Statistic, name: str | None, totals: np.ndarray, k: int) -> np.ndarray:
    if name is None:
        return statistic(totals.reshape(-1, k, k))
    return FROM_MARGINS[name](Margins(totals[:, :k], totals[:, k : 2 * k], totals[:, 2 * k :]))


def margin_of(matrix: np.ndarray) -> np.ndarray:
    """Share of each class, over truth and predictions."""
    return np.asarray((matrix.sum(axis=0) + matrix.sum(axis=1)) / (2 * matrix.sum()))


def right_pairs(margin: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pseudo-rows that are right: a class drawn from the margin, twice."""
    same = rng.choice(len(margin), size=size, p=margin)
    return same, same


def wrong_pairs(margin: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pseudo-rows that are wrong: pairs of two different classes, as independent margins would have them."""
    if np.count_nonzero(margin) < 2:  # a single class occurs
        margin = np.full(len(margin), 1 / len(margin))
    shares = margin * (1 - margin)
    first = rng.choice(len(margin), size=size, p=shares / shares.sum())
    others = np.flatnonzero(margin)
    ends = np.cumsum(margin[others])
    place = np.searchsorted(others, first)
    # a point on the line of shares from which the first class's stretch is cut out
    point = rng.random(size) * (ends[-1] - margin[first])
    before = ends[place] - margin[first]
    point = np.where(point < before, point, point + margin[first])
    found = np.searchsorted(ends, point, side="right")
    last = len(others) - 1
    # rounding at the cut and at the end of the line must not give the first class again, or none
    found = np.where(found == place, place + 1, found)
    return first, others[np.where(found > last, np.where(place == last, last - 1, last), found)]
