"""Scores of resampled confusion matrices: whole matrices for few classes, margins and diagonals for many.

A matrix of 1,000 classes has a million cells, and 1,200 test rows fill a thousand of them. The named scores
follow from the row sums, the column sums and the diagonal, and sums of drawn rows are sparse products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from heldout.evaluate.confusion import STATISTICS, _divide, _mean_defined

Statistic = Callable[[np.ndarray], np.ndarray]

CELLS_AT_ONCE = 4_000_000
"""Numbers held in memory at once while resampling (32 MB)."""

MOST_CLASSES_AS_MATRICES = 50
"""With more classes, named scores are computed from margins; drawing whole matrices would take seconds."""


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
    name = next((key for key, function in STATISTICS.items() if function is statistic), None)
    if name is not None and len(matrix) > MOST_CLASSES_AS_MATRICES:
        return _from_margins(FROM_MARGINS[name], matrix, y, predicted, groups, rng, n_draws)
    used = np.flatnonzero(matrix)
    if groups is None:
        return _from_matrices(statistic, matrix, used, None, matrix.ravel()[used], rng, n_draws)
    patterns, frequency = _group_patterns(y, predicted, groups, len(matrix), used)
    return _from_matrices(statistic, matrix, used, patterns, frequency, rng, n_draws)


def _group_patterns(
    y: np.ndarray, predicted: np.ndarray, groups: np.ndarray, n_classes: int, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Different groups as counts of the used cells, (n_patterns, n_used), and how many groups are alike."""
    cells = np.searchsorted(used, y.astype(np.int64) * n_classes + predicted)
    counts = np.bincount(groups * len(used) + cells, minlength=(groups.max() + 1) * len(used))
    patterns, frequency = np.unique(counts.reshape(-1, len(used)), axis=0, return_counts=True)
    return patterns.astype(float), frequency


def _multinomials(frequency: np.ndarray, rng: np.random.Generator, n_draws: int, at_once: int) -> Iterator[np.ndarray]:
    """Blocks of draws, (n, n_units + 2): how often each unit, a wrong and a right pseudo-unit was drawn."""
    n_units = int(frequency.sum())
    weights = np.append(frequency, [1.0, 1.0]) / (n_units + 2)
    for start in range(0, n_draws, at_once):
        yield rng.multinomial(n_units, weights, size=min(at_once, n_draws - start))


def _from_matrices(
    function: Statistic,
    matrix: np.ndarray,
    used: np.ndarray,
    patterns: np.ndarray | None,
    frequency: np.ndarray,
    rng: np.random.Generator,
    n_draws: int,
) -> np.ndarray:
    """The statistic of ``n_draws`` resampled matrices; without patterns, each unit is one used cell."""
    n_units = int(frequency.sum())
    share_wrong, share_right = _pseudo_shares(matrix)
    results = []
    at_once = max(1, CELLS_AT_ONCE // max(matrix.size, len(frequency) + 2))
    for drawn in _multinomials(frequency, rng, n_draws, at_once):
        resampled = np.zeros((len(drawn), matrix.size))
        resampled[:, used] = drawn[:, :-2] if patterns is None else drawn[:, :-2] @ patterns
        for column, shares in ((-2, share_wrong), (-1, share_right)):
            rows = np.repeat(np.arange(len(drawn)), drawn[:, column])
            cells = rng.choice(matrix.size, size=rows.size, p=shares)
            np.add.at(resampled, (rows, cells), matrix.sum() / n_units)
        results.append(function(resampled.reshape(-1, *matrix.shape)))
    return np.concatenate(results)


def _margin(matrix: np.ndarray) -> np.ndarray:
    """Share of each class, over truth and predictions."""
    return (matrix.sum(axis=0) + matrix.sum(axis=1)) / (2 * matrix.sum())


def _pseudo_shares(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a pseudo-row falls, wrong and right: as independent margins would have it, flattened."""
    margin = _margin(matrix)
    wrong = np.outer(margin, margin)
    np.fill_diagonal(wrong, 0.0)
    if not wrong.any():  # a single class occurs
        wrong = 1.0 - np.eye(len(matrix))
    return (wrong / wrong.sum()).ravel(), np.diag(margin).ravel()


def _from_margins(
    function: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    matrix: np.ndarray,
    y: np.ndarray,
    predicted: np.ndarray,
    groups: np.ndarray | None,
    rng: np.random.Generator,
    n_draws: int,
) -> np.ndarray:
    """As `_from_matrices`, in memory that grows with the classes instead of with their square."""
    from scipy.sparse import csr_array

    k, margin = len(matrix), _margin(matrix)
    if groups is None:
        used = np.flatnonzero(matrix)
        truth, guess, frequency = used // k, used % k, matrix.ravel()[used]
        units = np.arange(len(used))
    else:
        truth, guess, units = y.astype(np.int64), predicted.astype(np.int64), groups
        frequency = np.ones(int(groups.max()) + 1, dtype=np.int64)
    weight = matrix.sum() / int(frequency.sum())
    shape, right = (len(frequency), k), truth == guess
    # entries of one place add up: a unit's rows by true class, by predicted class, and right ones by class
    true_of = csr_array((np.ones(len(units)), (units, truth)), shape=shape)
    guess_of = csr_array((np.ones(len(units)), (units, guess)), shape=shape)
    right_of = csr_array((right.astype(float), (units, truth)), shape=shape)
    results = []
    at_once = max(1, CELLS_AT_ONCE // max(4 * k, len(frequency) + 2))
    for drawn in _multinomials(frequency, rng, n_draws, at_once):
        n, counts = len(drawn), drawn[:, :-2].astype(float)
        wrong_rows, right_rows = (np.repeat(np.arange(n), drawn[:, column]) for column in (-2, -1))
        first, second = _wrong_pairs(margin, wrong_rows.size, rng)
        same = rng.choice(k, size=right_rows.size, p=margin)
        pseudo = weight * _tally(right_rows, same, n, k)
        results.append(
            function(
                counts @ right_of + pseudo,
                counts @ true_of + pseudo + weight * _tally(wrong_rows, first, n, k),
                counts @ guess_of + pseudo + weight * _tally(wrong_rows, second, n, k),
            )
        )
    return np.concatenate(results)


def _tally(rows: np.ndarray, columns: np.ndarray, n_rows: int, n_columns: int) -> np.ndarray:
    return np.bincount(rows * n_columns + columns, minlength=n_rows * n_columns).reshape(n_rows, n_columns)


def _wrong_pairs(margin: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of two different classes, as independent margins would have them."""
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


def _accuracy(right: np.ndarray, true: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    return _divide(right.sum(axis=-1), true.sum(axis=-1))


def _balanced_accuracy(right: np.ndarray, true: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    return _mean_defined(_divide(right, true))


def _f1_macro(right: np.ndarray, true: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    return _mean_defined(_divide(2 * right, true + guessed))


def _kappa(right: np.ndarray, true: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    n, by_chance = true.sum(axis=-1), (true * guessed).sum(axis=-1)
    return _divide(right.sum(axis=-1) * n - by_chance, n**2 - by_chance)


def _mcc(right: np.ndarray, true: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    n = true.sum(axis=-1)
    shared = right.sum(axis=-1) * n - (true * guessed).sum(axis=-1)
    spread = (n**2 - (true**2).sum(axis=-1)) * (n**2 - (guessed**2).sum(axis=-1))
    return np.nan_to_num(_divide(shared, np.sqrt(np.maximum(spread, 0.0))), nan=0.0)


FROM_MARGINS: Mapping[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1_macro": _f1_macro,
    "kappa": _kappa,
    "mcc": _mcc,
}
"""`STATISTICS` as functions of right rows, true rows and predicted rows of each class, (..., n_classes)."""
