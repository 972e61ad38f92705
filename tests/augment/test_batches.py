"""Augmentation of batches against loops over single images in NumPy and SciPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from heldout.augment import batches

SHAPES = [(7, 5, 3), (4, 9, 1), (1, 11, 2), (6, 6, 2)]


def images(shape, n=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, *shape))


def tensor(array):
    return torch.from_numpy(np.asarray(array))


def moved_by_hand(image, down, right, edge, fill=0.0):
    height, width = image.shape[:2]
    mode = {"zero": "constant", "reflect": "reflect", "wrap": "wrap"}[edge]
    options = {"constant_values": fill} if mode == "constant" else {}
    pad = ((abs(down), abs(down)), (abs(right), abs(right)), (0, 0))
    padded = np.pad(image, pad, mode=mode, **options)
    top, left = abs(down) - down, abs(right) - right
    return padded[top : top + height, left : left + width]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SHAPES), st.sampled_from(["zero", "reflect", "wrap"]), st.data())
def test_a_move_is_the_window_of_a_padded_image(shape, edge, data):
    x = images(shape)
    steps = [[data.draw(st.integers(-size, size)) for _ in x] for size in shape[:2]]
    fill = np.arange(5.0)
    found = batches.move(tensor(x), *map(tensor, steps), edge=edge, fill=tensor(fill))
    for number, image in enumerate(x):
        wanted = moved_by_hand(image, steps[0][number], steps[1][number], edge, fill[number])
        np.testing.assert_array_equal(found[number], wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_flips_mirror_only_the_rows_that_are_wanted(shape):
    x = images(shape)
    wanted = np.array([True, False, True, False, False])
    across = batches.flip(tensor(x), tensor(wanted))
    down = batches.flip(tensor(x), tensor(wanted), axis=1)
    for number, image in enumerate(x):
        np.testing.assert_array_equal(across[number], image[:, ::-1] if wanted[number] else image)
        np.testing.assert_array_equal(down[number], image[::-1] if wanted[number] else image)


@pytest.mark.parametrize("shape", [(7, 5, 3), (8, 8, 1), (4, 9, 2)])
def test_a_rotation_is_that_of_scipy(shape):
    x = images(shape)
    degrees = np.array([0.0, 90.0, 13.0, -30.0, 180.0])
    found = batches.rotate(tensor(x), tensor(degrees))
    for image, angle, turned in zip(x, degrees, found, strict=True):
        a = math.radians(angle)
        # Rows of pixels count downwards: turning counter-clockwise, (down, right) comes from here.
        back = np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
        centre = (np.array(image.shape[:2]) - 1) / 2
        for channel in range(shape[2]):
            plain = image[..., channel]
            wanted = ndimage.affine_transform(plain, back, centre - back @ centre, order=1, mode="grid-constant")
            np.testing.assert_allclose(turned[..., channel], wanted, atol=1e-9)
    if shape[0] == shape[1]:
        np.testing.assert_allclose(found[1], np.rot90(x[1]), atol=1e-9)  # counter-clockwise


def test_brightness_adds_and_contrast_keeps_the_mean():
    x = images((5, 4, 3))
    amounts = np.linspace(-0.5, 0.5, 5)
    np.testing.assert_allclose(batches.brighten(tensor(x), tensor(amounts)), x + amounts[:, None, None, None])
    found = batches.contrast(tensor(x), tensor(1 + amounts)).numpy()
    np.testing.assert_allclose(found.mean((1, 2, 3)), x.mean((1, 2, 3)), atol=1e-12)
    np.testing.assert_allclose(found.std((1, 2, 3)), x.std((1, 2, 3)) * (1 + amounts), rtol=1e-9)
    louder = batches.amplify(tensor(x), tensor(np.full(5, 6.0))).numpy()
    np.testing.assert_allclose(20 * np.log10(louder / x), 6.0)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SHAPES), st.data())
def test_boxes_are_painted_and_pasted_as_a_slice_is(shape, data):
    x, other = images(shape), images(shape, seed=1)
    box = []
    for _ in x:
        sides = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape[:2]]
        box.append([*sides[0], *sides[1]])
    painted = batches.fill_box(tensor(x), tensor(box), torch.full((5,), 9.0))
    pasted = batches.paste_box(tensor(x), tensor(other), tensor(box))
    share = batches.box_share(tensor(box), *shape[:2])
    for number, (top, bottom, left, right) in enumerate(box):
        one, two = x[number].copy(), x[number].copy()
        one[top:bottom, left:right] = 9.0
        two[top:bottom, left:right] = other[number, top:bottom, left:right]
        np.testing.assert_array_equal(painted[number], one)
        np.testing.assert_array_equal(pasted[number], two)
        assert float(share[number]) == pytest.approx((one == 9.0).mean())


@pytest.mark.parametrize("axis", [1, 2])
def test_stripes_hide_bands_or_frames(axis):
    x = images((6, 8, 2))
    first, width = (
        np.array([[0, 3], [1, 1], [2, 5], [0, 0], [4, 0]]),
        np.array([[2, 2], [0, 0], [3, 1], [6, 0], [1, 2]]),
    )
    found = batches.fill_bands(tensor(x), tensor(first), tensor(width), axis=axis, fill=torch.full((5,), 7.0))
    for number in range(5):
        wanted = np.moveaxis(x[number].copy(), axis - 1, 0)
        for begin, n in zip(first[number], width[number], strict=True):
            wanted[begin : begin + n] = 7.0
        np.testing.assert_array_equal(found[number], np.moveaxis(wanted, 0, axis - 1))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SHAPES[:2]), st.sampled_from([1, 2]), st.integers(0, 99))
def test_resampling_is_numpys_interpolation(shape, axis, seed):
    x = images(shape)
    size = shape[axis - 1]
    places = np.random.default_rng(seed).uniform(-1, size, (5, size))
    found = np.moveaxis(batches.resample(tensor(x), tensor(places), axis=axis, fill=-3.0).numpy(), axis, 1)
    for number, image in enumerate(np.moveaxis(x, axis, 1)):
        flat = image.reshape(size, -1)
        for column in range(flat.shape[1]):
            wanted = np.interp(places[number], np.arange(size), flat[:, column], left=-3.0, right=-3.0)
            np.testing.assert_allclose(found[number].reshape(size, -1)[:, column], wanted, atol=1e-9)


def test_stretching_plays_faster_from_the_same_beginning():
    ramp = np.tile(np.arange(10.0)[None, :, None], (3, 2, 1, 1))
    places = batches.stretched_places(10, tensor([1.0, 2.0, 0.5]))
    found = batches.resample(tensor(ramp), places, axis=2, fill=-1.0)[:, 0, :, 0]
    np.testing.assert_allclose(found[0], np.arange(10))
    np.testing.assert_allclose(found[1], [0, 2, 4, 6, 8, -1, -1, -1, -1, -1])
    np.testing.assert_allclose(found[2], np.arange(10) / 2)


@pytest.mark.parametrize("semitones", [-7.0, 0.0, 3.0, 12.0])
def test_a_tone_lands_on_the_band_of_its_new_pitch(semitones):
    def band_of(frequency):
        mel = 2595 * math.log10(1 + frequency / 700)
        return mel / (2595 * math.log10(1 + 16000 / 700)) * 129 - 1

    at = np.arange(128.0)
    line = np.exp(-0.5 * ((at - band_of(1000.0)) / 2) ** 2)  # a tone of 1,000 Hz
    places = batches.pitched_places(128, tensor([semitones]), low=0.0, high=16000.0)
    raised = batches.resample(tensor(line[None, :, None, None]), places, axis=1)[0, :, 0, 0].numpy()
    assert (at * raised).sum() / raised.sum() == pytest.approx(band_of(1000 * 2 ** (semitones / 12)), abs=0.6)


def test_noise_has_the_ratio_that_was_asked_for_and_no_mean():
    random = np.random.default_rng(0)
    x = random.standard_normal((3, 1, 60_000, 1)) * np.array([1.0, 0.01, 100])[:, None, None, None]
    ratios = np.array([20.0, 3.0, np.inf])
    noise = batches.add_noise(tensor(x), tensor(random.standard_normal(x.shape)), tensor(ratios)).numpy() - x
    measured = 10 * np.log10((x[:2] ** 2).mean((1, 2, 3)) / (noise[:2] ** 2).mean((1, 2, 3)))
    np.testing.assert_allclose(measured, ratios[:2], atol=0.1)
    assert abs(noise[1].mean()) < 0.02 * noise[1].std()
    assert not noise[2].any()


def test_noise_adds_to_the_powers_of_levels():
    random = np.random.default_rng(0)
    levels = random.uniform(-60, 0, (2, 64, 50, 1))
    powers = random.exponential(1.0, levels.shape)
    found = batches.add_noise_to_levels(tensor(levels), tensor(powers), tensor([10.0, np.inf])).numpy()
    plain = 10 ** (levels / 10)
    wanted = 10 * np.log10(plain[0] + powers[0] * plain[0].mean() / 10)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-9)
    np.testing.assert_allclose(found[1], levels[1], rtol=1e-9)
    assert (found[0] >= levels[0]).all()


def test_a_mixture_is_the_weighted_mean():
    x, other = images((3, 4, 1)), images((3, 4, 1), seed=1)
    shares = np.linspace(0, 1, 5)
    found = batches.mix(tensor(x), tensor(other), tensor(shares))
    weight = shares[:, None, None, None]
    np.testing.assert_allclose(found, weight * x + (1 - weight) * other)
