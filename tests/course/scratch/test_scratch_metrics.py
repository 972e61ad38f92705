"""Metrics of two and of many classes, ROC and AUC, against scikit-learn and the printed tables of the course."""

import math

import numpy as np
import pytest
import sklearn.metrics as oracle

from heldout_course.scratch import many_classes, two_classes
from heldout_course.scratch.many_classes import (
    accuracy,
    accuracy_matrix,
    confusion_matrix,
    most_confused,
    weighted_accuracy,
)
from heldout_course.scratch.roc import area, auc, auc_by_pairs, roc_curve
from heldout_course.scratch.two_classes import Tally, f1, informedness, kappa, markedness, mcc, rates, tally

# Digits 3 against 5: tp, tn, fp, fn; tpr, tnr, ppv, npv, fpr, fnr; F1, MCC, kappa, informedness, markedness.
THREE_OR_FIVE = {
    "nearest centroid": (
        [760, 909, 101, 132],
        [0.8520, 0.9000, 0.8827, 0.8732, 0.1000, 0.1480],
        [0.8671, 0.7540, 0.7535, 0.7520, 0.7559],
    ),
    "3-NN": (
        [878, 994, 16, 14],
        [0.9843, 0.9842, 0.9821, 0.9861, 0.0158, 0.0157],
        [0.9832, 0.9683, 0.9683, 0.9685, 0.9682],
    ),
    "naive Bayes": (  # the tpr is printed as 0.6851, which 612 / 892 isn't
        [612, 976, 34, 280],
        [0.6861, 0.9663, 0.9474, 0.7771, 0.0337, 0.3139],
        [0.7958, 0.6875, 0.6631, 0.6524, 0.7244],
    ),
    "forest": (
        [884, 1003, 7, 8],
        [0.9910, 0.9931, 0.9921, 0.9921, 0.0069, 0.0090],
        [0.9916, 0.9842, 0.9842, 0.9841, 0.9842],
    ),
    "linear SVM": (
        [853, 986, 24, 39],
        [0.9563, 0.9762, 0.9726, 0.9620, 0.0238, 0.0437],
        [0.9644, 0.9335, 0.9334, 0.9325, 0.9346],
    ),
}

HUNDRED_NODES = np.array(
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


def labels(seed, n=211, k=2):
    random = np.random.default_rng(seed)
    y = random.integers(0, k, n)
    return y, np.where(random.random(n) < 0.6, y, random.integers(0, k, n))


@pytest.mark.parametrize("model", THREE_OR_FIVE)
def test_the_tables_of_3_against_5_are_the_printed_ones(model):
    (tp, tn, fp, fn), basic, advanced = THREE_OR_FIVE[model]
    t = Tally(tp, fp, fn, tn)
    found = rates(t)
    assert [round(found[key], 4) for key in ("tpr", "tnr", "ppv", "npv", "fpr", "fnr")] == basic
    assert [round(function(t), 4) for function in (f1, mcc, kappa, informedness, markedness)] == advanced


def test_the_hypothetical_screening_table_but_for_its_misprint():
    found = rates(Tally(tp=312, fp=133, fn=6, tn=645))
    assert [round(found[key], 4) for key in ("tpr", "ppv", "npv")] == [0.9811, 0.7011, 0.9908]
    assert round(found["tnr"], 4) == 0.8290  # printed: 0.8398


def test_breast_cancer_accuracies_and_correlations():
    tallies = {(43, 4, 2, 65): (0.9474, 0.8913), (45, 1, 0, 68): (0.9912, 0.9819), (44, 6, 1, 63): (0.9386, 0.8775)}
    for counts, expected in tallies.items():
        t = Tally(*counts)
        assert (round(rates(t)["accuracy"], 4), round(mcc(t), 4)) == expected


def test_a_constant_answer_to_a_rare_class_is_accurate_and_useless():
    y = np.repeat([1, 0], [5, 95])
    t = tally(y, np.zeros(100, dtype=int))
    assert t == (0, 0, 5, 95)
    found = rates(t)
    assert (found["accuracy"], found["tpr"], found["tnr"]) == (0.95, 0, 1)
    assert math.isnan(found["ppv"])
    assert mcc(t) == kappa(t) == informedness(t) == 0
    assert weighted_accuracy(np.array([found["tnr"], found["tpr"]])) == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_two_classes_are_those_of_scikit_learn(seed):
    y, predicted = labels(seed)
    t = tally(y, predicted)
    assert [[t.tn, t.fp], [t.fn, t.tp]] == oracle.confusion_matrix(y, predicted).tolist()
    assert rates(t)["tpr"] == pytest.approx(oracle.recall_score(y, predicted))
    assert rates(t)["ppv"] == pytest.approx(oracle.precision_score(y, predicted))
    assert f1(t) == pytest.approx(oracle.f1_score(y, predicted))
    assert mcc(t) == pytest.approx(oracle.matthews_corrcoef(y, predicted))
    assert kappa(t) == pytest.approx(oracle.cohen_kappa_score(y, predicted))
    assert informedness(t) == pytest.approx(oracle.balanced_accuracy_score(y, predicted, adjusted=True))
    assert mcc(t) ** 2 == pytest.approx(informedness(t) * markedness(t))


@pytest.mark.parametrize("k", [2, 3, 7])
def test_metrics_of_many_classes_are_those_of_scikit_learn(k):
    y, predicted = labels(k, k=k)
    counts = confusion_matrix(y, predicted, k)
    assert counts.tolist() == oracle.confusion_matrix(y, predicted).tolist()
    assert accuracy(counts) == pytest.approx(oracle.accuracy_score(y, predicted))
    assert many_classes.mcc(counts) == pytest.approx(oracle.matthews_corrcoef(y, predicted))
    assert many_classes.kappa(counts) == pytest.approx(oracle.cohen_kappa_score(y, predicted))
    percent = accuracy_matrix(counts)
    np.testing.assert_allclose(percent.sum(axis=1), 100)
    assert weighted_accuracy(np.diag(percent)) == pytest.approx(100 * oracle.balanced_accuracy_score(y, predicted))
    assert weighted_accuracy(np.diag(percent), counts.sum(axis=1)) == pytest.approx(100 * accuracy(counts))
    if k == 2:
        t = tally(y, predicted)
        assert (many_classes.mcc(counts), many_classes.kappa(counts)) == pytest.approx((mcc(t), kappa(t)))


def test_labels_that_would_be_miscounted_are_refused():
    with pytest.raises(ValueError, match=r"labels are 0 and 1, found \[0.0, 2.0\]"):
        tally([0, 2], [0, 0])
    with pytest.raises(ValueError, match="found -1 called 0"):
        confusion_matrix([-1], [0], 2)


def test_the_ten_digits_have_the_printed_accuracies_and_correlations():
    assert (round(100 * accuracy(HUNDRED_NODES), 2), round(many_classes.mcc(HUNDRED_NODES), 4)) == (88.71, 0.8747)
    assert (round(100 * accuracy(TWO_NODES), 2), round(many_classes.mcc(TWO_NODES), 4)) == (40.08, 0.3440)
    percent = accuracy_matrix(HUNDRED_NODES)
    assert np.diag(percent).round(1).tolist() == [96.2, 97.1, 83.5, 92.8, 89.5, 80.6, 93.3, 87.7, 76.9, 87.6]
    # The printed table divides columns and has 1.1, 7.1, 5.2 and 6.5 here.
    assert [round(percent[cell], 1) for cell in ((0, 5), (8, 3), (8, 5), (4, 9))] == [1.0, 7.4, 4.7, 6.7]
    by_column = 100 * HUNDRED_NODES / HUNDRED_NODES.sum(axis=1)
    assert [round(by_column[cell], 1) for cell in ((0, 5), (8, 3), (8, 5), (4, 9))] == [1.1, 7.1, 5.2, 6.5]


def test_the_most_confused_digits_come_first_and_empty_cells_never():
    assert most_confused(HUNDRED_NODES) == [(8, 3, 72), (4, 9, 66), (5, 3, 53)]
    assert most_confused(np.diag([3, 4])) == []


def test_the_weighted_accuracy_of_three_classes_is_the_printed_one():
    accuracies, frequencies = np.array([88.1, 76.6, 65.2]), np.array([4004, 6502, 8080])
    assert (frequencies / frequencies.sum()).round(4).tolist() == [0.2154, 0.3498, 0.4347]
    assert round(weighted_accuracy(accuracies, frequencies), 1) == 74.1
    assert round(weighted_accuracy(accuracies), 1) == 76.6


def test_a_class_without_rows_has_no_accuracy_and_a_single_class_no_kappa():
    percent = accuracy_matrix(np.array([[1, 1], [0, 0]]))
    assert percent[0].tolist() == [50, 50]
    assert np.isnan(percent[1]).all()
    assert math.isnan(many_classes.kappa(np.array([[3, 0], [0, 0]])))
    assert many_classes.mcc(np.array([[3, 0], [0, 0]])) == 0


@pytest.mark.parametrize("is_tied", [False, True])
def test_roc_and_area_are_those_of_scikit_learn(is_tied):
    y, _ = labels(9)
    scores = np.random.default_rng(9).random(len(y)) + 0.4 * y
    scores = scores.round(1) if is_tied else scores
    fpr, tpr = roc_curve(y, scores)
    expected = oracle.roc_curve(y, scores, drop_intermediate=False)
    np.testing.assert_allclose(fpr[:-1], expected[0])  # ours ends with (1, 1) once more
    np.testing.assert_allclose(tpr[:-1], expected[1])
    assert auc(y, scores) == pytest.approx(oracle.roc_auc_score(y, scores))
    assert auc_by_pairs(y, scores) == pytest.approx(auc(y, scores))


def test_perfect_guessing_and_inverted_scores_have_areas_1_half_and_0():
    y = np.array([0, 0, 1, 1])
    assert [auc(y, np.array(s)) for s in ([0.1, 0.2, 0.8, 0.9], [0.5] * 4, [0.9, 0.8, 0.2, 0.1])] == [1, 0.5, 0]


def test_nine_thresholds_give_points_of_the_whole_curve_and_less_area():
    random = np.random.default_rng(10)
    y = random.integers(0, 2, 500)
    p = random.beta(2 + 2 * y, 4 - 2 * y)
    few = roc_curve(y, p, np.arange(1, 10) / 10)
    whole = roc_curve(y, p)
    points = set(zip(*(rates.round(9).tolist() for rates in whole), strict=True))
    assert {point for point in zip(*(rates.round(9).tolist() for rates in few), strict=True)} <= points
    assert area(*few) < area(*whole)
    above = tally(y, (p >= 0.5).astype(int))
    assert (few[0][5], few[1][5]) == (two_classes.rates(above)["fpr"], two_classes.rates(above)["tpr"])


def test_a_curve_of_one_class_is_refused():
    with pytest.raises(ValueError, match=r"y holds \[1\]"):
        roc_curve(np.array([1, 1]), np.array([0.1, 0.2]))
