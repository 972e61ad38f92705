"""The linear SVM by Newton's method: the optimum that liblinear looks for."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import estimator_checks_generator

from heldout.errors import SettingError
from heldout.models import linear_svm
from heldout.models.linear_svm import LinearSVM


def objectives(model, x: np.ndarray, y: np.ndarray, C: float) -> np.ndarray:
    """The objective of each machine, written out."""
    coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    positive = model.classes_[1:] if len(model.classes_) == 2 else model.classes_
    t = np.where(y[:, None] == positive, 1.0, -1.0)
    slack = np.maximum(0, 1 - t * (x @ coef.T + intercept))
    return ((coef**2).sum(1) + intercept**2) / 2 + C * (slack**2).sum(0)


DATA = {"iris": load_iris, "breast cancer": load_breast_cancer, "digits": load_digits}


@pytest.mark.parametrize("C", [0.01, 1.0])
@pytest.mark.parametrize("name", DATA)
def test_the_objective_is_that_of_liblinear_or_lower(name, C):
    x, y = DATA[name](return_X_y=True)
    x = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    ours = LinearSVM(C=C, tol=1e-14).fit(x, y)
    theirs = LinearSVC(C=C, dual=False, tol=1e-8, max_iter=100_000).fit(x, y)
    found, wanted = objectives(ours, x, y, C), objectives(theirs, x, y, C)
    np.testing.assert_allclose(found, ours.objective_, rtol=1e-9)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert (found <= wanted * (1 + 1e-10)).all()
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_liblinears_dual_solver_arrives_at_the_same_weights():
    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(0)) / x.std(0)
    theirs = LinearSVC(C=0.1, dual=True, tol=1e-10, max_iter=1_000_000, random_state=0).fit(x, y)
    ours = LinearSVM(C=0.1, tol=1e-14).fit(x, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)


@given(
    n=st.integers(4, 40),
    d=st.integers(1, 60),
    n_classes=st.integers(2, 4),
    C=st.floats(1e-4, 1e3),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_the_dual_objective_of_its_errors_is_its_own_objective(n, d, n_classes, C, seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d)) * random.lognormal(0, 2, d)
    y = np.arange(n) % n_classes
    model = LinearSVM(C=C).fit(x, y)
    rows = np.concatenate([x, np.ones((n, 1))], axis=1)
    w = np.column_stack([model.coef_, model.intercept_])
    t = np.where(y[:, None] == (model.classes_[1:] if n_classes == 2 else model.classes_), 1.0, -1.0)
    alpha = 2 * C * np.maximum(0, 1 - t * (rows @ w.T))
    dual = alpha.sum(0) - ((alpha * t).T @ rows @ rows.T * (alpha * t).T).sum(1) / 2 - (alpha**2).sum(0) / (4 * C)
    np.testing.assert_allclose(model.objective_, dual, rtol=1e-6)


@pytest.mark.parametrize("name", DATA)
def test_conjugate_gradients_find_what_the_hessian_finds(name, monkeypatch):
    x, y = DATA[name](return_X_y=True)
    x = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    formed = LinearSVM(C=0.5, tol=1e-14).fit(x, y)
    monkeypatch.setattr(linear_svm, "WIDEST_HESSIAN", 0)
    never_formed = LinearSVM(C=0.5, tol=1e-12).fit(x, y)
    np.testing.assert_allclose(never_formed.coef_, formed.coef_, atol=1e-4)
    np.testing.assert_allclose(never_formed.objective_, formed.objective_, rtol=1e-9)


def test_machines_that_do_not_fit_into_memory_together_go_one_after_the_other(monkeypatch):
    x, y = load_digits(return_X_y=True)
    together = LinearSVM().fit(x, y)
    monkeypatch.setattr(linear_svm, "HESSIAN_NUMBERS", 3 * 65**2)
    np.testing.assert_allclose(LinearSVM().fit(x, y).coef_, together.coef_, atol=1e-9)


def test_raw_bytes_arrive_where_liblinear_stops_at_its_limit():
    x, y = load_digits(return_X_y=True)
    x = x * 16.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = LinearSVC(C=1.0, dual=True, random_state=0).fit(x, y)
    ours = LinearSVM(C=1.0).fit(x, y)
    assert (ours.objective_ < objectives(theirs, x, y, 1.0)).all()


def test_fewer_rows_than_columns_have_the_same_optimum():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(30, 211)), np.arange(30) % 3
    theirs = LinearSVC(C=0.3, dual=True, tol=1e-10, max_iter=100_000, random_state=0).fit(x, y)
    np.testing.assert_allclose(LinearSVM(C=0.3, tol=1e-14).fit(x, y).coef_, theirs.coef_, atol=1e-6)


def test_too_few_newton_steps_give_a_warning():
    x, y = load_digits(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="10 of 10 machines did not converge in 1 Newton steps"):
        LinearSVM(max_iter=1).fit(x, y)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"C": 0}, "C is 0"),
        ({"C": float("nan")}, "C is nan"),
        ({"C": "1"}, "C is '1'"),
        ({"tol": 1.0}, "tol is 1.0"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
    ],
)
def test_impossible_parameters_are_refused(parameters, words):
    x, y = load_iris(return_X_y=True)
    with pytest.raises(SettingError, match=words):
        LinearSVM(**parameters).fit(x, y)


def test_it_does_not_predict_before_it_is_fitted():
    with pytest.raises(NotFittedError, match="not fitted"):
        LinearSVM().predict([[1.0]])


def test_it_keeps_scikit_learns_contract():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for estimator, check in estimator_checks_generator(LinearSVM()):
            check(estimator)
