"""Many sets of predictions at once: as scikit-learn one by one, and exact."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.evaluate.margins import Margins, margins_of, rates
from heldout.evaluate.metric_table import FROM_MARGINS, STATISTICS
from heldout.evaluate.metrics import metrics
from heldout.evaluate.stack import metrics_stack


@given(st.integers(2, 6), st.integers(1, 90), st.integers(1, 4), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_scores_of_random_matrices_equal_scikit_learns(k: int, n: int, r: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, guess = rng.integers(0, k, (r, n)), rng.integers(0, rng.integers(1, k + 1), (r, n))
    found = metrics_stack(y, guess, n_classes=k)
    for row in range(r):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = {
                "accuracy": oracle.accuracy_score(y[row], guess[row]),
                "balanced_accuracy": oracle.balanced_accuracy_score(y[row], guess[row]),
                "mcc": oracle.matthews_corrcoef(y[row], guess[row]),
                "kappa": oracle.cohen_kappa_score(y[row], guess[row]),
                "f1_macro": oracle.f1_score(y[row], guess[row], average="macro"),
                "f1_micro": oracle.f1_score(y[row], guess[row], average="micro"),
                "f1_weighted": oracle.f1_score(y[row], guess[row], average="weighted"),
            }
            if len(np.union1d(y[row], guess[row])) == 1:
                expected["kappa"] = np.nan  # scikit-learn invents a value where there is no room beyond chance
        assert {key: found[key][row] for key in expected} == pytest.approx(expected, abs=1e-12, nan_ok=True)
        assert (found["confusion"][row] == oracle.confusion_matrix(y[row], guess[row], labels=range(k))).all()
        many = oracle.multilabel_confusion_matrix(y[row], guess[row], labels=range(k))
        for c in range(k):
            counts = [int(found["per_class"][key][row, c]) for key in ("tn", "fp", "fn", "tp")]
            assert counts == many[c].ravel().tolist()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                alone = oracle.matthews_corrcoef(y[row] == c, guess[row] == c)
            assert found["per_class"]["mcc"][row, c] == pytest.approx(alone, abs=1e-12)


@given(st.integers(2, 5), st.integers(2, 60), st.booleans(), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_ranking_and_probability_scores_equal_scikit_learns_with_ties(k: int, n: int, ties: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    p = rng.dirichlet(np.ones(k), (3, n))
    if ties:
        p = np.round(p * 3) + 0.5
        p /= p.sum(axis=-1, keepdims=True)
    found = metrics_stack(y, p)
    for row in range(3):
        assert found["log_loss"][row] == pytest.approx(oracle.log_loss(y, p[row], labels=range(k)), abs=1e-12)
        for c in range(k):
            if 0 < (y == c).sum() < n:
                area = oracle.roc_auc_score(y == c, p[row, :, c])
                assert found["per_class"]["auc"][row, c] == pytest.approx(area, abs=1e-12)
                precision = oracle.average_precision_score(y == c, p[row, :, c])
                assert found["per_class"]["average_precision"][row, c] == pytest.approx(precision, abs=1e-12)
            else:
                assert np.isnan(found["per_class"]["auc"][row, c])
        if k > 3 and not ties and len(np.unique(y)) == k:
            expected = oracle.top_k_accuracy_score(y, p[row], k=3)
            assert found["top_k_accuracy"][row] == pytest.approx(expected)


def test_a_stack_gives_each_member_what_it_gets_alone() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 3, 70), rng.dirichlet(np.ones(3), (4, 70))
    moved = rng.integers(0, 3, (4, 70))
    found = metrics_stack(y, p, predictions=moved, priors=[0.5, 0.3, 0.2])
    for row in range(4):
        alone = metrics(y, p[row], predictions=moved[row], priors=[0.5, 0.3, 0.2])
        for key in (*STATISTICS, "prior_weighted_accuracy", "log_loss", "brier", "auc", "calibration_error"):
            assert found[key][row] == pytest.approx(alone[key], abs=1e-14), key


def test_calibration_error_of_a_stack_is_that_of_the_reliability_curve() -> None:
    from heldout.evaluate.curves import reliability

    rng = np.random.default_rng(1)
    y, p = rng.integers(0, 3, 200), rng.dirichlet(np.ones(3), (3, 200))
    expected = [reliability(one, y).error for one in p]
    assert metrics_stack(y, p)["calibration_error"].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(FROM_MARGINS))
def test_scores_of_weights_do_not_depend_on_their_unit(name: str) -> None:
    matrices = np.random.default_rng(1).integers(0, 4, (50, 6, 6)).astype(float)
    matrices[:10, 2, :] = matrices[:20, :, 3] = matrices[30] = 0.0
    whole, halved = STATISTICS[name](matrices), STATISTICS[name](matrices / 2)
    np.testing.assert_allclose(whole, halved, atol=1e-12)


def test_counts_stay_exact_beyond_what_floating_point_can_count() -> None:
    big = 2**53
    m = Margins(*(np.array([big + 1, 1], dtype=np.int64) for _ in range(3)))
    found = rates(m)
    assert (int(found["tp"][0]), int(found["fp"][0]), int(found["tn"][1])) == (big + 1, 0, big + 1)
    assert margins_of(np.array([[True, False], [False, True]])).right.dtype == np.int64


def test_priors_must_be_weights_of_the_classes() -> None:
    y, p = [0, 1], [[0.9, 0.1], [0.2, 0.8]]
    with pytest.raises(ShapeError, match="3 priors for 2"):
        metrics(y, p, priors=[1, 1, 1])
    for bad in ([0, 0], [-1, 2], [np.nan, 1]):
        with pytest.raises(SettingError, match="not valid weights"):
            metrics(y, p, priors=bad)
    assert metrics([0, 0], p, priors=[0.5, 0.5])["prior_weighted_accuracy"] is None
    assert metrics([0, 0], p, priors=[1, 0])["prior_weighted_accuracy"] == 0.5


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: metrics_stack([0, 1], [[0, 1]]), ShapeError, "n_classes"),
        (lambda: metrics_stack([0, 1], [[0, 2]], n_classes=2), LabelError, "outside 0 to 1"),
        (lambda: metrics_stack([0, 5], [[0, 1]], n_classes=2), LabelError, "outside 0 to 1"),
        (lambda: metrics_stack([0, 1, 1], [[0, 1]], n_classes=2), ShapeError, "y has 3 rows"),
        (lambda: metrics_stack([0, 1], [0, 1], n_classes=2), ShapeError, "add an axis"),
        (lambda: metrics_stack([0], [[[0.5, 0.5]], [[np.nan, 1]]]), ShapeError, "row 0 of replicate 1"),
        (lambda: metrics_stack([0], [[[0.5, 0.5]], [[0.7, 0.7]]]), ShapeError, "row 0 of replicate 1 sums to 1.4"),
        (lambda: metrics_stack([], np.zeros((1, 0, 2))), ShapeError, "no rows"),
        (lambda: metrics_stack([0], [[[0.5, 0.5]]], predictions=[[0, 1]]), ShapeError, "predictions have shape"),
    ],
)
def test_bad_stacks_are_refused_with_the_first_case(call, error, says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_one_sample_is_measured_and_what_it_cannot_tell_is_none() -> None:
    found = metrics([1], [[0.3, 0.7]])
    assert (found["accuracy"], found["mcc"], found["auc"], found["tnr"]) == (1.0, 0.0, None, None)
