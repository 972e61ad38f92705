"""Intervals of all metrics from one bootstrap of the rows.

Each draw gives every row a weight (how often it was drawn). All metrics are then sums of weights: of rows by class, of
losses, of rows below each score. So 2,000 draws of 10,000 rows are a few products of matrices, in blocks that stay in
the cache, and every metric sees the same draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from heldout.errors import SettingError
from heldout.evaluate import scores
from heldout.evaluate.checks import as_labels, check_level, check_probabilities, group_numbers
from heldout.evaluate.confusion import confusion
from heldout.evaluate.draws import margin_of, right_pairs, wrong_pairs
from heldout.evaluate.intervals import is_one_unit
from heldout.evaluate.margins import Margins, divide
from heldout.evaluate.metric_table import FROM_MARGINS, METRICS, TOP
from heldout.evaluate.metrics import metrics
from heldout.evaluate.stack import over_classes

N_PSEUDO = 200
"""Pseudo-rows of each kind among which a draw of one chooses."""

WEIGHTS_AT_ONCE = 1_500_000
"""Weights of a block of draws (6 MB as float32), so that it stays in the processor's cache."""

MOST_RANKED_WEIGHTS = 4_000_000_000
"""Classes × rows × draws beyond which AUC and average precision get fewer draws, to take seconds and not minutes."""


@dataclass(frozen=True)
class _Rows:
    """Rows to draw: the real ones, then `N_PSEUDO` wrong and as many right pseudo-rows."""

    y_true: np.ndarray
    y_pred: np.ndarray
    proba: np.ndarray


def metric_intervals(
    y: object,
    probabilities: object,
    *,
    predictions: object = None,
    groups: object = None,
    stratified: bool = False,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
    n_draws: int = 2000,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval of every metric of probabilities, from the same draws of the rows.

    As in `heldout.evaluate.intervals.bootstrap_interval`, one right and one wrong pseudo-row (with groups: group) are
    added to the population, spread over classes as the margins are, with probabilities of rows that occur; so a
    perfect test set keeps intervals of honest width. Every interval contains the metric itself.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
    predictions : array of int, shape (n_rows,), optional
        Decided classes where they are not the most probable ones.
    groups : array, shape (n_rows,), optional
        Rows of one group are drawn together. One group, or one row, has nothing to draw: the intervals are then all
        that the metrics can be.
    stratified : bool, default=False
        Draw each class (with groups: the groups whose most frequent class it is) as often as it has rows: right
        where the numbers of rows of the classes were chosen and are not a result.
    level : float, default=0.95
    seed : int or numpy.random.Generator, default=0
    n_draws : int, default=2000

    Returns
    -------
    dict of str to (low, high)
        The metrics of `heldout.evaluate.metrics.metrics` that are defined: those of the confusion matrix,
        ``log_loss``, ``brier``, ``calibration_error`` (which draws bias upwards; read its low end with care),
        ``top_k_accuracy``, ``auc``, ``average_precision``.

    Raises
    ------
    ShapeError, LabelError, SettingError
        As `metrics` and `bootstrap_interval` do.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 and 13
    """
    check_level(level)
    if n_draws < 100:
        raise SettingError(f"n_draws is {n_draws}", fix="use 100 or more; 2000 is usual")
    proba = check_probabilities(probabilities)
    k = proba.shape[1]
    found = metrics(y, proba, predictions=predictions)
    y_true = as_labels(y, k)
    y_pred = proba.argmax(axis=1) if predictions is None else as_labels(predictions, k, name="predictions")
    units = None if groups is None else group_numbers(groups, len(y_true))
    rng = np.random.default_rng(seed)
    rows = _with_pseudo_rows(y_true, y_pred, proba, rng)
    scorers = (_margin_scorer(rows, k), _mean_scorer(rows), _bin_scorer(rows), _rank_scorer(rows, n_draws))
    drawn: dict[str, list[np.ndarray]] = {}
    for weights in _weights(y_true, units, stratified, rng, n_draws):
        for scorer in scorers:
            for key, values in scorer(weights).items():
                drawn.setdefault(key, []).append(values)
    if is_one_unit(len(y_true), units):
        return {key: METRICS[key].range_for(k) for key in drawn if found[key] is not None}
    tails = [0.5 - level / 2, 0.5 + level / 2]
    intervals = {}
    for key, blocks in drawn.items():
        values = np.concatenate(blocks)
        if found[key] is not None and not np.isnan(values).all():
            low, high = np.nanquantile(values, tails)
            intervals[key] = (float(min(low, found[key])), float(max(high, found[key])))
    return intervals


def _with_pseudo_rows(y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray, rng: np.random.Generator) -> _Rows:
    """Real rows, then wrong, then right ones: each has the probabilities of a real row, its answer put in place."""
    margin = margin_of(confusion(y_true, y_pred, proba.shape[1]))
    pairs = [wrong_pairs(margin, N_PSEUDO, rng), right_pairs(margin, N_PSEUDO, rng)]
    more_true, more_pred = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    more = proba[rng.integers(len(proba), size=2 * N_PSEUDO)].copy()
    places, top = np.arange(2 * N_PSEUDO), more.argmax(axis=1)
    highest = more[places, top]
    more[places, top] = more[places, more_pred]
    more[places, more_pred] = highest
    return _Rows(
        np.concatenate([y_true, more_true]), np.concatenate([y_pred, more_pred]), np.concatenate([proba, more])
    )


def _weights(
    y_true: np.ndarray, units: np.ndarray | None, stratified: bool, rng: np.random.Generator, n_draws: int
) -> Iterator[np.ndarray]:
    """Blocks of weights, float32, shape (n_rows + 2 × N_PSEUDO, n_block)."""
    n_rows = len(y_true)
    n_units = n_rows if units is None else int(units.max()) + 1
    strata = [np.arange(n_units)]
    if stratified:
        of_unit = y_true if units is None else _usual_class(y_true, units, n_units)
        strata = [members for c in np.unique(of_unit) if (members := np.flatnonzero(of_unit == c)).size]
    size = n_rows / n_units  # a pseudo-group is as large as groups are on average
    at_once = max(1, WEIGHTS_AT_ONCE // (n_rows + 2 * N_PSEUDO))
    for start in range(0, n_draws, at_once):
        n = min(at_once, n_draws - start)
        weights = np.zeros((n_rows + 2 * N_PSEUDO, n), dtype=np.float32)
        drawn = np.zeros((n_units, n), dtype=np.float32)
        for members in strata:
            drawn[members], pseudo = _draw(len(members), 2 * len(members) / n_units, n, rng)
            _add_pseudo(weights[n_rows:], pseudo, size, rng)
        weights[:n_rows] = drawn if units is None else drawn[units]
        yield weights


def _usual_class(y_true: np.ndarray, units: np.ndarray, n_units: int) -> np.ndarray:
    k = int(y_true.max()) + 1
    return np.bincount(units * k + y_true, minlength=n_units * k).reshape(n_units, k).argmax(axis=1)


def _draw(n_members: int, pseudo: float, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """How often each member is drawn, (n_members, n), and how many of the draws fall on pseudo-units, (n,)."""
    chance = pseudo / (n_members + pseudo)
    n_pseudo = rng.binomial(n_members, chance, size=n)
    picks = rng.integers(n_members, size=(n, n_members), dtype=np.int64)
    picks += np.arange(n)[:, None] * (n_members + 1)
    late = np.arange(n_members) >= n_members - n_pseudo[:, None]
    picks[late] = np.repeat(np.arange(n) * (n_members + 1) + n_members, n_pseudo)
    counts = np.bincount(picks.ravel(), minlength=n * (n_members + 1)).reshape(n, n_members + 1)
    return counts[:, :-1].T, n_pseudo


def _add_pseudo(weights: np.ndarray, n_pseudo: np.ndarray, size: float, rng: np.random.Generator) -> None:
    draw = np.repeat(np.arange(len(n_pseudo)), n_pseudo)
    np.add.at(weights, (rng.integers(2 * N_PSEUDO, size=draw.size), draw), size)


Scorer = Callable[[np.ndarray], dict[str, np.ndarray]]


def _margin_scorer(rows: _Rows, k: int) -> Scorer:
    from scipy.sparse import csr_array

    n = len(rows.y_true)
    right = rows.y_true == rows.y_pred
    numbers = np.concatenate([rows.y_true[right], k + rows.y_true, 2 * k + rows.y_pred])
    columns = np.concatenate([np.flatnonzero(right), np.arange(n), np.arange(n)])
    table = csr_array((np.ones(len(numbers), np.float32), (numbers, columns)), shape=(3 * k, n))

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        sums = (table @ weights).T.astype(float)
        m = Margins(sums[:, :k], sums[:, k : 2 * k], sums[:, 2 * k :])
        return {key: function(m) for key, function in FROM_MARGINS.items()}

    return score


def _mean_scorer(rows: _Rows) -> Scorer:
    p_true = rows.proba[np.arange(len(rows.y_true)), rows.y_true]
    values = {
        "log_loss": -np.log(np.clip(p_true, np.finfo(float).eps, 1.0)),
        "brier": scores.brier_rows(rows.y_true, rows.proba),
        "top_k_accuracy": scores.in_top(rows.y_true, rows.proba, TOP),
    }
    table = np.array(list(values.values()), dtype=np.float32)

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(values, (table @ weights) / weights.sum(axis=0), strict=True))

    return score


def _bin_scorer(rows: _Rows) -> Scorer:
    confidence = rows.proba.max(axis=1)
    bins = scores.confidence_bins(confidence, scores.N_BINS)
    gap = confidence - (rows.proba.argmax(axis=1) == rows.y_true)
    table = np.zeros((scores.N_BINS, len(bins)), dtype=np.float32)
    table[bins, np.arange(len(bins))] = gap

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"calibration_error": np.abs(table @ weights).sum(axis=0) / weights.sum(axis=0)}

    return score


def _rank_scorer(rows: _Rows, n_draws: int) -> Scorer:
    """AUC and average precision: weights of negatives below each score that a positive has, by sparse products."""
    n, k = rows.proba.shape
    wanted = [1] if k == 2 else list(range(k))
    cost = len(wanted) * n * n_draws
    share = 1.0 if cost <= MOST_RANKED_WEIGHTS else MOST_RANKED_WEIGHTS / cost
    tables = [_rank_tables(rows.y_true == c, rows.proba[:, c]) for c in wanted]

    def score(weights: np.ndarray) -> dict[str, np.ndarray]:
        some = weights[:, : max(1, round(share * weights.shape[1]))]
        found = np.stack([_ranked(some, *table) for table in tables], axis=-1)
        values = over_classes(found) if k > 2 else found[..., 0]
        return {"auc": values[0], "average_precision": values[1]}

    return score


def _rank_tables(positive: np.ndarray, score: np.ndarray) -> tuple[object, object, object]:
    """Sparse sums over rows, by place among the distinct scores of positives: positives, negatives below, ties."""
    from scipy.sparse import csr_array

    distinct = np.unique(score[positive])
    hits, others = np.flatnonzero(positive), np.flatnonzero(~positive)
    above = np.searchsorted(distinct, score[others], side="right")
    tied = np.searchsorted(distinct, score[others], side="left") < above
    shape = (len(distinct) + 1, len(score))

    def table(places: np.ndarray, rows: np.ndarray) -> object:
        return csr_array((np.ones(len(rows), np.float32), (places, rows)), shape=shape)

    own = np.searchsorted(distinct, score[hits])
    return table(own, hits), table(above, others), table(above[tied] - 1, others[tied])


def _ranked(weights: np.ndarray, hits: object, others: object, ties: object) -> np.ndarray:
    """AUC and average precision of each draw, (2, n_draws)."""
    own = hits @ weights
    below = np.cumsum(others @ weights, axis=0)
    n_own, n_others = own.sum(axis=0), below[-1]
    level = ties @ weights
    area = divide((own * (below + level / 2)).sum(axis=0, dtype=float), n_own.astype(float) * n_others)
    reached = np.cumsum(own[::-1], axis=0)[::-1]
    alarms = n_others - below
    called = reached + alarms
    steps = np.divide(own * reached, called, out=np.zeros_like(own), where=called > 0)
    return np.stack([area, divide(steps.sum(axis=0, dtype=float), n_own)])
