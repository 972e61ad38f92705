"""Nearest centroid, nearest neighbours and naive Bayes against scikit-learn, hand examples and printed figures."""

import numpy as np
import pytest
from sklearn import naive_bayes as sk_bayes
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neighbors import NearestCentroid as SkNearestCentroid
from sklearn.preprocessing import KBinsDiscretizer

from heldout.kinds.loading import load
from heldout_course.scratch.distances import distances
from heldout_course.scratch.naive_bayes import GaussianNaiveBayes, HistogramNaiveBayes, equal_bins
from heldout_course.scratch.nearest_centroid import NearestCentroid
from heldout_course.scratch.nearest_neighbours import NearestNeighbours
from heldout_course.scratch.two_classes import tally

X2_CLASS1 = [7, 4, 3, 1, 6, 5, 2, 8, 5, 4, 4, 2, 7, 1, 3, 1, 1, 3, 3, 3, 0, 3, 4, 4, 2, 3, 4, 5, 2, 4, 2, 3, 2, 4, 4]
X2_CLASS1 += [1, 3, 3, 3, 2, 2, 4, 6, 5, 2, 6, 5, 2, 6, 6, 3, 5, 2, 4, 2, 4, 5, 4, 5, 5, 2, 5, 3, 4, 3, 1, 6, 6, 5, 3]
X2_CLASS1 += [4, 3, 3, 4, 1, 1, 3, 5, 4, 4, 7, 0, 6, 2, 4, 7, 4, 3, 4, 3, 5, 4, 6, 2, 5, 4, 4, 5, 6, 5]
X3_CLASS0 = [0.21457111, 4.3311102, 5.50481251, 0.80293956, 2.5051598, 2.37655204, 2.4296739, 2.84224169, -0.11890662]
X3_CLASS0 += [3.18819152, 1.6843311, 4.05982237, 4.14488722, 4.29148855, 3.22658406, 6.45507675, 0.40046778]
X3_CLASS0 += [1.81796124, 0.2732696, 2.91498336, 1.42561983, 2.73483704, 1.68382843, 3.80387653, 1.53431146]


def blobs(seed=0, n=131, n_new=37, d=5, k=3):
    random = np.random.default_rng(seed)
    y = random.integers(0, k, n)
    y[:k] = range(k)
    X = random.standard_normal((n, d)) + y[:, None] * 0.7
    return X, np.array(["star", "circle", "square"])[y], random.standard_normal((n_new, d)) + 0.7


def test_nearest_centroid_is_that_of_scikit_learn():
    X, y, new = blobs()
    ours, theirs = NearestCentroid().fit(X, y), SkNearestCentroid().fit(X, y)
    np.testing.assert_allclose(ours.centroids_, theirs.centroids_)
    assert (ours.predict(new) == theirs.predict(new)).all()


def test_bytes_do_not_wrap_around_in_distances():
    X = np.array([[250], [252], [3]], dtype=np.uint8)
    model = NearestCentroid().fit(X, np.array([1, 1, 0]))
    assert model.predict(np.array([[255], [0]], dtype=np.uint8)).tolist() == [1, 0]
    neighbours = NearestNeighbours(1).fit(X, np.array([1, 1, 0]))
    assert neighbours.predict(np.array([[255], [0]], dtype=np.uint8)).tolist() == [1, 0]


def test_distance_is_that_of_pythagoras_in_any_dimension():
    assert distances(np.array([1.0, 1, 1, 1]), np.array([[2.0, 2, 2, 2]])).tolist() == [2.0]


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_nearest_neighbours_are_those_of_scikit_learn(k):
    X, y, new = blobs(1)
    theirs = KNeighborsClassifier(k, algorithm="brute").fit(X, y)
    assert (NearestNeighbours(k).fit(X, y).predict(new) == theirs.predict(new)).all()


def test_a_majority_decides_and_a_three_way_tie_goes_by_the_named_rule():
    X = np.array([[0.0, 1], [0, 2], [0, 2.5], [9, 0], [9, 2], [9, 2.5], [20, 1], [20, -2], [20, 3]])
    y = np.array(["square", "square", "star", "circle", "triangle", "triangle", "star", "circle", "triangle"])
    new = np.array([[0.0, 0.5], [9, 0.5], [20, 0]])
    assert NearestNeighbours(3, ties="nearest").fit(X, y).predict(new).tolist() == ["square", "triangle", "star"]
    assert NearestNeighbours(3, ties="lowest").fit(X, y).predict(new).tolist() == ["square", "triangle", "circle"]
    drawn = [str(NearestNeighbours(3, ties="random", seed=s).fit(X, y).predict(new)[2]) for s in range(60)]
    assert all(drawn.count(label) >= 8 for label in ("star", "circle", "triangle"))


@pytest.mark.parametrize("k", [0, 5])
def test_more_neighbours_than_rows_are_refused(k):
    with pytest.raises(ValueError, match=f"k={k} neighbours of 4"):
        NearestNeighbours(k).fit(np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(ValueError, match="Unknown ties 'first'"):
        NearestNeighbours(ties="first")


def test_the_histogram_of_the_course_has_the_printed_frequencies():
    X = np.array(X2_CLASS1)[:, None]
    model = HistogramNaiveBayes(9, alpha=0).fit(X, np.ones(100))
    assert model.probability_[0, 0].round(12).tolist() == [0.02, 0.08, 0.15, 0.20, 0.24, 0.16, 0.10, 0.04, 0.01]
    smooth = HistogramNaiveBayes(9).fit(X, np.ones(100))
    np.testing.assert_allclose(smooth.probability_[0, 0], (np.bincount(X2_CLASS1) + 1) / 109)


def test_the_normal_density_of_the_course_has_the_printed_mean_and_deviation():
    model = GaussianNaiveBayes(smoothing=0).fit(np.array(X3_CLASS0)[:, None], np.zeros(25))
    assert round(float(model.mean_[0, 0]), 2) == 2.58
    assert round(float(np.sqrt(model.variance_[0, 0])), 2) == 1.64
    at_mean = np.exp(model.log_scores(model.mean_))[0, 0]
    assert at_mean == pytest.approx(1 / (1.6430 * np.sqrt(2 * np.pi)), rel=1e-4)


def test_naive_bayes_by_histogram_is_that_of_scikit_learn():
    random = np.random.default_rng(2)
    y = random.integers(0, 3, 97)
    X, new = random.integers(0, 5, (97, 4)), random.integers(0, 6, (31, 4))
    ours = HistogramNaiveBayes(6, alpha=0.5).fit(X, y)
    theirs = sk_bayes.CategoricalNB(alpha=0.5, min_categories=6).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new))
    assert (ours.predict(new) == theirs.predict(new)).all()


def test_naive_bayes_by_normal_density_is_that_of_scikit_learn():
    X, y, new = blobs(3)
    ours, theirs = GaussianNaiveBayes().fit(X, y), sk_bayes.GaussianNB().fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new))
    assert (ours.predict(new) == theirs.predict(new)).all()


def test_products_of_a_thousand_features_do_not_underflow():
    random = np.random.default_rng(4)
    y = np.repeat([0, 1], 20)
    X = random.standard_normal((40, 1000)) + 0.3 * y[:, None]
    model = GaussianNaiveBayes().fit(X, y)
    assert model.log_scores(X).max() < np.log(np.finfo(float).tiny)  # the product itself is not a number any more
    assert (model.predict(X) == y).all()


def test_a_value_never_seen_has_no_posterior_without_smoothing():
    model = HistogramNaiveBayes(10, alpha=0).fit(np.array([[0], [1]]), np.array([0, 1]))
    assert model.predict(np.array([[1]])).tolist() == [1]
    with pytest.raises(ValueError, match="row 1 probability 0: use alpha"):
        model.predict(np.array([[1], [9]]))
    with pytest.raises(ValueError, match="10 is no whole number from 0 to 9"):
        model.predict(np.array([[10]]))
    with pytest.raises(ValueError, match=r"0.5 is no whole number"):
        model.fit(np.array([[0.5]]), np.array([0]))


def test_bins_are_those_of_scikit_learn():
    X, _, new = blobs(5)
    low, high = X.min(axis=0), X.max(axis=0)
    theirs = KBinsDiscretizer(7, encode="ordinal", strategy="uniform").fit(X)
    assert (equal_bins(new, low, high, 7) == theirs.transform(new)).all()
    assert (equal_bins(X, low, high, 7) == theirs.transform(X)).all()


def test_binned_iris_is_learned():
    X, y = load_iris(return_X_y=True)
    low, high = X[::2].min(axis=0), X[::2].max(axis=0)
    model = HistogramNaiveBayes(6).fit(equal_bins(X[::2], low, high, 6), y[::2])
    assert (model.predict(equal_bins(X[1::2], low, high, 6)) == y[1::2]).mean() > 0.9


def test_digits_3_and_5_give_the_printed_counts(real_data):
    data = load("mnist", mirror=str(real_data))
    rows = np.flatnonzero(np.isin(data.y, (3, 5)))
    X, y = data.x[rows].reshape(len(rows), 784) / np.float32(256), (data.y[rows] == 5).astype(int)
    test = data.official_test[rows]
    counts = {}
    for model in (NearestCentroid(), GaussianNaiveBayes()):
        counts[type(model).__name__] = tally(y[test], model.fit(X[~test], y[~test]).predict(X[test]))
    assert counts["NearestCentroid"] == (760, 101, 132, 909)
    assert counts["GaussianNaiveBayes"] == (612, 34, 280, 976)
