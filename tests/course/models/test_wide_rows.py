"""Neighbours and support vector machines of wide rows: scikit-learn's answers, by matrix products."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from heldout.errors import SettingError
from heldout_course.models import filtered_neighbours
from heldout_course.models.filtered_neighbours import FilteredNeighbours
from heldout_course.models.gram_svm import GramSVC


@pytest.fixture
def narrow_filter(monkeypatch):
    """The filter on small data, with few axes, so that it has work to do."""
    monkeypatch.setattr(filtered_neighbours, "LEAST_ROWS", 300)
    monkeypatch.setattr(filtered_neighbours, "LEAST_FEATURES", 20)
    monkeypatch.setattr(filtered_neighbours, "AXES", 10)
    monkeypatch.setattr(filtered_neighbours, "GROUP", 7)
    monkeypatch.setattr(filtered_neighbours, "QUERIES_AT_ONCE", 53)


def made_up(rows: int, columns: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    spread = random.lognormal(0, 2, columns)
    return random.normal(size=(rows, columns)) * spread, random.integers(0, 4, rows), random.normal(size=(211, columns))


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_filter_loses_no_neighbour(narrow_filter, k, scale):
    x, y, queries = made_up(1009, 41, seed=k)
    x, queries = 100 + scale * x, 100 + scale * queries
    plain = KNeighborsClassifier(k, algorithm="brute").fit(x - 100, y)
    ours = FilteredNeighbours(k).fit(x, y)
    assert ours._plain is None
    np.testing.assert_array_equal(ours.kneighbors(queries), plain.kneighbors(queries - 100, return_distance=False))
    np.testing.assert_array_equal(ours.predict(queries), plain.predict(queries - 100))
    np.testing.assert_allclose(ours.predict_proba(queries), plain.predict_proba(queries - 100))


def test_a_query_far_from_all_rows_and_one_among_copies_find_theirs(narrow_filter):
    x, y, _ = made_up(503, 31, seed=0)
    x[100:120] = x[99]
    queries = np.stack([x[99], 1e9 * np.ones(31), x[7]])
    ours = FilteredNeighbours(5).fit(x, y).kneighbors(queries)
    assert ours[0].tolist() == [99, 100, 101, 102, 103]  # of equally far rows, the first
    distance = ((x - queries[1]) ** 2).sum(1)
    np.testing.assert_allclose(sorted(distance[ours[1]]), sorted(distance)[:5], rtol=1e-12)
    assert ours[2, 0] == 7


def test_values_beyond_the_range_of_float32_are_left_to_scikit_learn(narrow_filter):
    x, y, _ = made_up(503, 31, seed=0)
    queries = np.stack([1e19 * x[8], x[7]])
    plain = KNeighborsClassifier(3, algorithm="brute").fit(x, y)
    np.testing.assert_array_equal(FilteredNeighbours(3).fit(x, y).predict(queries), plain.predict(queries))
    assert FilteredNeighbours(3).fit(1e19 * x, y)._plain is not None


def test_the_largest_value_of_all_does_not_blind_the_filter(narrow_filter):
    """As a pixel that is constant in training and divided by 1e-8."""
    x, y, queries = made_up(701, 29, seed=3)
    queries[5, 0] = 2.4e9
    plain = KNeighborsClassifier(3, algorithm="brute").fit(x, y)
    np.testing.assert_array_equal(FilteredNeighbours(3).fit(x, y).predict(queries), plain.predict(queries))


def test_small_tables_are_left_to_scikit_learn():
    x, y = load_digits(return_X_y=True)
    ours = FilteredNeighbours(3).fit(x[:900], y[:900])
    np.testing.assert_array_equal(ours.predict(x[900:]), KNeighborsClassifier(3).fit(x[:900], y[:900]).predict(x[900:]))


@pytest.mark.parametrize("k", [0, 1000, 2.5, True])
def test_impossible_numbers_of_neighbours_are_refused(k):
    with pytest.raises(SettingError, match=f"n_neighbors is {k}"):
        FilteredNeighbours(k).fit(np.eye(11), np.arange(11) % 2)


@pytest.mark.parametrize(
    ("settings", "classes"),
    [
        ({"C": 5.0}, 10),
        ({"C": 1.0, "gamma": "auto"}, 10),
        ({"C": 0.5, "gamma": 0.002}, 2),
        ({"C": 0.1, "kernel": "linear"}, 10),
        ({"kernel": "poly"}, 10),
    ],
)
def test_support_vectors_and_answers_are_those_of_libsvm(settings, classes):
    x, y = load_digits(return_X_y=True)
    x, y = x[y < classes], y[y < classes]
    x, y = (np.tile(x, (4, 1)), np.tile(y, 4)) if classes == 2 else (x, y)  # above LEAST_ROWS
    x = x + np.random.default_rng(0).normal(0, 0.5, x.shape)
    train, test = slice(0, 1200), slice(1200, None)
    ours, theirs = GramSVC(**settings).fit(x[train], y[train]), SVC(**settings).fit(x[train], y[train])
    assert ours._is_made_here == (settings.get("kernel") != "poly")
    np.testing.assert_array_equal(ours.machine_.support_, theirs.support_)
    np.testing.assert_array_equal(ours.predict(x[test]), theirs.predict(x[test]))
    apart = np.abs(ours.decision_function(x[test]) - theirs.decision_function(x[test]))
    assert (apart > 0.01).mean() < 0.001  # a vote of two machines out of thousands may fall the other way


@pytest.mark.parametrize("settings", [{"gamma": -1.0}, {"gamma": "wide"}, {"C": -1.0}])
def test_impossible_settings_are_refused_by_the_machine(settings):
    x, y = load_digits(return_X_y=True)
    with pytest.raises(ValueError, match=next(iter(settings))):
        GramSVC(**settings).fit(x, y)
