"""Comparisons: against SciPy and by hand, what they say, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heldout.errors import SettingError, ShapeError
from heldout.evaluate.answers import compare_answers
from heldout.evaluate.comparison import adjust, compare, compare_all
from heldout.evaluate.significance import (
    cliffs_delta,
    cohens_d,
    corrected_t_test,
    holm,
    mann_whitney,
    mcnemar,
    rank_biserial,
    wilcoxon,
)

SIDES = np.random.default_rng(3).normal(0.8, 0.05, (2, 7, 11))


def test_without_sizes_the_t_test_is_scipys_paired_one_for_a_whole_stack() -> None:
    t, p = corrected_t_test(SIDES[0] - SIDES[1])
    expected = stats.ttest_rel(SIDES[0], SIDES[1], axis=1)
    np.testing.assert_allclose(t, expected.statistic)
    np.testing.assert_allclose(p, expected.pvalue)


def test_the_correction_widens_the_error_by_the_share_of_rows_as_worked_by_hand() -> None:
    differences = np.array([0.01, 0.03, 0.02, 0.02])
    t, p = corrected_t_test(differences, n_train=75, n_validation=25)
    by_hand = 0.02 / np.sqrt((1 / 4 + 25 / 75) * differences.var(ddof=1))
    assert float(t) == pytest.approx(by_hand)
    assert float(p) == pytest.approx(2 * stats.t.sf(by_hand, 3))


def test_rank_tests_are_scipys() -> None:
    a, b = SIDES
    np.testing.assert_allclose(wilcoxon(a - b), [stats.wilcoxon(x, y).pvalue for x, y in zip(a, b, strict=True)])
    u, p = mann_whitney(a[:, :6], b)
    np.testing.assert_allclose(u, [stats.mannwhitneyu(x[:6], y).statistic for x, y in zip(a, b, strict=True)])
    np.testing.assert_allclose(p, [stats.mannwhitneyu(x[:6], y).pvalue for x, y in zip(a, b, strict=True)])


def test_equal_scores_everywhere_give_no_difference_and_no_crash() -> None:
    same = np.full(5, 1.0)
    for test in ("auto", "wilcoxon", "mann-whitney"):
        found = compare(same, same, test=test)
        assert (found.p, found.difference) == (1.0, 0.0)
        assert "does not prove" in found.says
    # always better by the very same amount: as sure as five heads in a row, not infinitely sure
    assert compare(same, same - 0.1).p == pytest.approx(2 / 2**5)
    assert compare(same, same, se_floor=0.01).high > 0.01


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_the_binomial_test_and_mid_p_takes_half_the_observed_point(b: int, c: int) -> None:
    exact, mid = (float(p) for p in mcnemar(b, c))
    if b + c == 0:
        assert exact == mid == 1.0
        return
    assert exact == pytest.approx(stats.binomtest(b, b + c).pvalue)
    tail = stats.binom.pmf(np.arange(b + c + 1), b + c, 0.5)
    k = min(b, c)
    by_hand = 2 * (tail[:k].sum() + tail[k] / 2) if b != c else 1 - tail[k] / 2
    assert mid == pytest.approx(min(1.0, by_hand), abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_holm_rejects_one_by_one_as_its_definition_says(p: list[float]) -> None:
    adjusted = holm(p)
    for level in (0.01, 0.05, 0.3):
        rejected = 0
        for value in sorted(p):
            if value > level / (len(p) - rejected):
                break
            rejected += 1
        near = np.isclose(adjusted, level, rtol=1e-9)
        assert (adjusted <= level).sum() == rejected or near.any()
    assert (adjusted >= np.asarray(p) - 1e-15).all()


def test_effect_sizes_by_hand() -> None:
    a, b = np.array([3.0, 5.0, 9.0]), np.array([1.0, 5.0, 6.0])
    assert cohens_d(a - b) == pytest.approx((5 / 3) / np.std([2, 0, 3], ddof=1))
    assert cliffs_delta(a, b) == pytest.approx((5 - 3) / 9)  # 9 pairs: 5 above, 3 below, 1 tie
    assert cliffs_delta(a, b) == pytest.approx(2 * float(mann_whitney(a, b)[0]) / 9 - 1)
    assert rank_biserial([2.0, 0.0, -3.0]) == pytest.approx((1 - 2) / 3)
    assert cohens_d([0.1, 0.1]) is None


def test_the_sentence_follows_the_numbers_both_ways() -> None:
    a, b = [0.91, 0.93, 0.92, 0.94], [0.90, 0.91, 0.91, 0.92]
    forth, back = compare(a, b, names=("cnn", "forest")), compare(b, a, names=("forest", "cnn"))
    assert forth.says == back.says
    assert forth.says.startswith("cnn is better than forest by 0.015 (95 % interval ")
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


def test_equivalence_needs_an_interval_within_the_margin() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0.9, 0.01, 30)
    b = a + rng.normal(0, 0.001, 30)
    assert compare(a, b, margin=0.01).equivalent
    assert "equal to within 0.01" in compare(a, b, margin=0.01).says
    assert compare(a, b, margin=1e-5).equivalent is False
    assert compare(a, b).equivalent is None


def test_runs_with_folds_of_their_own_are_compared_by_welchs_test() -> None:
    a, b = SIDES[0, 0], SIDES[1, 1, :6]
    found = compare(a, b, paired=False)
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    corrected = compare(a, b, paired=False, n_train=80, n_validation=20)
    assert corrected.low < found.low < found.high < corrected.high


def test_many_models_are_compared_with_holms_correction_and_say_so() -> None:
    scores = {"a": SIDES[0, 0] + 0.2, "b": SIDES[0, 1], "c": SIDES[0, 2]}
    pairs = compare_all(scores)
    assert [(pair.a, pair.b) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    np.testing.assert_allclose([pair.adjusted for pair in pairs], holm([pair.p for pair in pairs]))
    assert "after Holm's correction" in pairs[0].says
    assert adjust(pairs[:1])[0].adjusted == pairs[0].p


def test_an_interval_without_0_beside_a_corrected_p_says_that_it_is_of_one_difference() -> None:
    found = compare([0.91, 0.93, 0.92, 0.94], [0.90, 0.91, 0.91, 0.92], n_train=75, n_validation=25)
    assert found.p < 0.05
    assert found.low > 0
    corrected = adjust([found, found])[0]
    assert corrected.says.startswith("no difference between A and B is shown (+0.015, 95 % interval of this ")
    assert "difference alone 0.001 to 0.029, p = 0.085 after Holm's correction)" in corrected.says


def test_answers_on_the_same_rows_are_compared_by_those_that_differ() -> None:
    a = np.repeat([True, True, False, False], [80, 12, 3, 5])
    b = np.repeat([True, False, True, False], [80, 12, 3, 5])
    found = compare_answers(a, b, names=("new", "old"))
    assert [found[key] for key in ("n", "both", "only_a", "only_b", "neither")] == [100, 80, 12, 3, 5]
    assert found["p_exact"] == pytest.approx(stats.binomtest(3, 15).pvalue)
    assert found["low"] < 0.09 == pytest.approx(found["difference"])
    assert found["says"].startswith("on these 100 rows new is right more often than old")
    same = compare_answers(a, a)
    assert same["low"] < 0 < same["high"] or same["p"] == 1.0


def test_rows_in_groups_are_compared_as_groups_and_keep_the_level_that_single_rows_break() -> None:
    rng = np.random.default_rng(0)
    alarms = {"rows": 0, "groups": 0}
    for _ in range(300):
        groups = np.repeat(np.arange(30), 8)
        a, b = (np.repeat(rng.random(30) < 0.8, 8) for _ in range(2))  # a patient is right as a whole
        alarms["rows"] += compare_answers(a, b)["p"] <= 0.05
        alarms["groups"] += compare_answers(a, b, groups=groups)["p"] <= 0.05
    assert alarms["rows"] / 300 > 0.3
    assert alarms["groups"] / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
    one = compare_answers([True, False], [False, False], groups=[1, 1])
    assert (one["p"], one["p_exact"]) == (1.0, None)


def test_newcombes_interval_of_paired_shares_is_that_of_his_paper() -> None:
    # Newcombe 1998, table III, first column: 20, 12, 2, 16 of 50
    rows = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [20, 12, 2, 16], axis=0).astype(bool)
    found = compare_answers(rows[:, 0], rows[:, 1])
    assert found["difference"] == pytest.approx(0.2)
    assert (found["low"], found["high"]) == pytest.approx((0.0562, 0.3292), abs=5e-5)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: compare([0.1, 0.2, 0.3], [0.1, 0.2]), ShapeError, "A has 3 scores, B has 2"),
        (lambda: compare([0.1], [0.2]), ShapeError, "hold 1 scores"),
        (lambda: compare([0.1, np.nan], [0.2, 0.1]), ShapeError, "1 of 2 A are not finite .*nan at 1"),
        (lambda: compare("ab", [0.2, 0.1]), ShapeError, "not numbers"),
        (lambda: compare([[0.1, 0.2]], [[0.2, 0.1]]), ShapeError, "one score a fold"),
        (lambda: compare([0.1, 0.2], [0.2, 0.1], test="z"), SettingError, "Unknown test 'z'"),
        (
            lambda: compare([0.1, 0.2], [0.2, 0.1], test="wilcoxon", n_train=8, n_validation=2),
            SettingError,
            "overlapping folds are not",
        ),
        (lambda: compare([0.1, 0.2], [0.2, 0.1], n_train=8), ShapeError, "pass both"),
        (lambda: compare([0.1, 0.2], [0.2, 0.1], margin=0), SettingError, "margin is 0"),
        (lambda: compare([0.1, 0.2], [0.2, 0.1], level=95), SettingError, "level is 95"),
        (lambda: compare_all({"a": [0.1, 0.2]}), SettingError, "cannot be compared"),
        (lambda: compare_answers([True], [True, False]), ShapeError, "same rows"),
        (lambda: holm([1.2]), ShapeError, "between 0 and 1"),
        (lambda: mcnemar(1.5, 2), ShapeError, "counts"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(call, error, says: str) -> None:
    with pytest.raises(error, match=says):
        call()
