"""Metrics against scikit-learn, by hand, under renaming, and on bad input."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import LabelError, ShapeError
from heldout.evaluate.confusion import worst_pairs
from heldout.evaluate.metric_table import STATISTICS
from heldout.evaluate.metrics import confusion, mcc, metrics


def random_rows(n_rows: int, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n_rows)
    y[:n_classes] = np.arange(n_classes)  # every class occurs
    weight = np.full(n_classes, 0.7) + np.eye(n_classes)[y]
    return y, np.array([rng.dirichlet(row) for row in weight])


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(5))
def test_every_score_equals_scikit_learns(n_classes: int, seed: int) -> None:
    y, p = random_rows(211, n_classes, seed)
    found, guess = metrics(y, p), p.argmax(axis=1)
    score = p[:, 1] if n_classes == 2 else p
    expected = {
        "accuracy": oracle.accuracy_score(y, guess),
        "balanced_accuracy": oracle.balanced_accuracy_score(y, guess),
        "mcc": oracle.matthews_corrcoef(y, guess),
        "kappa": oracle.cohen_kappa_score(y, guess),
        "f1_macro": oracle.f1_score(y, guess, average="macro"),
        "log_loss": oracle.log_loss(y, p),
        "brier": oracle.brier_score_loss(y, score),
        "auc": oracle.roc_auc_score(y, score, multi_class="ovr"),
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)
    assert found["confusion"] == oracle.confusion_matrix(y, guess).tolist()


def test_per_class_values_equal_scikit_learns() -> None:
    y, p = random_rows(173, 4, 3)
    found = metrics(y, p, classes=list("abcd"))["per_class"]
    precision, recall, f1, support = oracle.precision_recall_fscore_support(y, p.argmax(axis=1))
    for number, name in enumerate("abcd"):
        row = found[name]
        assert (row["precision"], row["recall"], row["f1"], row["support"]) == pytest.approx(
            (precision[number], recall[number], f1[number], support[number])
        )
        one_vs_rest = oracle.confusion_matrix(y == number, p.argmax(axis=1) == number)
        assert row["specificity"] == pytest.approx(one_vs_rest[0, 0] / one_vs_rest[0].sum())


def test_two_classes_add_the_medical_names_worked_by_hand() -> None:
    # 5 ill, 5 well; 4 ill found, 2 well called ill
    y = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    guess = [1, 1, 1, 1, 0, 1, 1, 0, 0, 0]
    found = metrics(y, np.eye(2)[guess], classes=["well", "ill"])
    assert [found[key] for key in ("positive", "tp", "tn", "fp", "fn")] == ["ill", 4, 3, 2, 1]
    names = ("tpr", "tnr", "ppv", "npv", "fpr", "fnr", "f1", "informedness", "markedness")
    by_hand = [0.8, 0.6, 4 / 6, 3 / 4, 0.4, 0.2, 8 / 11, 0.4, 4 / 6 + 3 / 4 - 1]
    assert [found[name] for name in names] == pytest.approx(by_hand)


def test_moved_threshold_changes_the_decisions_and_not_the_probability_scores() -> None:
    y, p = random_rows(101, 2, 1)
    cautious = (p[:, 1] > 0.8).astype(int)
    moved, plain = metrics(y, p, predictions=cautious), metrics(y, p)
    assert moved["confusion"] == oracle.confusion_matrix(y, cautious).tolist()
    assert (moved["auc"], moved["log_loss"]) == (plain["auc"], plain["log_loss"])


@given(st.integers(2, 5), st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_renaming_classes_permutes_the_matrix_and_keeps_the_scores(k: int, seed: int, random) -> None:
    y, p = random_rows(37, k, seed)
    order = list(range(k))
    random.shuffle(order)
    position = np.argsort(order)
    before, after = metrics(y, p), metrics(position[y], p[:, order])
    same = ("accuracy", "balanced_accuracy", "mcc", "kappa", "f1_macro", "log_loss", "brier", "auc")
    assert [after[key] for key in same] == pytest.approx([before[key] for key in same], abs=1e-12)
    assert np.array_equal(after["confusion"], np.array(before["confusion"])[np.ix_(order, order)])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_mcc_and_kappa_equal_scikit_learns_for_any_labels(labels: list[int], seed: int) -> None:
    guess = np.random.default_rng(seed).integers(0, 5, len(labels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of a single class
        correlation = oracle.matthews_corrcoef(labels, guess)
        kappa = oracle.cohen_kappa_score(labels, guess)
    assert mcc(labels, guess) == pytest.approx(correlation, abs=1e-12)
    assert float(STATISTICS["kappa"](confusion(labels, guess))) == pytest.approx(kappa, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("sizes", [(3, 5), (1, 2, 997), (7,) * 11, (33_333, 33_334, 99_991)])
def test_perfect_predictions_score_exactly_one(sizes: tuple[int, ...]) -> None:
    y = np.repeat(np.arange(len(sizes)), sizes)
    found = metrics(y, np.eye(len(sizes))[y])
    assert [found[key] for key in ("accuracy", "balanced_accuracy", "mcc", "kappa", "f1_macro", "auc")] == [1.0] * 6
    assert found["log_loss"] == found["brier"] == 0.0


def test_mcc_of_a_constant_answer_is_zero_as_in_scikit_learn() -> None:
    assert mcc([0, 0, 1, 2], [1, 1, 1, 1]) == oracle.matthews_corrcoef([0, 0, 1, 2], [1, 1, 1, 1]) == 0.0
    assert mcc([1, 1, 1], [1, 1, 1]) == 0.0


def test_mcc_of_a_million_rows_does_not_overflow() -> None:
    y = np.arange(3_000_000) % 3
    assert mcc(y, y) == 1.0
    assert mcc(y, (y + 1) % 3) == pytest.approx(-0.5)


def test_what_is_undefined_is_none_and_the_result_is_strict_json() -> None:
    found = metrics([0, 0, 0], [[0.9, 0.1, 0.0]] * 3, classes=["a", "b", "c"])
    assert found["auc"] is None
    assert found["kappa"] is None
    row = found["per_class"]["b"]
    assert {key: row[key] for key in ("support", "predicted", "tp", "fp", "fn", "tn")} == {
        **dict.fromkeys(("support", "predicted", "tp", "fp", "fn"), 0),
        "tn": 3,
    }
    undefined = ("precision", "recall", "f1", "auc", "average_precision", "ppv", "tpr", "fnr", "informedness")
    assert [row[key] for key in undefined] == [None] * len(undefined)
    assert (row["specificity"], row["tnr"], row["npv"], row["fpr"], row["mcc"]) == (1.0, 1.0, 1.0, 0.0, 0.0)
    binary = metrics([0, 0], [[0.9, 0.1]] * 2)
    assert [binary[key] for key in ("tpr", "ppv", "fnr", "f1", "informedness", "markedness")] == [None] * 6
    for result in (found, binary):
        assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_a_class_without_rows_makes_the_macro_auc_undefined_and_balanced_accuracy_skips_it() -> None:
    y, p = random_rows(53, 3, 0)
    rows = y != 2
    found = metrics(y[rows], p[rows])
    assert found["auc"] is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = oracle.balanced_accuracy_score(y[rows], p[rows].argmax(axis=1))
    assert found["balanced_accuracy"] == pytest.approx(expected)


def test_certain_and_wrong_costs_a_finite_log_loss() -> None:
    assert metrics([0], [[0.0, 1.0]])["log_loss"] == pytest.approx(oracle.log_loss([0], [[0.0, 1.0]], labels=[0, 1]))


GOOD = [[0.5, 0.5], [0.2, 0.8]]


@pytest.mark.parametrize(
    ("y", "p", "error", "says"),
    [
        ([0, 1], [[0.5, 0.5], [np.nan, 1.0]], ShapeError, "1 of 2 rows .* not finite .*row 1"),
        ([0, 1], [[0.5, 0.5], [np.inf, -np.inf]], ShapeError, "not finite"),
        ([0, 1], [[0.5, 0.5], [0.9, 0.9]], ShapeError, "row 1 sums to 1.8"),
        ([0, 1], [[0.5, 0.5], [-0.5, 1.5]], ShapeError, "smallest value is -0.5"),
        ([0, 1], [0.5, 0.8], ShapeError, r"shape \(2,\)"),
        ([0, 1], [[1.0], [1.0]], ShapeError, "at least two classes"),
        ([0, 1], np.full((2, 2, 2), 0.5), ShapeError, r"shape \(2, 2, 2\)"),
        ([], np.zeros((0, 2)), ShapeError, "no rows"),
        ([0, 1, 1], GOOD, ShapeError, "y has 3 rows, probabilities have 2"),
        ([[0], [1]], GOOD, ShapeError, r"y has shape \(2, 1\)"),
        ([0, 2], GOOD, LabelError, "outside 0 to 1 .*2 in row 1"),
        ([-1, 0], GOOD, LabelError, "-1 in row 0"),
        ([0.5, 1.0], GOOD, LabelError, r"holds float64 \(first: 0.5\), expected class numbers"),
        (["a", "b"], GOOD, LabelError, "expected class numbers"),
        ([0, None], GOOD, LabelError, "expected class numbers"),
        ([0, 1], "<script>", ShapeError, "not a table of numbers"),
    ],
)
def test_bad_input_is_refused_with_the_first_case(y, p, error, says: str) -> None:
    with pytest.raises(error, match=says):
        metrics(y, p)


def test_class_names_must_be_one_each_and_different() -> None:
    with pytest.raises(ShapeError, match="3 class names for 2 columns"):
        metrics([0, 1], GOOD, classes=["a", "b", "c"])
    with pytest.raises(LabelError, match="'a' occurs twice"):
        metrics([0, 1], GOOD, classes=["a", "a"])
    with pytest.raises(LabelError, match="predictions"):
        metrics([0, 1], GOOD, predictions=[0, 7])


def test_confusion_refuses_ids_and_different_lengths() -> None:
    with pytest.raises(LabelError, match="look like ids"):
        confusion([0, 10**9], [0, 1])
    with pytest.raises(ShapeError, match="y has 2 rows, predicted has 1"):
        confusion([0, 1], [0], 2)


def test_worst_pairs_are_the_largest_errors_first_and_never_empty_cells() -> None:
    assert worst_pairs(np.array([[90, 3, 0], [7, 50, 3], [0, 0, 9]]), n=5) == [
        (1, 0, 7),
        (0, 1, 3),
        (1, 2, 3),
    ]
    assert worst_pairs(np.diag([4, 5])) == []


def test_importing_the_room_loads_no_learning_library() -> None:
    code = "import sys, heldout.evaluate.metrics, heldout.evaluate.intervals; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sklearn", "torch", "pandas", "scipy"} & set(loaded)
