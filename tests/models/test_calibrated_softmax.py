import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.calibration import _SigmoidCalibration
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from heldout.errors import DataError, SettingError, ShapeError
from heldout.models.calibrated import SoftmaxCalibrated


class Known:
    """Gives its input as decision values."""

    def __init__(self, n_classes):
        self.classes_ = np.arange(n_classes)

    def decision_function(self, X):
        return X


def calibrated(model, x, y):
    scores = cross_val_predict(model, x, y, cv=5, method="decision_function")
    return SoftmaxCalibrated.from_out_of_fold(model.fit(x, y), scores, y), scores


def test_two_classes_equal_scikit_learns_sigmoid_calibration():
    x, y = load_breast_cancer(return_X_y=True)
    ours, scores = calibrated(make_pipeline(StandardScaler(), LinearSVC()), x, y)
    theirs = _SigmoidCalibration().fit(scores, y)
    assert ours.slope == pytest.approx(-theirs.a_, rel=1e-3)
    assert ours.intercept == pytest.approx(-theirs.b_, abs=1e-3)
    decision = ours.decision_function(x)
    assert np.allclose(ours.predict_proba(x)[:, 1], theirs.predict(decision), atol=2e-4)


def test_many_classes_equal_a_direct_search_for_the_temperature():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 4000)
    scores = 3 * rng.normal(size=(4000, 4)) + 2 * np.eye(4)[y]
    ours = SoftmaxCalibrated.from_out_of_fold(Known(4), scores, y)
    best = minimize_scalar(lambda t: -log_softmax(t * scores, axis=1)[np.arange(4000), y].mean(), bounds=(0, 5))
    assert ours.slope == pytest.approx(best.x, rel=0.02)  # apart from the smoothing of the targets
    assert ours.slope == pytest.approx(2 / 9, rel=0.1)  # exact: mean shift / variance


def test_calibration_lowers_the_log_loss_of_overconfident_scores():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    scores = 20 * (rng.normal(size=(600, 3)) + np.eye(3)[y])
    ours = SoftmaxCalibrated.from_out_of_fold(Known(3), scores, y)
    raw = -log_softmax(scores, axis=1)[np.arange(600), y].mean()
    assert -np.log(ours.predict_proba(scores)[np.arange(600), y]).mean() < min(raw, np.log(3))


@pytest.mark.parametrize(
    "model",
    [LinearSVC(), SVC(decision_function_shape="ovr", break_ties=True)],
)
def test_with_many_classes_the_decision_stays_the_estimators(model):
    x, y = load_iris(return_X_y=True)
    ours, _ = calibrated(make_pipeline(StandardScaler(), model), x, y)
    assert np.array_equal(ours.predict(x), ours.estimator.predict(x))
    assert np.allclose(ours.predict_proba(x).sum(axis=1), 1)


def test_perfectly_separated_scores_stay_below_certainty():
    for scores, y in (
        (np.r_[-np.ones(20), np.ones(20)], np.repeat([0, 1], 20)),
        (np.repeat(np.eye(3), 20, axis=0), np.repeat([0, 1, 2], 20)),
    ):
        ours = SoftmaxCalibrated.from_out_of_fold(Known(y.max() + 1), scores, y)
        assert 0.9 < ours.predict_proba(scores).max() < 0.99


def test_scores_that_point_the_wrong_way_become_nearly_flat_and_never_turn_round():
    y = np.repeat([0, 1], 50)
    ours = SoftmaxCalibrated.from_out_of_fold(Known(2), np.where(y == 1, -1.0, 1.0), y)
    assert ours.slope > 0
    assert np.allclose(ours.predict_proba(np.array([-1.0, 1.0])), 0.5, atol=1e-3)


def test_the_scale_of_the_scores_does_not_matter():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    scores = rng.normal(size=200) + y
    small = SoftmaxCalibrated.from_out_of_fold(Known(2), scores * 1e-9, y)
    large = SoftmaxCalibrated.from_out_of_fold(Known(2), scores * 1e9, y)
    assert np.allclose(small.predict_proba(scores * 1e-9), large.predict_proba(scores * 1e9), atol=1e-6)


def test_scores_that_are_not_usable_are_refused():
    good, y = np.zeros((4, 3)), np.array([0, 1, 2, 0])
    with pytest.raises(ShapeError, match=r"\(4, 2\)"):
        SoftmaxCalibrated.from_out_of_fold(Known(3), good[:, :2], y)
    with pytest.raises(DataError, match="not finite"):
        SoftmaxCalibrated.from_out_of_fold(Known(3), np.full((4, 3), np.nan), y)
    with pytest.raises(DataError, match="row 1, 9"):
        SoftmaxCalibrated.from_out_of_fold(Known(3), good, np.array([0, 9, 2, 0]))
    with pytest.raises(SettingError, match="from_out_of_fold"):
        SoftmaxCalibrated(Known(3)).fit(good, y)
