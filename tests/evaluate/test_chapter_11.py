"""The worked examples of the course's chapter on evaluating models, with its printed figures, corrected where wrong."""

from __future__ import annotations

import numpy as np
import pytest

from heldout.evaluate.confusion import confusion, pairs_in_words, row_percent, worst_pairs
from heldout.evaluate.curves import roc
from heldout.evaluate.decisions import at_prevalence, expected_counts
from heldout.evaluate.margins import margins_of, prior_weighted_accuracy, rates
from heldout.evaluate.metrics import metrics
from heldout.evaluate.significance import mcnemar
from heldout.evaluate.stack import metrics_stack


def binary(tp: int, tn: int, fp: int, fn: int) -> dict:
    """All metrics of rows with these counts."""
    y = np.repeat([1, 0, 0, 1], [tp, tn, fp, fn])
    guess = np.repeat([1, 0, 1, 0], [tp, tn, fp, fn])
    return metrics(y, np.eye(2)[guess])


def test_accuracy_of_the_answer_that_is_always_no_hides_that_it_is_useless() -> None:
    found = binary(0, 950, 0, 50)
    assert found["accuracy"] == 0.95
    assert [found["per_class"][c]["recall"] for c in "01"] == [1.0, 0.0]
    assert (found["balanced_accuracy"], found["mcc"], found["ppv"]) == (0.5, 0.0, None)


@pytest.mark.parametrize(
    ("counts", "figures"),
    [
        ((43, 65, 4, 2), [0.9474, 0.9556, 0.9420, 0.9149, 0.9701, 0.8913]),
        ((45, 68, 1, 0), [0.9912, 1.0000, 0.9855, 0.9783, 1.0000, 0.9819]),
        ((44, 63, 6, 1), [0.9386, 0.9778, 0.9130, 0.8800, 0.9844, 0.8775]),
        ((45, 65, 4, 0), [0.9649, 1.0000, 0.9420, 0.9184, 1.0000, 0.9301]),
    ],
    ids=["nearest centroid", "3-nn", "tree", "svm"],
)
def test_table_11_3_breast_cancer(counts: tuple[int, ...], figures: list[float]) -> None:
    found = binary(*counts)
    assert [found[key] for key in ("tp", "tn", "fp", "fn")] == list(counts)
    keys = ("accuracy", "tpr", "tnr", "ppv", "npv", "mcc")
    assert [found[key] for key in keys] == pytest.approx(figures, abs=5e-5)


def test_one_missed_case_more_or_less_is_no_evidence_for_a_model() -> None:
    # the most that two of 45 misses against one can show: no row is missed by both
    assert float(mcnemar(1, 2)[0]) == 1.0


def test_table_11_4_with_the_specificity_that_its_counts_give() -> None:
    found = binary(312, 645, 133, 6)
    keys = ("tpr", "tnr", "ppv", "npv")
    assert [found[key] for key in keys] == pytest.approx([0.9811, 0.8290, 0.7011, 0.9908], abs=5e-5)
    # the predictive values of a clinic do not carry over to a screening, where one in 200 is ill
    ppv, npv = at_prevalence(found["tpr"], found["tnr"], [318 / 1096, 0.005])
    assert (ppv[0], npv[0]) == pytest.approx((found["ppv"], found["npv"]))
    assert ppv[1] == pytest.approx(0.0280, abs=5e-4)


TABLE_11_5 = {
    "nearest centroid": ((760, 909, 101, 132), [0.8520, 0.9000, 0.8827, 0.8732, 0.1000, 0.1480]),
    "3-nn": ((878, 994, 16, 14), [0.9843, 0.9842, 0.9821, 0.9861, 0.0158, 0.0157]),
    "naive bayes": ((612, 976, 34, 280), [0.6861, 0.9663, 0.9474, 0.7771, 0.0337, 0.3139]),
    "forest": ((884, 1003, 7, 8), [0.9910, 0.9931, 0.9921, 0.9921, 0.0069, 0.0090]),
    "svm": ((853, 986, 24, 39), [0.9563, 0.9762, 0.9726, 0.9620, 0.0238, 0.0437]),
}
TABLE_11_6 = {
    "nearest centroid": [0.8671, 0.7540, 0.7535, 0.7520, 0.7559],
    "3-nn": [0.9832, 0.9683, 0.9683, 0.9685, 0.9682],
    "naive bayes": [0.7958, 0.6875, 0.6631, 0.6524, 0.7244],
    "forest": [0.9916, 0.9842, 0.9842, 0.9841, 0.9842],
    "svm": [0.9644, 0.9335, 0.9334, 0.9325, 0.9346],
}


@pytest.mark.parametrize("model", TABLE_11_5)
def test_tables_11_5_and_11_6_threes_and_fives(model: str) -> None:
    counts, basic = TABLE_11_5[model]
    found = binary(*counts)
    assert [found[k] for k in ("tpr", "tnr", "ppv", "npv", "fpr", "fnr")] == pytest.approx(basic, abs=5.1e-5)
    keys = ("f1", "mcc", "kappa", "informedness", "markedness")
    assert [found[key] for key in keys] == pytest.approx(TABLE_11_6[model], abs=5.1e-5)
    assert found["mcc"] ** 2 == pytest.approx(found["informedness"] * found["markedness"])


def test_mcc_keeps_the_sign_that_the_geometric_mean_loses_and_kappa_0_is_chance() -> None:
    inverted = binary(101, 132, 909, 760)
    assert inverted["mcc"] < 0
    assert inverted["mcc"] == pytest.approx(-np.sqrt(inverted["informedness"] * inverted["markedness"]))
    assert binary(25, 25, 25, 25)["kappa"] == 0.0


def test_rates_times_cases_are_the_counts_to_expect() -> None:
    found = binary(884, 1003, 7, 8)
    expected = expected_counts(found["tpr"], found["tnr"], 1000, 1000)
    assert {key: round(n) for key, n in expected.items()} == {"fp": 7, "fn": 9, "tp": 991, "tn": 993}


TABLE_11_8 = np.array(
    [
        [943, 0, 6, 9, 0, 10, 7, 1, 4, 0],
        [0, 1102, 14, 5, 1, 1, 3, 1, 8, 0],
        [16, 15, 862, 36, 18, 1, 17, 24, 41, 2],
        [3, 1, 10, 937, 0, 20, 3, 13, 17, 6],
        [2, 8, 4, 2, 879, 0, 14, 1, 6, 66],
        [19, 3, 3, 53, 13, 719, 17, 3, 44, 18],
        [14, 3, 4, 2, 21, 15, 894, 1, 4, 0],
        [3, 21, 32, 7, 10, 1, 0, 902, 1, 51],
        [17, 14, 11, 72, 11, 46, 21, 9, 749, 24],
        [10, 11, 1, 13, 42, 5, 2, 31, 10, 884],
    ]
)
TWO_NODES = np.array(
    [
        [500, 11, 106, 7, 18, 0, 327, 7, 0, 4],
        [4, 1002, 4, 11, 8, 0, 0, 96, 10, 0],
        [84, 32, 776, 70, 17, 0, 13, 31, 3, 6],
        [2, 11, 51, 802, 3, 0, 0, 139, 0, 2],
        [278, 355, 75, 21, 95, 0, 3, 140, 10, 5],
        [112, 482, 23, 49, 43, 0, 1, 170, 9, 3],
        [347, 11, 56, 2, 14, 0, 527, 0, 0, 1],
        [4, 59, 21, 669, 8, 0, 0, 262, 2, 3],
        [103, 476, 29, 81, 40, 0, 1, 227, 13, 4],
        [46, 103, 60, 265, 57, 0, 2, 424, 21, 31],
    ]
)
DIGITS = [str(digit) for digit in range(10)]


def rows_of(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, guess = np.divmod(np.repeat(np.arange(100), matrix.ravel()), 10)
    return y, guess


def test_tables_11_8_to_11_14_as_a_stack_of_two_models() -> None:
    pairs = [rows_of(matrix) for matrix in (TABLE_11_8, TWO_NODES)]
    found = metrics_stack(np.stack([y for y, _ in pairs]), np.stack([guess for _, guess in pairs]), n_classes=10)
    assert (found["confusion"] == np.stack([TABLE_11_8, TWO_NODES])).all()
    assert found["accuracy"].tolist() == pytest.approx([0.8871, 0.4008 + 1e-4 * (TWO_NODES.trace() - 4008)])
    assert found["mcc"].tolist() == pytest.approx([0.8747, 0.3440], abs=5e-5)


def test_table_11_9_with_every_row_divided_by_its_own_total() -> None:
    percent = row_percent(TABLE_11_8)
    np.testing.assert_allclose(percent.sum(axis=1), 100)
    correct = {(0, 5): 1.0, (8, 3): 7.4, (8, 5): 4.7, (4, 9): 6.7, (8, 8): 76.9, (1, 1): 97.1, (2, 2): 83.5}
    assert {cell: round(float(percent[cell]), 1) for cell in correct} == correct
    assert int(np.diagonal(percent).argmin()) == 8
    assert worst_pairs(TABLE_11_8, 2) == [(8, 3, 72), (4, 9, 66)]


def test_a_pathological_matrix_is_said_in_words() -> None:
    words = pairs_in_words(TWO_NODES, DIGITS, n=2)
    assert words == [
        "7 is mistaken for 3 669 times (65.1 % of 1,028)",
        "5 is mistaken for 1 482 times (54.0 % of 892)",
        "5 is never predicted (892 rows)",
    ]


def test_tables_11_11_and_11_12_weighted_accuracy() -> None:
    n = np.array([4004, 6502, 8080])
    right = np.round(n * [0.881, 0.766, 0.652]).astype(int)
    matrix = np.diag(right) + np.diag((n - right)[:2], 1) + np.array([[0, 0, 0], [0, 0, 0], [n[2] - right[2], 0, 0]])
    margins = margins_of(matrix)
    assert float(prior_weighted_accuracy(margins, n)) == pytest.approx(0.741, abs=5e-4)
    assert float(prior_weighted_accuracy(margins, n)) == pytest.approx(right.sum() / n.sum())
    assert float(prior_weighted_accuracy(margins, [1, 1, 1])) == pytest.approx(0.766, abs=5e-4)
    assert float(rates(margins)["tpr"][0]) == pytest.approx(0.881, abs=5e-4)


def test_table_11_7_ten_predictions_are_all_right() -> None:
    odd = np.array([0.990322, 0.999682, 0.998469, 0.992536, 0.988897, 0.813638, 0.962771, 0.000588, 0.11611, 1.9e-05])
    digits = np.array([3, 3, 7, 3, 1, 7, 7, 2, 6, 6])
    found = metrics(digits % 2, np.column_stack([1 - odd, odd]), classes=["even", "odd"])
    assert (found["accuracy"], found["auc"]) == (1.0, 1.0)


def test_auc_of_perfection_is_1_and_of_hard_labels_it_would_be_balanced_accuracy() -> None:
    y = np.repeat([0, 1], [4926, 5074])
    rng = np.random.default_rng(0)
    score = rng.normal(size=y.size) + 2 * y
    hard = (score > 1).astype(int)
    assert roc(y, y * 1.0).area == 1.0
    assert roc(y, np.zeros(y.size)).area == 0.5
    found = metrics(y, np.eye(2)[hard])
    assert found["auc"] == pytest.approx(found["balanced_accuracy"])
    assert roc(y, score).area > found["auc"] + 0.05


def test_predictive_values_of_figure_11_1_follow_from_its_rates_and_priors() -> None:
    ppv, _ = at_prevalence([0.71, 0.99], [0.98, 0.68], 0.5074)
    assert ppv.round(3).tolist() == [0.973, 0.761]


def test_labels_other_than_0_and_1_are_never_counted_as_hits() -> None:
    with pytest.raises(ValueError, match="outside 0 to 1"):
        confusion([0, 2, 1], [0, 1, 1], 2)
