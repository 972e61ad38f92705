"""Small worked examples of classifiers, against scikit-learn, SciPy and geometry."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.tree import DecisionTreeClassifier

from heldout.errors import SettingError
from heldout_course.book.work import register
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.procedures import densities, toy_points
from heldout_course.procedures.facts import table_of

register()


def run(name: str, seed: int = 1, **settings):
    PROCEDURES[name].check(settings)
    return PROCEDURES[name].run(settings, seed)


@pytest.mark.parametrize("point", [[1.9, 0.8], [0.0, 0.0], [3.5, 3.0], [-1.0, 5.0]])
def test_the_nearest_mean_is_scikit_learns(point):
    x, y = toy_points.four_classes("tight")
    assert run("nearest-centroid-by-hand", point=point)["assigned"] == NearestCentroid().fit(x, y).predict([point])[0]


@pytest.mark.parametrize("ties", ["lowest", "nearest"])
def test_votes_are_those_of_scikit_learn_but_for_the_rule_of_ties(ties):
    x, y = toy_points.four_classes("diffuse")
    theirs = KNeighborsClassifier(3).fit(x, y)
    for point in np.random.default_rng(1).uniform(-2, 5, (60, 2)):
        found = run("votes", point=point.tolist(), ties=ties)
        neighbours = y[theirs.kneighbors([point], return_distance=False)[0]].tolist()
        assert found["neighbours"] == ", ".join(sorted(neighbours))
        if ties == "lowest" or found["winners"] == 1:
            assert found["label"] == theirs.predict([point])[0]
        else:
            assert found["label"] == neighbours[0]


def test_shares_of_values_are_their_counts_and_those_of_scikit_learn():
    counts = Counter(densities.WHOLE)
    x, y = np.array(densities.WHOLE)[:, None], np.repeat([0, 1], 50)
    theirs = CategoricalNB(alpha=1.0, min_categories=10).fit(np.vstack([x, x]), np.repeat([0, 1], 100))
    for value in range(10):
        assert run("histogram-probability", value=value)["probability"] == counts[value] / 100
        added = run("histogram-probability", value=value, alpha=1)["probability"]
        assert added == pytest.approx(np.exp(theirs.feature_log_prob_[0][0, value]))
    assert len(x) == len(y)


def test_mean_and_deviation_are_those_of_scikit_learn_and_the_density_scipys():
    x = np.array(densities.MEASURED)[:, None]
    theirs = GaussianNB(var_smoothing=0.0).fit(np.vstack([x, x + 9]), np.repeat([0, 1], len(x)))
    found = run("normal-density", features=3)
    assert (found["mean"], found["std"] ** 2) == pytest.approx((theirs.theta_[0, 0], theirs.var_[0, 0]))
    density = stats.norm(found["mean"], found["std"]).pdf(x[0, 0])
    assert found["product"] == pytest.approx(density**3)
    assert found["sum_of_logs"] == pytest.approx(3 * math.log(density))


def test_a_product_of_many_densities_underflows_and_the_sum_of_logs_does_not():
    found = run("normal-density", features=500)
    assert found["product"] == 0
    assert math.isfinite(found["sum_of_logs"])


def test_the_tree_asks_what_scikit_learns_asks():
    x, y, names = table_of("iris")
    theirs = DecisionTreeClassifier(random_state=0).fit(x[:, :3], y).tree_
    paths = {"root": 0, "yes": theirs.children_left[0], "no": theirs.children_right[0]}
    paths["no, yes"] = theirs.children_left[paths["no"]]
    paths["no, no"] = theirs.children_right[paths["no"]]
    for path, node in paths.items():
        found = run("iris-tree", path=path)
        assert found["samples"] == theirs.n_node_samples[node]
        assert found["gini"] == pytest.approx(theirs.impurity[node])
        if theirs.feature[node] >= 0:
            assert found["question"] == f"{names[theirs.feature[node]]} <= {theirs.threshold[node]:.2f}"


@pytest.mark.parametrize("path", ["yes, yes", "maybe"])
def test_a_node_that_is_not_there_is_refused(path):
    with pytest.raises(SettingError, match="no node"):
        run("iris-tree", path=path)


@pytest.mark.parametrize("m", range(2, 12))
def test_the_gini_index_of_equal_classes_is_the_largest(m):
    found = run("gini", counts=[7] * m)
    assert found["gini"] == pytest.approx(1 - 1 / m)
    assert found["gini"] == pytest.approx(found["largest"])


@pytest.mark.parametrize("n", [0, 1, 5, 20])
def test_the_factorial_is_that_of_the_library(n):
    found = run("factorial", n=n)
    assert found["value"] == math.factorial(n)
    assert found["calls"] == max(n, 1)


def test_no_line_of_a_fine_grid_has_a_wider_margin_than_the_widest():
    grid = run("separating-lines", angles=720, offsets=1000)
    best = run("widest-margin")
    assert best["margin"] == pytest.approx(math.sqrt(2), abs=1e-4)  # the classes' nearest edges are parallel
    assert 0.98 * best["margin"] < grid["most_margin"] <= best["margin"] + 1e-6
    assert best["on_kerb"] == 4


@pytest.mark.parametrize("line", ["turned", "moved"])
def test_another_line_has_a_smaller_margin(line):
    assert run("widest-margin", line=line)["margin"] < run("widest-margin")["margin"]


def test_a_threshold_lies_in_the_valley_between_two_modes():
    found = run("grey-threshold")
    assert found["dark_mode"] < found["threshold"] < found["light_mode"]
    assert found["agrees"] > found["all_background"]
