"""Closed-form models over all folds at once, and quick trees: the same answers as scikit-learn, fold by fold."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from heldout.errors import SettingError, ShapeError
from heldout_course.models.many_folds import naive_bayes, nearest_centroid, nearest_neighbours, shuffled_folds
from heldout_course.models.quick_trees import grow_tree, predict_forest
from heldout_course.models.suite import repeated_scores

CASES = [
    (nearest_centroid, {}, NearestCentroid()),
    (nearest_neighbours, {"k": 3}, KNeighborsClassifier(3)),
    (nearest_neighbours, {"k": 4}, KNeighborsClassifier(4)),
    (naive_bayes, {}, GaussianNB()),
]


@pytest.fixture(scope="module")
def cancer():
    x, y = load_breast_cancer(return_X_y=True)
    return (x - x.mean(0)) / x.std(0), y


@pytest.fixture(scope="module")
def three():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 200)
    x = random.normal(size=(200, 5)) * [1, 10, 0.1, 3, 1] + y[:, None]
    return x, y


@pytest.mark.parametrize("data", ["cancer", "three"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(("ours", "more", "theirs"), CASES)
def test_every_prediction_is_that_of_scikit_learn(ours, more, theirs, standardize, data, request):
    x, y = request.getfixturevalue(data)
    parts = shuffled_folds(len(y), n_folds=5, repeats=3, seed=1)
    found = ours(x, y, parts, standardize=standardize, **more)
    model = make_pipeline(StandardScaler(), theirs) if standardize else theirs
    for part, predicted in zip(parts, found, strict=True):
        assert (predicted[part < 0] == -1).all()
        for fold in range(5):
            train, test = (part >= 0) & (part != fold), part == fold
            np.testing.assert_array_equal(predicted[test], model.fit(x[train], y[train]).predict(x[test]))


def test_neighbours_are_found_however_many_share_a_rows_fold():
    random = np.random.default_rng(2)
    x, y = random.normal(size=(300, 2)), random.integers(0, 2, 300)
    part = (x[:, 0] > 0).astype(np.int16)[None]  # most rows have all their near rows in their own fold
    found = nearest_neighbours(x, y, part, k=3)[0]
    for fold in range(2):
        train, test = part[0] != fold, part[0] == fold
        model = KNeighborsClassifier(3).fit(x[train], y[train])
        np.testing.assert_array_equal(found[test], model.predict(x[test]))


def test_shuffled_folds_are_of_equal_size_and_leave_the_rest_out():
    parts = shuffled_folds(569, n_folds=5, repeats=20, seed=3)
    for part in parts:
        assert np.bincount(part + 1).tolist() == [4, 113, 113, 113, 113, 113]
    assert len(np.unique(parts, axis=0)) == 20


@pytest.mark.parametrize(("features", "bagged"), [(30, False), (5, True)])
def test_a_quick_tree_is_scikit_learns_tree_node_for_node(cancer, features, bagged):
    x, y = cancer
    weights = np.bincount(np.random.default_rng(1).integers(0, 569, 569), minlength=569).astype(float)
    weights = weights if bagged else None
    small, labels = np.ascontiguousarray(x, np.float32), y[:, None].astype(float)
    for seed in range(3):
        ours = grow_tree(small, labels, 2, max_features=features, random=np.random.RandomState(seed), weights=weights)
        theirs = DecisionTreeClassifier(max_features=features, random_state=seed).fit(small, y, weights).tree_
        np.testing.assert_array_equal(ours.feature, theirs.feature)
        np.testing.assert_array_equal(ours.threshold, theirs.threshold)
        np.testing.assert_array_equal(ours.value, theirs.value)


def test_a_quick_forest_scores_like_scikit_learns(cancer):
    x, y = cancer
    parts = shuffled_folds(569, n_folds=5, repeats=2, seed=0)
    ours, theirs = [], []
    for number, part in enumerate(parts):
        for fold in range(5):
            train, test = np.flatnonzero((part >= 0) & (part != fold)), np.flatnonzero(part == fold)
            random = np.random.RandomState(number * 5 + fold)
            ours.append(np.mean(predict_forest(x, y, train, test, n_trees=30, random=random) == y[test]))
            model = RandomForestClassifier(30, random_state=fold).fit(x[train], y[train])
            theirs.append(model.score(x[test], y[test]))
    assert abs(np.mean(ours) - np.mean(theirs)) < 0.012  # about three standard errors of their difference


def test_the_suite_gives_the_same_scores_with_any_number_of_processes(cancer):
    x, y = cancer
    parts = shuffled_folds(569, n_folds=5, repeats=6, seed=0)
    names = ("3-nn", "forest-5", "linear-svm")
    one, two = (repeated_scores(x, y, parts, names, processes=n) for n in (1, 2))
    for name in names:
        np.testing.assert_array_equal(one[name], two[name])
        assert one[name].shape == (6, 5)
        assert 0.9 < one[name].mean() < 1


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda x, y, p: repeated_scores(x, y, p, ["forst-5"]), SettingError, "did you mean 'forest-5'"),
        (lambda x, y, p: repeated_scores(x, y[:-1], p), ShapeError, "do not fit"),
        (lambda x, y, p: nearest_neighbours(x, y, p, k=500), SettingError, "a fold has 160 training rows"),
        (lambda x, y, p: shuffled_folds(3, n_folds=5, repeats=1, seed=0), SettingError, "5 folds of 3 rows"),
        (lambda x, y, p: nearest_centroid(x, np.eye(200, dtype=int)[0], p), SettingError, "lack a class"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, error, says, three):
    x, y = three
    with pytest.raises(error, match=says):
        call(x, y, shuffled_folds(200, n_folds=5, repeats=2, seed=0))
