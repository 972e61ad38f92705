"""Linear SVM, perceptron and principal components against scikit-learn, closed forms and the worked examples."""

import numpy as np
import pytest
from sklearn import decomposition, linear_model, svm
from sklearn.datasets import load_iris

from heldout_course.scratch.linear_svm import LinearSVM, hinge_objective
from heldout_course.scratch.pca import PCA
from heldout_course.scratch.perceptron import Perceptron

STREET = np.array([[1.0, 1], [1, -1], [3, 0], [2, 2.5], [-1, 1], [-1, -1], [-2, 4]])
SIDES = np.array(["right"] * 4 + ["left"] * 3)


def scaled_iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def test_the_widest_street_by_hand_touches_four_points():
    # The kerbs x0 = -1 and x0 = 1 hold two points each; w = (1, 0), b = 0.
    model = LinearSVM(C=1, n_steps=4000).fit(STREET, SIDES)
    assert model.coef_[0] == pytest.approx([1, 0], abs=0.01)
    assert model.offset_[0] == pytest.approx(0, abs=0.01)
    margins = model.margins(STREET, SIDES)[:, 0]
    assert np.flatnonzero(margins < 1.02).tolist() == [0, 1, 4, 5]
    theirs = svm.SVC(kernel="linear", C=1).fit(STREET, SIDES)
    assert set(theirs.support_) <= {0, 1, 4, 5}
    assert 2 / np.linalg.norm(model.coef_[0]) == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("C", [0.1, 1.0])
def test_the_objective_comes_within_a_thousandth_of_the_exact_minimum(C):
    X, y = scaled_iris()
    X, sign = X[50:], np.where(y[50:] == 1, -1, 1)
    ours = LinearSVM(C=C, n_steps=2000).fit(X, sign)
    theirs = svm.SVC(kernel="linear", C=C, tol=1e-8).fit(X, sign)
    exact = hinge_objective(theirs.coef_[0], -float(theirs.intercept_[0]), X, sign, C)
    found = hinge_objective(ours.coef_[0], float(ours.offset_[0]), X, sign, C)
    assert exact * (1 - 1e-6) <= found <= exact * 1.001
    assert ours.coef_[0] == pytest.approx(theirs.coef_[0], abs=0.1)  # near its minimum the objective is flat
    assert (ours.predict(X) == theirs.predict(X)).mean() >= 0.98


def test_the_support_vectors_are_those_of_scikit_learn():
    X, y = scaled_iris()
    X, y = X[50:], y[50:]
    ours, theirs = LinearSVM(C=1, n_steps=4000).fit(X, y), svm.SVC(kernel="linear", C=1, tol=1e-8).fit(X, y)
    margins = ours.margins(X, y)[:, 0]
    assert set(np.flatnonzero(margins < 0.99)) <= set(theirs.support_) <= set(np.flatnonzero(margins < 1.01))


def test_many_classes_are_told_apart_one_against_the_rest():
    X, y = scaled_iris()
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = LinearSVM(C=1, n_steps=1000).fit(X, names)
    assert model.coef_.shape == (3, 4)
    assert model.margins(X, names).shape == (150, 3)
    theirs = svm.LinearSVC(C=1, loss="hinge", random_state=0, max_iter=100_000).fit(X, names)
    assert (model.predict(X) == theirs.predict(X)).mean() > 0.97


def test_the_perceptron_makes_the_mistakes_of_scikit_learns():
    random = np.random.default_rng(0)
    X = random.standard_normal((61, 3))
    y = (X @ [1.0, -2, 0.5] + random.standard_normal(61) > 0).astype(int)
    theirs = linear_model.Perceptron(shuffle=False, tol=None, max_iter=7).fit(X, y)
    ours = Perceptron(n_epochs=7).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[0], atol=1e-12)
    assert ours.intercept_ == theirs.intercept_[0]
    assert (ours.predict(X) == theirs.predict(X)).all()


def test_the_perceptron_stops_where_a_line_separates_and_cannot_learn_exclusive_or():
    separable = Perceptron(n_epochs=1000).fit(STREET, SIDES)
    assert separable.n_mistakes_[-1] == 0
    assert (separable.predict(STREET) == SIDES).all()
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    assert min(Perceptron(n_epochs=50).fit(X, np.array([0, 1, 1, 0])).n_mistakes_) > 0
    with pytest.raises(ValueError, match="y has 3"):
        Perceptron().fit(X, np.array([0, 1, 2, 0]))


def test_components_are_those_of_scikit_learn():
    X = np.random.default_rng(1).standard_normal((53, 7)) * np.arange(1, 8)
    ours, theirs = PCA(4).fit(X), decomposition.PCA(4).fit(X)
    sign = np.sign((ours.components_ * theirs.components_).sum(axis=1))[:, None]
    np.testing.assert_allclose(ours.components_, sign * theirs.components_, atol=1e-10)
    np.testing.assert_allclose(ours.variance_, theirs.explained_variance_)
    np.testing.assert_allclose(ours.variance_ratio_, theirs.explained_variance_ratio_)
    scores = ours.transform(X)
    np.testing.assert_allclose(scores, theirs.transform(X) * sign[:, 0], atol=1e-10)
    back = theirs.inverse_transform(theirs.transform(X))
    np.testing.assert_allclose(ours.inverse_transform(scores), back, atol=1e-10)


def test_iris_as_first_published_has_the_printed_variances():
    X = load_iris().data.copy()
    assert PCA().fit(X).variance_ratio_ == pytest.approx([0.924619, 0.053066, 0.017103, 0.005212], abs=1e-6)
    X[34, 3], X[37, 1:3] = 0.1, (3.1, 1.5)  # two rows differ in the file of the UCI repository
    assert PCA().fit(X).variance_ratio_ == pytest.approx([0.92461621, 0.05301557, 0.01718514, 0.00518309], abs=5e-9)


def test_four_points_by_hand_vary_along_the_diagonal():
    # Along the diagonal the points lie at ±sqrt 2, across it at ±sqrt 0.5: variances 4/3 and 1/3.
    model = PCA().fit(np.array([[5.0, 3], [3, 1], [4.5, 1.5], [3.5, 2.5]]))
    np.testing.assert_allclose(model.variance_, [4 / 3, 1 / 3])
    np.testing.assert_allclose(model.variance_ratio_, [0.8, 0.2])
    np.testing.assert_allclose(model.components_[0], [np.sqrt(0.5)] * 2)


def test_all_components_give_the_rows_back():
    X = np.random.default_rng(2).standard_normal((11, 5))
    model = PCA().fit(X)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X)
    np.testing.assert_allclose(model.components_ @ model.components_.T, np.eye(5), atol=1e-12)
