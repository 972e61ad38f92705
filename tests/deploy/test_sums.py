"""Sums in an order of our own: right, and without any regard to the other rows."""

from fractions import Fraction

import numpy as np
import pytest

from heldout.deploy.kinds.neighbours import Neighbours
from heldout.deploy.rows import Features
from heldout.deploy.sums import fold, pair_sums, products, squares


@pytest.mark.parametrize("d", [1, 2, 3, 64, 131, 20_001])
@pytest.mark.parametrize("k", [1, 3, 50])
def test_products_are_right_and_a_row_does_not_know_the_others(d, k):
    if d * k > 200_000:
        pytest.skip("large")
    random = np.random.default_rng(d + k)
    x, weights = random.normal(size=(70, d)), random.normal(size=(k, d))
    found = products(x, weights)
    np.testing.assert_allclose(found, x @ weights.T, rtol=1e-11, atol=1e-11 * np.sqrt(d))
    for rows in ([0], [69], [5, 3], list(range(69, -1, -1))):
        np.testing.assert_array_equal(products(x[rows], weights), found[rows])


@pytest.mark.parametrize("d", [1, 5, 130])
def test_pair_sums_join_as_they_are_told(d):
    random = np.random.default_rng(d)
    x, others = random.normal(size=(300, d)), random.normal(size=(d, 7))
    distances = ((x[:, :, None] - others) ** 2).sum(axis=1)
    np.testing.assert_allclose(pair_sums(x, squares, others), distances, rtol=1e-13)
    largest = ((x[:, :, None] - others) ** 2).max(axis=1)
    np.testing.assert_array_equal(pair_sums(x, squares, others, join=np.maximum), largest)
    np.testing.assert_array_equal(pair_sums(x[7:8], squares, others)[0], pair_sums(x, squares, others)[7])


def test_nothing_sums_to_nothing():
    assert products(np.empty((3, 0)), np.empty((2, 0))).tolist() == [[0, 0]] * 3
    assert products(np.empty((0, 3)), np.ones((2, 3))).shape == (0, 2)


def test_fold_is_as_exact_as_pairs_of_pairs():
    values = np.random.default_rng(0).normal(size=10_001)
    exact = float(sum(map(Fraction, values.tolist())))
    assert abs(fold(values[:, None].copy())[0] - exact) < 1e-12


def neighbours(rows, n_neighbours, power=2.0):
    labels = np.arange(len(rows)) % 2
    return Neighbours(np.array([0, 1]), Features(rows.shape[1]), rows, labels, n_neighbours, False, power)


def exact_distances(row, rows):
    return [sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(row, other, strict=True)) for other in rows]


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_neighbours_are_the_nearest_and_of_equally_near_ones_the_first(shift):
    rows = np.random.default_rng(3).integers(-3, 4, (60, 3)) + shift
    asked = rows[::7]
    for row, places in zip(asked, neighbours(rows, 4)._near_by_square(asked)[1], strict=True):
        exact = exact_distances(row, rows)
        assert places.tolist() == sorted(range(60), key=lambda place: (exact[place], place))[:4]


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e150, 1e200])
def test_neighbours_of_very_small_and_very_large_numbers_are_the_nearest(scale):
    random = np.random.default_rng(5)
    rows, asked = random.normal(size=(60, 3)) * scale, random.normal(size=(9, 3)) * scale
    with np.errstate(over="ignore"):
        found = neighbours(rows, 4)._near_by_square(asked)[1]
    if scale in (1e-200, 1e200):  # squares are 0 or infinite: all are equally near
        assert found.tolist() == [[0, 1, 2, 3]] * 9
        return
    for row, places in zip(asked, found, strict=True):
        exact = exact_distances(row, rows)
        assert sorted(places) == sorted(sorted(range(60), key=exact.__getitem__)[:4])


def test_the_distance_of_a_row_to_itself_is_0():
    rows = np.random.default_rng(4).normal(size=(50, 9)) * 1e3
    distances, places = neighbours(rows, 1)._near_by_square(rows)
    assert places[:, 0].tolist() == list(range(50))
    assert (distances == 0).all()
