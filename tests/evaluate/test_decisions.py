"""Thresholds, costs, prevalence, abstention, coarse classes and growth: by hand, by search, and on bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from heldout.errors import ArtifactError, DataError, LabelError, SettingError, ShapeError
from heldout.evaluate.abstaining import abstention
from heldout.evaluate.decisions import at_prevalence, choose_rule, expected_counts, threshold_in_words, threshold_table
from heldout.evaluate.grouping import errors_by_class, group_classes
from heldout.evaluate.learning_curve import learning_curve, validation_curve
from heldout.evaluate.rules import Rule, parse_rule, rule_from

NAMES = ["well", "ill"]


def scored(seed: int, n: int = 211) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(int)
    y[:2] = 0, 1
    p = np.clip(0.35 * y + 0.6 * rng.random(n), 0, 1).round(2)
    return y, np.column_stack([1 - p, p])


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_table_holds_what_each_threshold_does(seed: int) -> None:
    y, p = scored(seed, 60)
    table = threshold_table(y, p[:, 1])
    assert (np.diff(table["threshold"]) < 0).all()
    for place in range(0, len(table["threshold"]), 7):
        guess = (p[:, 1] >= table["threshold"][place]).astype(int)
        tn, fp, fn, tp = oracle.confusion_matrix(y, guess, labels=[0, 1]).ravel()
        assert [int(table[key][place]) for key in ("tn", "fp", "fn", "tp")] == [tn, fp, fn, tp]
        assert table["mcc"][place] == pytest.approx(oracle.matthews_corrcoef(y, guess), abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from(["mcc", "cost:fp=1,fn=5", "cost:fp=7,fn=1"]))
@settings(max_examples=30, deadline=None)
def test_no_threshold_is_better_than_the_chosen_one(seed: int, asked: str) -> None:
    y, p = scored(seed)

    def worth(guess: np.ndarray) -> float:
        fp, fn = (guess == 1) & (y == 0), (guess == 0) & (y == 1)
        costs = {"cost:fp=1,fn=5": (1, 5), "cost:fp=7,fn=1": (7, 1)}.get(asked)
        if costs:
            return -(costs[0] * fp.sum() + costs[1] * fn.sum())
        return float(np.corrcoef(y, guess)[0, 1]) if 0 < guess.sum() < len(y) else 0.0

    rule, _ = choose_rule(y, p, asked, NAMES)
    best = max(worth((p[:, 1] >= t).astype(int)) for t in np.arange(0, 1.005, 0.01))
    assert worth(rule.decide(p)) >= best - 1e-12


@pytest.mark.parametrize("rate", ["tpr", "tnr", "ppv", "npv"])
def test_a_required_rate_is_met_at_the_least_price(rate: str) -> None:
    y, p = scored(5)
    rule, says = choose_rule(y, p, f"{rate}>=0.9", NAMES)
    price = {"tpr": "tnr", "npv": "tnr", "tnr": "tpr", "ppv": "tpr"}[rate]
    table = threshold_table(y, p[:, 1])
    place = int(np.argmin(np.abs(table["threshold"] - rule.threshold)))
    assert table[rate][place] >= 0.9
    with np.errstate(invalid="ignore"):
        assert table[price][place] == np.nanmax(np.where(table[rate] >= 0.9, table[price], np.nan))
    assert f"{rate} {table[rate][place]:.3f}" in says


def test_the_positive_class_may_be_the_first_one() -> None:
    y, p = scored(6)
    rule, says = choose_rule(y, p, "tpr[well]>=0.99", NAMES)
    assert (rule.positive, says.split(" if ")[0]) == (0, "well")
    assert (rule.decide(p)[y == 0] == 0).mean() >= 0.99


def test_costs_of_many_classes_decide_by_expected_cost_as_by_hand() -> None:
    rule, _ = choose_rule([0, 1, 2], np.eye(3) * 0.7 + 0.1, "cost:0 1 1; 1 0 1; 9 9 0", ["a", "b", "c"])
    # class 2 is missed at 9: 0.2 × 9 is more than the 0.8 that deciding for it wrongly costs
    assert rule.decide(np.array([[0.8, 0.0, 0.2], [0.95, 0.0, 0.05]])).tolist() == [2, 0]


def test_a_rule_survives_as_plain_data() -> None:
    y, p = scored(7)
    for asked in ("mcc", "cost:0 5; 1 0"):
        rule, _ = choose_rule(y, p, asked, NAMES)
        again = rule_from(json.loads(json.dumps(rule.record())), 2)
        assert again == rule
        assert (again.decide(p) == rule.decide(p)).all()


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"kind": "threshold", "chosen": "mcc", "threshold": 1.5, "positive": 1},
        {"kind": "threshold", "chosen": "mcc", "threshold": float("nan"), "positive": 1},
        {"kind": "threshold", "chosen": "mcc", "threshold": True, "positive": 1},
        {"kind": "threshold", "chosen": "mcc", "threshold": 0.5, "positive": 2},
        {"kind": "threshold", "chosen": "mcc", "threshold": 0.5, "positive": 1, "more": 1},
        {"kind": "threshold", "chosen": "x" * 2000, "threshold": 0.5, "positive": 1},
        {"kind": "costs", "chosen": "c", "costs": [[0, 1], [1]]},
        {"kind": "costs", "chosen": "c", "costs": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]},
        {"kind": "costs", "chosen": "c", "costs": [[2, 1], [1, 0]]},
        {"kind": "os.system", "chosen": "c"},
    ],
)
def test_a_damaged_rule_is_refused(record) -> None:
    with pytest.raises(ArtifactError, match="rule"):
        rule_from(record, 2, where="header.json")


def test_a_threshold_rule_is_for_two_classes_only() -> None:
    with pytest.raises(ArtifactError, match="the decision rule is damaged"):
        rule_from(Rule("threshold", "mcc").record(), 3)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("auc", "is not a decision rule"),
        ("tpr>=2", "outside 0 to 1"),
        ("tpr>=0", "outside 0 to 1"),
        ("tpr>=.9.9", "not a number"),
        ("cost:fp=0,fn=1", "not above 0"),
        ("cost:fp=1e999,fn=1", "not above 0"),
        ("cost:0 1; 1", "differ in length"),
        ("cost:0 1; 1 x", "not a number"),
        ("cost:1 0; 0 1", "must not cost more"),
        ("cost:0 0; 0 0", "not all 0"),
        ("", "is not a decision rule"),
    ],
)
def test_requirements_that_cannot_be_read_are_refused(asked: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        parse_rule(asked)


def test_requirements_that_cannot_be_met_are_refused_with_the_best_there_is() -> None:
    y = np.array([1, 0, 1, 0])
    p = np.array([[0.1, 0.9], [0.05, 0.95], [0.6, 0.4], [0.7, 0.3]])
    with pytest.raises(DataError, match=r"no threshold gives ppv 0\.9 .* the highest is 0\.6667"):
        choose_rule(y, p, "ppv>=0.9", NAMES)
    with pytest.raises(SettingError, match="two classes, and there are 3"):
        choose_rule([0, 1, 2], np.eye(3), "mcc", ["a", "b", "c"])
    with pytest.raises(LabelError, match="'sick'"):
        choose_rule(y, p, "tpr[sick]>=0.9", NAMES)


def test_certain_scores_leave_thresholds_that_a_bundle_can_hold() -> None:
    y, p = np.array([0, 1, 1, 0]), np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    rule, _ = choose_rule(y, p, "tnr>=0.5", NAMES)
    assert 0 <= rule.threshold <= 1
    assert rule.decide(p).tolist() == [1, 1, 0, 0]


def test_predictive_values_at_another_prevalence_by_bayes_rule() -> None:
    ppv, npv = at_prevalence(0.9811, 0.8290, [0.5, 0.29, 0.01, 0.0, 1.0])
    assert ppv[0] == pytest.approx(0.9811 / (0.9811 + 0.171))
    assert (ppv[2], npv[2]) == pytest.approx((0.0548, 0.99977), abs=1e-4)
    assert (ppv[3], npv[4]) == (0.0, 0.0)
    assert np.isnan(at_prevalence(0.0, 1.0, 0.3)[0])
    with pytest.raises(SettingError, match="prevalence"):
        at_prevalence(0.9, 0.9, 29)


def test_expected_counts_are_rates_times_cases() -> None:
    found = expected_counts(0.9910, 0.9931, 1000, 1000)
    assert {key: round(value) for key, value in found.items()} == {"tp": 991, "fn": 9, "tn": 993, "fp": 7}


def test_abstaining_counts_the_surest_answers_first_and_ties_together() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
    found = abstention([0, 1, 0, 1], p)
    assert found.coverage.tolist() == [1.0, 0.75, 0.5]
    assert found.accuracy.tolist() == pytest.approx([0.5, 2 / 3, 0.5])
    assert found.threshold.tolist() == [0.6, 0.7, 0.9]
    assert ((found.low < found.accuracy) & (found.accuracy < found.high)).all()
    assert found.at_accuracy(0.6) == (0.7, 0.75)
    assert found.at_accuracy(0.99) is None
    assert found.area == pytest.approx(0.5 * 0.5 + 0.25 / 3 + 0.25 * 0.5)


FINE = ["plane", "car", "bird", "cat"]
COARSE = group_classes(FINE, {"vehicle": ["plane", "car"], "animal": ["bird", "cat"]})


def test_coarse_counts_are_sums_of_fine_ones() -> None:
    rng = np.random.default_rng(0)
    y, guess = rng.integers(0, 4, (2, 300))
    fine = oracle.confusion_matrix(y, guess)
    coarse = oracle.confusion_matrix(COARSE.labels(y), COARSE.labels(guess))
    assert COARSE.matrix(fine).tolist() == coarse.tolist()
    p = rng.dirichlet(np.ones(4), 5)
    np.testing.assert_allclose(COARSE.probabilities(p), np.column_stack([p[:, :2].sum(1), p[:, 2:].sum(1)]))


def test_fine_labels_of_the_errors_are_counted_and_never_those_of_right_answers() -> None:
    fine = np.repeat([0, 1, 2, 3], [4, 3, 5, 2])
    called_animal = np.array([1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1])
    counts = errors_by_class(fine, called_animal, COARSE)
    assert counts.tolist() == [[0, 0, 1, 0], [2, 0, 0, 0]]
    matrix = oracle.confusion_matrix(COARSE.labels(fine), called_animal)
    assert (counts[1].sum(), counts[0].sum()) == (matrix[0, 1], matrix[1, 0])


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({"a": ["plane"]}, "in no group: car, bird, cat"),
        ({"a": FINE, "b": ["cat"]}, "cat is in a and in b"),
        ({"a": [*FINE, "dog"]}, "'dog'"),
    ],
)
def test_groupings_that_are_not_one_are_refused(groups, says: str) -> None:
    with pytest.raises(LabelError, match=says):
        group_classes(FINE, groups)


def two_clouds(n: int = 240) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    part = rng.permutation(n) % 4
    return (
        rng.normal(size=(n, 5)) + 0.5 * y[:, None],
        y,
        [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(4)],
    )


def test_a_learning_curve_trains_on_parts_of_the_folds_and_never_on_validation_rows() -> None:
    x, y, folds = two_clouds()
    seen: list[np.ndarray] = []

    class Spy(GaussianNB):
        def fit(self, rows, labels):
            seen.append(rows)
            return super().fit(rows, labels)

    found = learning_curve(Spy, x, y, folds, [20, 80, 180])
    assert found.x == (20, 80, 180)
    assert found.validation.shape == found.training.shape == (3, 4)
    assert [len(rows) for rows in seen] == [20] * 4 + [80] * 4 + [180] * 4
    for rows, (_, held) in zip(seen, folds * 3, strict=True):
        assert not {row.tobytes() for row in rows} & {row.tobytes() for row in x[held]}
    assert {row.tobytes() for row in seen[0]} <= {row.tobytes() for row in seen[4]}
    assert found.mean[2] > found.mean[0]
    assert all(se > 0 for se in found.se)


def test_groups_stay_together_in_a_learning_curve_and_impossible_sizes_are_refused() -> None:
    x, y, folds = two_clouds()
    groups = np.arange(len(y)) // 4
    folds = [(np.flatnonzero(groups % 4 != k), np.flatnonzero(groups % 4 == k)) for k in range(4)]
    taken: list[np.ndarray] = []

    class Spy(GaussianNB):
        def fit(self, rows, labels):
            taken.append(np.flatnonzero((x[:, None] == rows[None]).all(axis=2).any(axis=1)))
            return super().fit(rows, labels)

    learning_curve(Spy, x, y, folds, [40], groups=groups)
    for rows in taken:
        counts = np.bincount(groups[rows])
        assert set(counts[counts > 0].tolist()) == {4}
    with pytest.raises(SettingError, match="training size is 500"):
        learning_curve(GaussianNB, x, y, folds, [500])


def test_a_validation_curve_scores_each_value_on_the_same_folds() -> None:
    x, y, folds = two_clouds()
    found = validation_curve(lambda k: KNeighborsClassifier(n_neighbors=k), [1, 15], x, y, folds)
    assert found.training_mean[0] == 1.0
    assert found.mean[1] > found.mean[0]
    with pytest.raises(SettingError, match="no values"):
        validation_curve(GaussianNB, [], x, y, folds)


def test_rows_of_other_lengths_are_refused() -> None:
    with pytest.raises(ShapeError, match="probabilities 2"):
        abstention([0, 1, 1], [[0.5, 0.5], [0.2, 0.8]])
    with pytest.raises(ShapeError, match="fine has 1 rows"):
        errors_by_class([0], [1, 0], COARSE)
    with pytest.raises(DataError, match="no rows"):
        threshold_table(np.array([], dtype=int), [])


@pytest.mark.parametrize(
    ("threshold", "told"),
    [(0.37656, "0.3766"), (0.99999312, "0.99999"), (1.0, "1"), (1.25, "1.25"), (1 - 2**-53, "0.9999999999999999")],
)
def test_a_threshold_below_1_does_not_read_as_1(threshold: float, told: str) -> None:
    assert threshold_in_words(threshold) == told
