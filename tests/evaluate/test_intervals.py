"""Intervals: against closed forms, for coverage on data of known truth, and where they could degenerate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.evaluate.confusion import mcc_of
from heldout.evaluate.intervals import (
    accuracy_interval,
    bootstrap_interval,
    confidence_level,
    grouped_accuracy_interval,
    independence,
    n_effective,
    wilson_interval,
)
from heldout.evaluate.metric_table import STATISTICS
from heldout.evaluate.standard_errors import mean_and_se


@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_accuracy_interval_is_wilsons_as_scipy_computes_it(n: int, share: float, level: float) -> None:
    correct = round(share * n)
    expected = binomtest(correct, n).proportion_ci(level, method="wilson")
    assert accuracy_interval(correct, n, level) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("n", [1, 10, 360])
def test_all_right_and_all_wrong_leave_room_for_the_opposite(n: int) -> None:
    low, high = accuracy_interval(n, n)
    assert low < 1.0 == high
    assert accuracy_interval(0, n) == pytest.approx((0.0, 1 - low))


@pytest.mark.parametrize(("correct", "n"), [(1, 0), (5, 4), (-1, 4)])
def test_impossible_counts_are_refused(correct: int, n: int) -> None:
    with pytest.raises(ShapeError, match="cannot be correct"):
        accuracy_interval(correct, n)


@pytest.mark.parametrize("level", [0.0, 1.0, 95, math.nan])
def test_an_impossible_level_is_refused_everywhere(level: float) -> None:
    for call in (
        lambda: accuracy_interval(3, 4, level),
        lambda: bootstrap_interval("mcc", [0, 1], [0, 1], 2, level=level),
        lambda: grouped_accuracy_interval([True, False], [0, 1], level),
    ):
        with pytest.raises(SettingError, match="level is"):
            call()


def population(n_classes: int, accuracy: float) -> np.ndarray:
    cells = np.full((n_classes, n_classes), (1 - accuracy) / (n_classes - 1))
    np.fill_diagonal(cells, accuracy)
    return cells / n_classes


def drawn_rows(cells: np.ndarray, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.divmod(rng.choice(cells.size, size=n, p=cells.ravel()), len(cells))


RARE = np.array([[0.94, 0.01], [0.015, 0.035]])  # 5 % positives, 70 % of them found


@pytest.mark.parametrize("n", [100, 300, 1000])
@pytest.mark.parametrize(
    "cells",
    [population(2, 0.5), population(2, 0.99), population(3, 0.97), population(10, 0.97), RARE],
    ids=["chance", "2 at 0.99", "3 at 0.97", "10 at 0.97", "rare"],
)
def test_bootstrap_interval_of_mcc_covers_the_truth(cells: np.ndarray, n: int) -> None:
    rng = np.random.default_rng(n)
    truth, n_sets = float(mcc_of(cells)), 300
    hits = 0
    for _ in range(n_sets):
        y, guess = drawn_rows(cells, n, rng)
        low, high = bootstrap_interval("mcc", y, guess, len(cells), seed=rng, n_draws=400)
        hits += low <= truth <= high
    # 93 % or more is promised; three binomial standard errors allow for the simulation itself
    assert hits / n_sets >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / n_sets)


def paired_groups(n_groups: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Every group is right as a whole (chance 0.85) or wrong as a whole: the worst that groups can do."""
    groups = np.repeat(np.arange(n_groups), size)
    y = np.repeat(rng.integers(0, 2, n_groups), size)
    right = np.repeat(rng.random(n_groups) < 0.85, size)
    return y, np.where(right, y, 1 - y), groups


def test_intervals_with_groups_cover_where_those_without_do_not() -> None:
    rng = np.random.default_rng(5)
    hits = dict.fromkeys(("grouped mcc", "plain mcc", "grouped accuracy", "plain accuracy"), 0)
    n_sets = 300
    for _ in range(n_sets):
        y, guess, groups = paired_groups(60, 5, rng)
        right = y == guess
        intervals = {
            "grouped mcc": (
                bootstrap_interval("mcc", y, guess, 2, groups=groups, seed=rng, n_draws=400),
                0.7,
            ),
            "plain mcc": (bootstrap_interval("mcc", y, guess, 2, seed=rng, n_draws=400), 0.7),
            "grouped accuracy": (grouped_accuracy_interval(right, groups), 0.85),
            "plain accuracy": (accuracy_interval(int(right.sum()), right.size), 0.85),
        }
        for name, ((low, high), truth) in intervals.items():
            hits[name] += low <= truth <= high
    slack = 3 * math.sqrt(0.93 * 0.07 / n_sets)
    assert min(hits["grouped mcc"], hits["grouped accuracy"]) / n_sets >= 0.93 - slack
    assert max(hits["plain mcc"], hits["plain accuracy"]) / n_sets < 0.8


def test_groups_of_one_row_give_about_wilsons_interval() -> None:
    right = np.arange(400) % 10 != 0
    assert grouped_accuracy_interval(right, np.arange(400)) == pytest.approx(accuracy_interval(360, 400), abs=0.002)


def test_all_right_in_few_groups_says_less_than_all_right_in_many_rows() -> None:
    right = np.ones(100, dtype=bool)
    low, high = grouped_accuracy_interval(right, np.arange(100) // 10)
    assert high == 1.0
    assert low < accuracy_interval(10, 10)[0]  # Student's quantile is the wider one
    assert grouped_accuracy_interval(right, np.zeros(100)) == (0.0, 1.0)


@pytest.mark.parametrize("statistic", sorted(STATISTICS))
@pytest.mark.parametrize("groups", [None, np.arange(120) // 4])
def test_a_perfect_test_set_never_gets_an_interval_of_zero_width(statistic: str, groups) -> None:
    y = np.arange(120) % 3
    low, high = bootstrap_interval(statistic, y, y, 3, groups=groups)
    assert high == 1.0
    assert 0.5 < low < 0.99


@pytest.mark.parametrize("statistic", sorted(STATISTICS))
def test_one_class_only_still_gives_finite_ends(statistic: str) -> None:
    ends = bootstrap_interval(statistic, np.zeros(50, int), np.zeros(50, int), 2)
    assert np.isfinite(ends).all()
    assert ends[0] < ends[1]


@given(st.integers(2, 4), st.integers(5, 80), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_interval_contains_the_score_and_repeats_with_its_seed(k: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, guess = rng.integers(0, k, n), rng.integers(0, k, n)
    for name, function in STATISTICS.items():
        once = bootstrap_interval(name, y, guess, k, seed=seed, n_draws=200)
        assert once == bootstrap_interval(function, y, guess, k, seed=seed, n_draws=200)
        score = float(function(np.bincount(y * k + guess, minlength=k * k).reshape(k, k)))
        assert math.isnan(score) or once[0] <= score <= once[1]


def test_a_wide_level_contains_a_narrow_one() -> None:
    y, guess = drawn_rows(population(3, 0.9), 200, np.random.default_rng(0))
    narrow, wide = (bootstrap_interval("mcc", y, guess, 3, level=level) for level in (0.8, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_bootstrap_refuses_what_it_cannot_draw_from() -> None:
    with pytest.raises(ShapeError, match="no rows"):
        bootstrap_interval("mcc", [], [], 2)
    with pytest.raises(SettingError, match="Unknown statistic 'acuracy'"):
        bootstrap_interval("acuracy", [0], [0], 2)
    with pytest.raises(SettingError, match="n_draws is 1"):
        bootstrap_interval("mcc", [0], [0], 2, n_draws=1)
    with pytest.raises(ShapeError, match="groups have shape"):
        bootstrap_interval("mcc", [0, 1], [0, 1], 2, groups=[0])
    with pytest.raises(LabelError, match="outside"):
        bootstrap_interval("mcc", [0, 3], [0, 1], 2)


def test_mean_and_se_carries_the_correction_for_shared_training_rows() -> None:
    scores = [0.9, 0.92, 0.95, 0.97, 0.91]
    mean, se = mean_and_se(scores, n_train=80, n_validation=20)
    assert mean == pytest.approx(0.93)
    assert se == pytest.approx(math.sqrt(1 / 5 + 20 / 80) * np.std(scores, ddof=1))
    assert mean_and_se(scores)[1] == pytest.approx(np.std(scores, ddof=1) / math.sqrt(5))


def test_one_score_has_no_standard_error() -> None:
    assert mean_and_se([0.5], 80, 20) == (0.5, None)


@pytest.mark.parametrize("scores", [[], [[0.5]], [0.5, math.nan]])
def test_scores_that_cannot_be_averaged_are_refused(scores) -> None:
    with pytest.raises(ShapeError, match="one finite score"):
        mean_and_se(scores)


def test_one_size_without_the_other_is_refused() -> None:
    with pytest.raises(ShapeError, match="both, or neither"):
        mean_and_se([0.5, 0.6], n_train=10)


def test_confidence_levels_are_bonferronis():
    assert [confidence_level(k) for k in (0, 1)] == [0.95, 0.95]
    assert confidence_level(5) == pytest.approx(0.99)
    assert confidence_level(2, base=0.9) == pytest.approx(0.95)
    with pytest.raises(SettingError, match="confidence level is 95"):
        confidence_level(1, base=95)


def test_groups_of_equal_rows_are_worth_one_row_each() -> None:
    groups = np.repeat(np.arange(50), 4)
    right = np.repeat(np.random.default_rng(0).random(50) < 0.7, 4)
    assert n_effective(right, groups) == pytest.approx(49, abs=0.01)  # n - 1: the variance is estimated
    assert n_effective(np.ones(200, bool), groups) == 50
    assert 0.2 < independence(right, groups) < 0.25
    assert independence(right, None) == independence(right, np.arange(200)) == 1.0


def test_groups_that_err_independently_are_worth_about_their_rows() -> None:
    rng = np.random.default_rng(1)
    found = [n_effective(rng.random(400) < 0.8, np.arange(400) // 4) for _ in range(50)]
    assert 320 < np.mean(found) <= 400


def test_an_interval_of_a_share_widens_as_fewer_rows_are_independent() -> None:
    whole, half = wilson_interval(0.9, 100), wilson_interval(0.9, 50.5)
    assert half[0] < whole[0] < 0.9 < whole[1] < half[1]
    assert wilson_interval(1.0, 12.5)[1] == 1.0
    assert wilson_interval(0.0, 12.5)[0] == 0.0
