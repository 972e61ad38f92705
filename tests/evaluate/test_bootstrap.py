"""The bootstrap of all metrics: against drawing rows one by one, for coverage, at the edge, in groups and classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as oracle

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.evaluate.bootstrap import _rank_scorer, _Rows, metric_intervals
from heldout.evaluate.intervals import auc_interval, bootstrap_interval, mean_interval
from heldout.evaluate.metrics import metrics
from heldout.evaluate.standard_errors import mcc_standard_error

MATRIX = ("accuracy", "balanced_accuracy", "mcc", "kappa", "f1_macro", "f1_weighted")
PROBABILITY = ("log_loss", "brier", "auc", "average_precision", "top_k_accuracy")


def rows_of(k: int, n: int, seed: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    p = rng.dirichlet(np.full(k, 0.7), n) + 0.6 * np.eye(k)[y] * rng.random((n, 1))
    p /= p.sum(axis=1, keepdims=True)
    if ties:
        p = np.round(p[:, :1], 1)
        p = np.column_stack([p, 1 - p])
    return y, p


@pytest.mark.parametrize("k", [2, 4])
def test_intervals_are_those_of_drawing_rows_and_measuring_anew(k: int) -> None:
    y, p = rows_of(k, 400, k)
    found = metric_intervals(y, p, seed=1)
    rng = np.random.default_rng(2)
    drawn = [metrics(y[r], p[r]) for r in rng.integers(400, size=(300, 400))]
    for key in (*MATRIX, *PROBABILITY):
        low, high = np.quantile([one[key] for one in drawn], [0.025, 0.975])
        assert found[key] == pytest.approx((low, high), abs=0.3 * (high - low) + 1e-9), key


@pytest.mark.parametrize("ties", [False, True])
def test_weighted_ranking_scores_equal_those_of_repeated_rows(ties: bool) -> None:
    y, p = rows_of(2, 150, 4, ties)
    counts = np.random.default_rng(0).multinomial(150, np.full(150, 1 / 150), size=5)
    found = _rank_scorer(_Rows(y, y, p), 100)(counts.T.astype(np.float32))
    for draw, weight in enumerate(counts):
        rows = np.repeat(np.arange(150), weight)
        assert found["auc"][draw] == pytest.approx(oracle.roc_auc_score(y[rows], p[rows, 1]), abs=1e-5)
        expected = oracle.average_precision_score(y[rows], p[rows, 1])
        assert found["average_precision"][draw] == pytest.approx(expected, abs=1e-5)


def test_the_interval_of_a_perfect_test_set_has_a_width_for_every_metric() -> None:
    y = np.arange(90) % 3
    found = metric_intervals(y, np.eye(3)[y])
    for key in (*MATRIX, "auc", "average_precision"):
        assert 0.8 < found[key][0] < found[key][1] == 1.0, key
    assert found["brier"][0] == 0.0 < found["brier"][1] < 0.2
    assert found["log_loss"][1] > 0


def test_every_interval_contains_its_metric_and_repeats_with_its_seed() -> None:
    y, p = rows_of(5, 60, 8)
    values, once = metrics(y, p), metric_intervals(y, p, seed=3, n_draws=300)
    assert once == metric_intervals(y, p, seed=3, n_draws=300)
    assert set(once) >= {*MATRIX, *PROBABILITY, "calibration_error"}
    for key, (low, high) in once.items():
        assert low <= values[key] <= high


def test_intervals_of_auc_cover_the_truth() -> None:
    rng = np.random.default_rng(0)
    truth = 0.5 * math.erfc(-1.2 / 2)  # two normal clouds 1.2 apart
    hits = {"rows": 0, "closed form": 0}
    n_sets = 120
    for _ in range(n_sets):
        y = np.arange(80) % 2
        score = rng.normal(size=80) + 1.2 * y
        p = 1 / (1 + np.exp(-score))
        ends = metric_intervals(y, np.column_stack([1 - p, p]), seed=rng, n_draws=200)["auc"]
        hits["rows"] += ends[0] <= truth <= ends[1]
        ends = auc_interval(oracle.roc_auc_score(y, score), 40, 40)
        hits["closed form"] += ends[0] <= truth <= ends[1]
    assert min(hits.values()) / n_sets >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / n_sets)


def test_groups_are_drawn_whole_and_classes_as_often_as_they_are() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat(rng.integers(0, 2, 40), 6)
    right = np.repeat(rng.random(40) < 0.8, 6)
    p = np.where(right == (y == 1), 0.8, 0.2)
    given = np.column_stack([1 - p, p])
    plain, grouped = (metric_intervals(y, given, groups=g)["accuracy"] for g in (None, np.arange(240) // 6))
    assert np.ptp(grouped) > 1.8 * np.ptp(plain)
    assert grouped == pytest.approx(
        bootstrap_interval("accuracy", y, (p > 0.5).astype(int), 2, groups=np.arange(240) // 6), abs=0.03
    )
    rare = (np.arange(300) % 10 == 0).astype(int)
    answer = np.column_stack([np.full(300, 0.9), np.full(300, 0.1)])
    free, fixed = (metric_intervals(rare, answer, stratified=s)["accuracy"] for s in (False, True))
    assert np.ptp(fixed) < 0.6 * np.ptp(free)  # the share of the rare class no longer varies


def test_bad_input_of_the_bootstrap_is_refused() -> None:
    y, p = rows_of(2, 10, 0)
    with pytest.raises(SettingError, match="n_draws is 5"):
        metric_intervals(y, p, n_draws=5)
    with pytest.raises(SettingError, match="level is 2"):
        metric_intervals(y, p, level=2)
    with pytest.raises(ShapeError, match="groups have shape"):
        metric_intervals(y, p, groups=[1])
    with pytest.raises(LabelError, match="outside"):
        metric_intervals(y + 1, p)


def test_one_row_still_gives_finite_ends() -> None:
    found = metric_intervals([1], [[0.3, 0.7]], n_draws=200)
    assert np.isfinite([end for ends in found.values() for end in ends]).all()
    assert found["accuracy"][0] < 1.0 == found["accuracy"][1]


def test_the_error_of_mcc_is_that_of_simulated_test_sets_and_never_nothing() -> None:
    from heldout.evaluate.confusion import mcc_of

    cells = np.array([[40, 10, 2], [15, 35, 3], [4, 8, 60]])
    drawn = np.random.default_rng(0).multinomial(cells.sum(), cells.ravel() / cells.sum(), size=8000)
    assert mcc_standard_error(cells) == pytest.approx(mcc_of(drawn.reshape(-1, 3, 3)).std(), rel=0.06)
    assert mcc_standard_error(cells, n=cells.sum() / 4) == pytest.approx(2 * mcc_standard_error(cells), rel=0.06)
    for perfect in (np.diag([50, 50]), np.diag([95, 5]), np.diag([30, 0])):
        assert 0 < mcc_standard_error(perfect) < 0.35
    assert mcc_standard_error(np.diag([95, 5])) > mcc_standard_error(np.diag([50, 50]))


@pytest.mark.parametrize(("auc", "m", "n"), [(1.0, 20, 20), (0.0, 5, 9), (0.5, 1, 1), (0.97, 40, 400)])
def test_the_closed_interval_of_auc_contains_it_mirrors_and_never_has_no_width(auc: float, m: int, n: int) -> None:
    low, high = auc_interval(auc, m, n)
    assert 0 <= low <= auc <= high <= 1
    assert high - low > 0.01
    assert auc_interval(1 - auc, m, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    with pytest.raises(ShapeError, match="an AUC of"):
        auc_interval(1.2, m, n)


def test_the_interval_of_a_mean_is_students() -> None:
    from scipy import stats

    scores = [0.81, 0.86, 0.79, 0.9]
    expected = stats.t.interval(0.95, 3, np.mean(scores), stats.sem(scores))
    assert mean_interval(scores) == pytest.approx(expected)
    assert mean_interval([0.8]) is None
    assert mean_interval([1.0, 1.0], se_floor=0.01)[0] < 1.0


def test_one_group_or_one_row_tells_nothing_of_the_variance() -> None:
    y, p = rows_of(2, 40, 9)
    for found, rows in (
        (metric_intervals(y, p, groups=np.zeros(40)), slice(None)),
        (metric_intervals(y[:1], p[:1]), slice(1)),
    ):
        assert set(found) <= set(metrics(y[rows], p[rows]))
        assert found["mcc"] == (-1.0, 1.0)
        assert found["accuracy"] == found["brier"] == found["f1_macro"] == (0.0, 1.0)
        assert found["log_loss"] == (0.0, pytest.approx(36.04, abs=0.01))
    assert metric_intervals(y, p, groups=np.zeros(40))["auc"] == (0.0, 1.0)
    guess = p.argmax(axis=1)
    assert bootstrap_interval("kappa", y, guess, 2, groups=np.zeros(40)) == (-1.0, 1.0)
    assert bootstrap_interval(lambda m: m[..., 0, 0], y, guess, 2, groups=np.zeros(40)) == (-math.inf, math.inf)
