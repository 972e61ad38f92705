"""New rows of numbers: where they may lie, and what they were made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import PCA

from heldout.augment.features import PCANoise, mix_within_class, swap_categories
from heldout.augment.sources import pair_groups, tied_groups
from heldout.errors import LabelError, SettingError, ShapeError

IRIS = load_iris().data


def test_components_and_shares_of_variance_are_those_of_scikit_learn():
    ours, theirs = PCANoise(keep=2).fit(IRIS), PCA().fit(IRIS)
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, atol=1e-12)
    np.testing.assert_allclose(np.abs(ours.components_), np.abs(theirs.components_), atol=1e-10)
    np.testing.assert_allclose(ours.deviations_**2, theirs.explained_variance_, atol=1e-12)


def test_95_percent_of_iris_is_held_by_two_components_as_the_course_finds():
    assert PCANoise(keep=0.95).fit(IRIS).n_keep_ == 2


def test_the_leading_scores_stay_and_the_others_get_noise_in_proportion_to_their_spread():
    noise = PCANoise(keep=2, sigma=0.1).fit(IRIS)
    made = noise.make(IRIS, copies=200, seed=1)
    moved = (made.x - IRIS[made.source]) @ noise.components_.T
    np.testing.assert_allclose(moved[:, :2], 0, atol=1e-12)
    np.testing.assert_allclose(moved[:, 2:].std(axis=0), 0.1 * noise.deviations_[2:], rtol=0.02)
    assert abs(moved[:, 2:].mean(axis=0)).max() < 1e-3


def test_rows_of_one_set_move_independently():
    noise = PCANoise(keep=2).fit(IRIS)
    moved = (noise.make(IRIS, copies=1).x - IRIS) @ noise.components_[2:].T
    assert len(np.unique(np.round(moved / noise.deviations_[2:], 9), axis=0)) == len(IRIS)


def test_as_published_all_rows_of_a_set_undergo_one_linear_map():
    for way, features_left in (("component-rows", 0), ("component-columns", 2)):
        noise = PCANoise(keep=2, sigma=0.1, way=way).fit(IRIS)
        made = noise.make(IRIS, copies=3, seed=4).x.reshape(3, len(IRIS), 4)
        centred = IRIS - IRIS.mean(axis=0)
        for one_set in made:
            fitted, residual, *_ = np.linalg.lstsq(centred, one_set - IRIS.mean(axis=0), rcond=None)
            assert residual.max() < 1e-20
            assert np.abs(fitted - np.eye(4)).max() > 1e-3
        unmoved = (np.abs(made - IRIS).max(axis=(0, 1)) < 1e-9).sum()
        assert unmoved == features_left


def test_print_moves_petals_ten_times_further_than_the_companion_file():
    # The facts: about 0.35 along columns, about 0.03 along rows.
    shifts = {}
    for way in ("component-rows", "component-columns"):
        noise = PCANoise(keep=2, sigma=0.1, way=way).fit(IRIS)
        shifts[way] = np.abs(noise.make(IRIS, copies=50, seed=0).x - np.tile(IRIS, (50, 1))).mean()
    assert shifts["component-columns"] > 3 * shifts["component-rows"]


def test_scaling_makes_noise_independent_of_units():
    x = load_breast_cancer().data
    units = np.geomspace(1e-3, 1e5, 30)
    one, other = PCANoise(scale=True).fit(x), PCANoise(scale=True).fit(x * units)
    np.testing.assert_allclose(one.deviations_, other.deviations_, rtol=1e-9)
    np.testing.assert_allclose(np.abs(one.components_), np.abs(other.components_), atol=1e-6)
    assert one.n_keep_ == other.n_keep_ == 10
    assert PCANoise().fit(x).n_keep_ == 1


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    noise = clone(PCANoise(keep=1, sigma=0.2)).fit(IRIS)
    assert np.array_equal(noise.make(IRIS, copies=2, seed=5).x, noise.make(IRIS, copies=2, seed=5).x)
    assert not np.array_equal(noise.make(IRIS, copies=2, seed=5).x, noise.make(IRIS, copies=2, seed=6).x)


def test_labels_and_sources_follow_the_rows():
    y = load_iris().target
    made = PCANoise().fit(IRIS).make(IRIS, y, copies=3)
    assert np.array_equal(made.y, y[made.source])
    assert np.array_equal(np.bincount(made.source), np.full(150, 3))


def test_one_feature_moves_although_it_holds_all_variance():
    x = np.arange(9.0)[:, None]
    assert np.abs(PCANoise().fit(x).make(x, copies=1).x - x).min() > 0


@pytest.mark.parametrize(
    ("given", "x", "error", "says"),
    [
        ({"keep": 4}, IRIS, SettingError, "keep is 4 of 4"),
        ({"keep": 1.5}, IRIS, SettingError, "keep is 1.5"),
        ({"sigma": -1}, IRIS, SettingError, "sigma is -1"),
        ({"way": "rows"}, IRIS, SettingError, "way is 'rows'"),
        ({}, IRIS[:1], ShapeError, "one row"),
        ({}, IRIS[0], ShapeError, r"shape \(4,\)"),
        ({}, np.where(np.arange(600).reshape(150, 4) == 9, np.nan, IRIS), ShapeError, "row 2 holds a value"),
    ],
)
def test_what_cannot_be_is_refused(given, x, error, says):
    with pytest.raises(error, match=says):
        PCANoise(**given).fit(x)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6))
def test_a_mixture_lies_between_two_rows_of_one_class(seed, copies, neighbours):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(23, 3)), random.integers(0, 3, 23)
    made = mix_within_class(x, y, copies=copies, neighbours=neighbours, seed=seed)
    mixed = made.partner >= 0
    a, b = x[made.source[mixed]], x[made.partner[mixed]]
    assert np.array_equal(y[made.source[mixed]], y[made.partner[mixed]])
    assert (made.source[mixed] != made.partner[mixed]).all()
    gap = np.linalg.norm(made.x[mixed] - a, axis=1) + np.linalg.norm(made.x[mixed] - b, axis=1)
    np.testing.assert_allclose(gap, np.linalg.norm(a - b, axis=1), atol=1e-9)
    assert np.array_equal(made.x[~mixed], x[made.source[~mixed]])
    assert (np.bincount(y)[y[made.source[~mixed]]] == 1).all()


def test_partners_are_among_the_nearest_rows_of_the_class():
    x = np.array([[0.0], [1], [2], [10], [11], [0.5]])
    y = np.array([0, 0, 0, 0, 0, 1])
    made = mix_within_class(x, y, copies=50, neighbours=1, seed=0)
    pairs = set(zip(made.source.tolist(), made.partner.tolist(), strict=True))
    assert pairs <= {(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3), (5, -1)}


def test_labels_of_another_length_are_refused():
    with pytest.raises(LabelError, match="150 rows and labels of shape"):
        mix_within_class(IRIS, np.zeros(3))


def test_swapped_categories_are_others_that_the_class_has():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 500)
    values = np.where(y == 0, random.choice(["red", "blue"], 500), random.choice(["red", "green", "grey"], 500))
    values = values.astype(object)
    values[7] = None
    made = swap_categories(values, y, probability=0.5, seed=1)
    changed = np.array([a != b for a, b in zip(made, values, strict=True)])
    assert 0.4 < changed.mean() < 0.6
    assert made[7] is None
    for label in (0, 1):
        assert set(made[(y == label) & changed]) <= set(values[y == label]) - {None}
    assert not [a for a in swap_categories(values, y, probability=0, seed=1) if a == "black"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40))
def test_pairs_of_groups_are_closed_and_hold_at_most_two_groups_of_the_same_classes(seed, n):
    random = np.random.default_rng(seed)
    groups, y = random.integers(0, n, 60), random.integers(0, 3, 60)
    pairs = pair_groups(groups, y, seed)
    for pair in np.unique(pairs):
        inside = np.unique(groups[pairs == pair])
        assert len(inside) <= 2
        assert len({tuple(np.unique(y[groups == g])) for g in inside}) == 1
    for group in np.unique(groups):
        assert len(np.unique(pairs[groups == group])) == 1


def test_a_mixture_ties_the_groups_of_both_its_sources():
    groups = np.array([5, 5, 7, 9, 9])
    tied = tied_groups(groups, np.array([0, 3, 2]), np.array([2, -1, -1]))
    assert tied.tolist() == [0, 0, 0, 1, 1]
    assert tied_groups(groups, np.array([0]), np.array([-1])).tolist() == [0, 0, 1, 2, 2]
