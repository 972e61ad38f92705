"""Decision tree, bootstrap, vote and forest against scikit-learn and the worked examples."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from heldout_course.scratch.decision_tree import DecisionTree, best_split, gini
from heldout_course.scratch.random_forest import RandomForest, bootstrap, vote


def blobs(seed=0, n=211, d=5):
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, n)
    # float32, as scikit-learn rounds to
    return (random.standard_normal((n, d)) + 0.8 * y[:, None]).astype(np.float32).astype(float), y


def in_order(node):
    return [node] if node.is_leaf() else [node, *in_order(node.yes), *in_order(node.no)]


def test_gini_is_0_when_pure_and_largest_when_even():
    assert gini(np.array([7, 0])) == 0
    assert gini(np.array([[5, 5], [1, 3]])).tolist() == [0.5, 0.375]
    assert gini(np.array([4, 4, 4, 4, 4])) == pytest.approx(1 - 1 / 5)


def test_a_split_by_hand():
    # Cuts of feature 1 at 1.5, 2.5, 3.5 leave impurities 1/3, 0 and 1/3; feature 0 is constant.
    X = np.array([[7.0, 1], [7, 4], [7, 2], [7, 3]])
    hot = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    assert best_split(X, hot, np.arange(2)) == (1, 2.5)
    assert best_split(X, hot, np.array([0])) is None


def test_the_tree_of_the_course_asks_for_petal_length_first():
    X, y = load_iris(return_X_y=True)
    root = DecisionTree().fit(X[:, :3], y).root_
    assert (root.feature, round(root.threshold, 2)) == (2, 2.45)
    assert root.yes.is_leaf()
    assert root.yes.counts.tolist() == [50, 0, 0]
    assert (root.no.feature, round(root.no.threshold, 2), float(gini(root.no.counts))) == (2, 4.75, 0.5)


def test_the_tree_is_node_by_node_that_of_scikit_learn():
    X, y = blobs()
    # Small nodes have several equally good questions, of which scikit-learn draws one: none are split here.
    theirs = DecisionTreeClassifier(max_depth=4, min_samples_split=30, random_state=0).fit(X, y).tree_
    ours = in_order(DecisionTree(max_depth=4, min_rows=30).fit(X, y).root_)
    assert len(ours) > 12
    assert [-2 if node.is_leaf() else node.feature for node in ours] == theirs.feature.tolist()
    np.testing.assert_allclose([-2 if n.is_leaf() else n.threshold for n in ours], theirs.threshold, rtol=1e-6)
    np.testing.assert_allclose([gini(n.counts) for n in ours], theirs.impurity, atol=1e-12)


def test_a_tree_grown_to_the_end_knows_its_rows_and_generalises_like_scikit_learns():
    X, y = blobs(1)
    new, truth = blobs(2)
    ours, theirs = DecisionTree().fit(X, y), DecisionTreeClassifier(random_state=0).fit(X, y)
    assert (ours.predict(X) == y).all()
    assert (ours.predict(new) == theirs.predict(new)).mean() > 0.85
    assert abs((ours.predict(new) == truth).mean() - (theirs.predict(new) == truth).mean()) < 0.05


def test_exclusive_or_is_learned_although_the_first_question_helps_nothing():
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array(["no", "yes", "yes", "no"])
    assert DecisionTree().fit(X, y).predict(X).tolist() == y.tolist()


def test_equal_rows_of_two_classes_and_neighbouring_numbers_end_the_growth():
    X, y = np.array([[1.0], [1.0], [1.0]]), np.array([1, 0, 1])
    assert DecisionTree().fit(X, y).predict_proba(X)[0].round(3).tolist() == [0.333, 0.667]
    close = np.array([[1.0], [np.nextafter(1.0, 2)]])
    assert DecisionTree().fit(close, np.array([0, 1])).predict(close).tolist() == [0, 1]


def test_growth_stops_at_the_depth_and_the_size_asked_for():
    X, y = blobs(3)
    assert len(in_order(DecisionTree(max_depth=1).fit(X, y).root_)) == 3
    assert all(n.is_leaf() or n.counts.sum() >= 50 for n in in_order(DecisionTree(min_rows=50).fit(X, y).root_))


def test_a_prediction_is_explained_by_its_questions():
    X, y = load_iris(return_X_y=True)
    tree = DecisionTree(max_depth=2).fit(X[:, :3], y)
    assert tree.explain(X[60]) == ["x2 = 3.5 <= 2.45? no", "x2 = 3.5 <= 4.75? yes"]


def test_a_bootstrap_has_the_size_of_the_set_and_63_percent_of_its_rows():
    rows = bootstrap(20_000, np.random.default_rng(0))
    assert len(rows) == 20_000
    assert len(np.unique(rows)) / 20_000 == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_the_majority_of_any_classifiers_wins_and_ties_go_to_the_lowest():
    answers = np.array([["b", "a", "c"], ["b", "c", "a"], ["a", "c", "b"]])
    assert vote(answers).tolist() == ["b", "c", "a"]


def test_trees_on_the_same_draws_make_the_ensemble_of_scikit_learn():
    X, y = blobs(4)
    new, _ = blobs(5)
    theirs = BaggingClassifier(DecisionTreeClassifier(max_depth=2), 7, random_state=0).fit(X, y)
    ours = RandomForest(7).fit(X, y)
    for number, rows in enumerate(theirs.estimators_samples_):
        ours.trees_[number] = DecisionTree(max_depth=2).fit(X[rows], y[rows], ours.classes_)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new))
    assert (ours.predict(new) == theirs.predict(new)).all()


@pytest.mark.parametrize("drawn_at", ["split", "tree"])
@pytest.mark.parametrize("combine", ["mean", "vote"])
def test_a_forest_is_as_good_as_scikit_learns(drawn_at, combine):
    X, y = load_wine(return_X_y=True)
    ours = RandomForest(25, drawn_at=drawn_at, combine=combine, seed=1).fit(X[::2], y[::2])
    theirs = RandomForestClassifier(25, random_state=1).fit(X[::2], y[::2])
    accuracy = (ours.predict(X[1::2]) == y[1::2]).mean()
    assert accuracy > 0.9
    assert abs(accuracy - theirs.score(X[1::2], y[1::2])) < 0.06


def test_each_tree_of_a_forest_draws_the_root_of_its_features():
    X, y = blobs(6, d=9)
    forest = RandomForest(5, drawn_at="tree").fit(X, y)
    assert all(len(set(columns.tolist())) == 3 for columns in forest.columns_)
    roots = {tree.root_.feature for tree in RandomForest(20, max_depth=1).fit(X, y).trees_}
    assert len(roots) >= 4  # with all features at hand the best few would win every time


def test_the_seed_decides_the_forest():
    X, y = blobs(7)
    same = [RandomForest(3, seed=s).fit(X, y).predict_proba(X) for s in (1, 1, 2)]
    assert (same[0] == same[1]).all()
    assert (same[0] != same[2]).any()


def test_unknown_ways_are_refused():
    with pytest.raises(ValueError, match="drawn_at='node'"):
        RandomForest(drawn_at="node")
