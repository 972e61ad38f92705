"""ROC, precision-recall and reliability against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.evaluate.curves import precision_recall, reliability, roc


def scored(seed: int, n: int = 97, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.integers(0, 2, n)
    positive[:2] = 0, 1
    score = positive * 0.3 + rng.random(n)
    return positive, np.round(score, 1) if ties else score


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_roc_equals_scikit_learns_points_and_area_with_and_without_ties(seed: int, ties: bool) -> None:
    positive, score = scored(seed, ties=ties)
    curve = roc(positive, score)
    fpr, tpr, thresholds = oracle.roc_curve(positive, score, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, fpr)
    np.testing.assert_allclose(curve.y, tpr)
    np.testing.assert_allclose(curve.thresholds, thresholds)
    assert curve.area == pytest.approx(oracle.roc_auc_score(positive, score), abs=1e-12)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_precision_recall_equals_scikit_learns_points_and_average_precision(seed: int, ties: bool) -> None:
    positive, score = scored(seed, ties=ties)
    curve = precision_recall(positive, score)
    precision, recall, _ = oracle.precision_recall_curve(positive, score)
    np.testing.assert_allclose(curve.y, precision[::-1])
    np.testing.assert_allclose(curve.x, recall[::-1])
    assert curve.area == pytest.approx(oracle.average_precision_score(positive, score), abs=1e-12)


def test_area_is_the_chance_that_a_positive_outscores_a_negative() -> None:
    positive, score = scored(4)
    pairs = score[positive == 1][:, None] - score[positive == 0]
    assert roc(positive, score).area == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_curves_of_one_kind_only_are_none() -> None:
    assert roc([1, 1], [0.2, 0.3]) is None
    assert roc([0, 0], [0.2, 0.3]) is None
    assert precision_recall([0, 0], [0.2, 0.3]) is None


def test_bad_curve_input_is_refused() -> None:
    with pytest.raises(ShapeError, match="both must be"):
        roc([0, 1], [0.1])
    with pytest.raises(LabelError, match="0 or 1"):
        roc([0, 2], [0.1, 0.2])
    with pytest.raises(ShapeError, match="score of row 1 is nan"):
        roc([0, 1], [0.1, np.nan])
    with pytest.raises(ShapeError, match="labels"):
        reliability([[0.5, 0.5]], [0, 1])
    with pytest.raises(SettingError, match="n_bins is 0"):
        reliability([[0.5, 0.5]], [0], n_bins=0)


def test_reliability_counts_every_row_once_and_certainty_falls_into_the_last_bin() -> None:
    p = np.array([[1.0, 0.0], [0.6, 0.4], [0.55, 0.45], [0.0, 1.0]])
    found = reliability(p, [0, 1, 0, 0], n_bins=10)
    assert found.count.tolist() == [2, 2]  # (0.5, 0.6] and (0.9, 1.0]
    assert found.confidence == pytest.approx([0.575, 1.0])
    assert found.accuracy == pytest.approx([0.5, 0.5])
    assert found.error == pytest.approx(0.5 * 0.075 + 0.5 * 0.5)


def test_calibration_error_of_an_honest_forecaster_is_small_and_of_a_boaster_large() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1.0, 20_000)
    y = (rng.random(20_000) > p).astype(int)
    honest = reliability(np.column_stack([p, 1 - p]), y).error
    boasting = reliability(np.tile([1.0, 0.0], (20_000, 1)), y).error
    assert honest < 0.02
    assert boasting == pytest.approx((y == 1).mean())
