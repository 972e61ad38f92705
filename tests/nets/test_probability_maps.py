"""A net in convolutional form gives, at each position, what the classifier gives on that part of the image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_nets import fitted, nets

from heldout.errors import DataError, SettingError, ShapeError

VALID = ["conv 3 3", "conv 4 2 stride 2", "maxpool 2", "avgpool 2", "maxpool 3 stride 2", "residual(conv 3 1, relu)"]
EVERYWHERE = ["relu", "tanh", "gelu", "dropout 0.3", "dense 3"]
ENDS = ["dense 4", "dense 4, relu, dense 3, residual(dense 4, relu, batchnorm)", "dense 3, batchnorm"]


@given(
    net_and_shape=nets([(11, 12, 2), (19, 2)], VALID, EVERYWHERE, []),
    more=st.sampled_from(ENDS),
    extra=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
@settings(max_examples=60, deadline=None)
def test_every_position_of_the_map_equals_the_classifier_on_that_part(net_and_shape, more, extra):
    spec, shape = net_and_shape
    net, _ = fitted(f"{spec}, {more}", shape)
    sides = tuple(n + e for n, e in zip(shape[:-1], extra, strict=False))
    x = np.random.default_rng(1).standard_normal((2, *sides, shape[-1]))
    maps = net.convolutional()
    found = maps.predict_proba(x)
    # What a stride leaves over at the end of a part may lie outside the image: it does not matter what is there.
    x = np.pad(x, [(0, 0), *((0, n) for n in shape[:-1]), (0, 0)])
    assert maps.window == shape[:-1]
    for place in np.ndindex(*found.shape[1:-1]):
        part = x
        for axis, (i, step, n) in enumerate(zip(place, maps.stride, shape[:-1], strict=True), start=1):
            part = part.take(np.arange(i * step, i * step + n), axis=axis)
        np.testing.assert_allclose(found[(slice(None), *place)], net.predict_proba(part), rtol=1e-9, atol=1e-12)
    for n, trained, step, positions in zip(sides, shape[:-1], maps.stride, found.shape[1:-1], strict=True):
        assert (n - trained) // step + 1 <= positions <= n // step + 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_on_the_trained_size_the_map_has_one_position_and_the_same_probabilities(dtype):
    spec = "conv 4 3 same, relu, maxpool 2, flatten, dense 5, relu"
    net, x = fitted(spec, (8, 10, 3), dtype=dtype, precision="float32", standardize=True)
    found = net.convolutional().predict_proba(x)
    assert found.shape == (9, 1, 1, 3)
    np.testing.assert_allclose(found[:, 0, 0], net.predict_proba(x), rtol=1e-4, atol=1e-6)
    assert np.array_equal(net.convolutional().predict(x)[:, 0, 0], net.predict(x))


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        ("dense 4", (5,), "a net of vectors of 5 has no form for larger images"),
        ("flatten, batchnorm, dense 3", (5, 5, 1), "batchnorm 1 normalises each position"),
        ("flatten, residual(dense 25), dense 3", (5, 5, 1), "residual 1 adds to a flattened image"),
    ],
)
def test_a_net_that_has_no_such_form_is_refused(spec, shape, message):
    net, _ = fitted(spec, shape)
    with pytest.raises(SettingError, match=message):
        net.convolutional()


def test_images_that_do_not_fit_are_refused():
    net, x = fitted("conv 4 3, relu, flatten", (8, 10, 3))
    maps = net.convolutional()
    with pytest.raises(ShapeError, match=r"images of shape \(7, 10, 3\), but the net was trained on \(8, 10, 3\)"):
        maps.predict_proba(x[:, 1:])
    with pytest.raises(ShapeError, match=r"images of shape \(8, 10, 2\)"):
        maps.predict_proba(x[..., 1:])
    with pytest.raises(DataError, match="rows are uint8, but the net was trained on float64"):
        maps.predict_proba(x.astype(np.uint8))
