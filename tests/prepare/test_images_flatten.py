import numpy as np
import pytest
from sklearn.base import clone

from heldout.errors import DataError, ShapeError
from heldout.prepare.images import FlattenPixels

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 2), dtype=np.uint8)


def test_flattening_divides_by_255_and_keeps_the_row_major_order():
    rows = FlattenPixels().fit_transform(IMAGES)
    assert rows.dtype == np.float32
    assert rows.shape == (5, 24)
    assert np.array_equal(rows[3], IMAGES[3].ravel().astype(np.float32) / np.float32(255))


def test_black_is_0_and_white_is_1():
    extremes = np.stack([np.zeros((2, 2, 1)), np.full((2, 2, 1), 255)]).astype(np.uint8)
    rows = FlattenPixels().fit_transform(extremes)
    assert rows.min() == 0.0
    assert rows.max() == 1.0


def test_an_image_of_another_shape_is_refused_with_both_shapes():
    with pytest.raises(ShapeError, match=r"\(4, 4, 2\).*\(4, 3, 2\)"):
        FlattenPixels().fit(IMAGES).transform(np.zeros((1, 4, 4, 2), np.uint8))


def test_three_axes_or_floats_are_refused():
    with pytest.raises(ShapeError, match="four axes"):
        FlattenPixels().fit(IMAGES[0])
    with pytest.raises(DataError, match="float64"):
        FlattenPixels().fit(IMAGES / 255)


def test_a_clone_has_learnt_nothing():
    assert not hasattr(clone(FlattenPixels().fit(IMAGES)), "input_shape_")


def test_one_image_gives_the_same_bits_alone_and_among_others():
    flatten = FlattenPixels().fit(IMAGES)
    assert np.array_equal(flatten.transform(IMAGES)[2:3], flatten.transform(IMAGES[2:3]))
