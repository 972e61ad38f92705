"""New images: each operation against Pillow or plain indexing, and what holds for all of them."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from heldout.augment.images import brighten, centre, crop, erase, flip, shift, stretch_contrast
from heldout.augment.making_images import augment_images
from heldout.augment.mixing import blend, cutmix, mixup
from heldout.augment.operations import on_disk, parse_operations
from heldout.augment.turning import rotate
from heldout.errors import LabelError, SettingError, ShapeError
from heldout_course.augment.images import tenfold_images


def pictures(n=7, height=13, width=17, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def with_pillow(image, degrees, **more):
    turned = Image.fromarray(image.squeeze()).rotate(degrees, resample=Image.Resampling.BILINEAR, **more)
    return np.asarray(turned).reshape(image.shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("degrees", [-5, -1.3, 0, 3.3, 5])
def test_rotation_is_that_of_pillow_within_one_level(degrees, channels):
    images = pictures(5, 32, 32, channels)
    ours = rotate(images, np.full(5, degrees), size=(28, 28))
    theirs = centre(np.stack([with_pillow(image, degrees) for image in images]), (28, 28))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_images_of_many_angles_are_turned_as_if_each_were_alone():
    images = pictures(11, 16, 16)
    degrees = np.array([3, -2, 3, 0, 90, 3, -2, 45, 180, 3, 0.5])
    alone = [rotate(images[i : i + 1], degrees[i : i + 1])[0] for i in range(11)]
    assert np.array_equal(rotate(images, degrees), alone)


def test_quarter_turns_are_exact():
    images = pictures(4, 9, 9)
    assert np.array_equal(rotate(images, np.full(4, 90.0)), np.rot90(images, axes=(1, 2)))
    assert np.array_equal(rotate(images, np.full(4, 180.0)), images[:, ::-1, ::-1])


def test_what_was_outside_is_black_or_the_mean_or_the_nearest_pixel():
    image = np.full((1, 21, 21, 3), (200, 100, 50), np.uint8)
    for fill in ("mean", "edge"):
        assert (rotate(image, np.array([45.0]), fill=fill) == image).all()
        assert (shift(image, np.array([5]), np.array([-9]), fill=fill) == image).all()
    assert (rotate(image, np.array([45.0]))[0, 0, 0] == 0).all()
    moved = shift(image, np.array([5]), np.array([-9]))[0]
    assert (moved[:5] == 0).all()
    assert (moved[:, -9:] == 0).all()
    assert (moved[5:, :-9] == image[0, 5:, :-9]).all()


def test_five_degrees_leave_no_empty_pixel_after_the_course_s_centre_crop():
    white = np.full((1, 32, 32, 1), 255, np.uint8)
    assert rotate(white, np.array([5.0]), size=(28, 28)).min() == 255


def test_a_flip_is_a_reversed_axis():
    for channels in (1, 3):
        images = pictures(channels=channels)
        assert np.array_equal(flip(images), images[:, :, ::-1])


def test_windows_are_cut_where_they_are_said_to_be():
    images = pictures()
    random = np.random.default_rng(1)
    rows, top, left = random.integers(0, 7, 40), random.integers(0, 5, 40), random.integers(0, 7, 40)
    cut = crop(images, top, left, (9, 11), rows=rows)
    for i in range(40):
        assert np.array_equal(cut[i], images[rows[i], top[i] : top[i] + 9, left[i] : left[i] + 11])


def test_windows_that_reach_out_are_refused():
    with pytest.raises(SettingError, match="reaches out of images of 13 x 17"):
        crop(pictures(), np.full(7, 5), np.zeros(7, int), (9, 9))
    with pytest.raises(SettingError, match="a window of 14 x 3"):
        crop(pictures(), np.zeros(7, int), np.zeros(7, int), (14, 3))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=1, max_size=6))
def test_a_shift_moves_every_pixel_that_stays_in(moves):
    images = pictures(len(moves), seed=3)
    down, right = np.array(moves).T
    made = shift(images, down, right)
    for image, new, (d, r) in zip(images, made, moves, strict=True):
        wanted = np.zeros_like(image)
        for row in range(13):
            for column in range(17):
                if 0 <= row - d < 13 and 0 <= column - r < 17:
                    wanted[row, column] = image[row - d, column - r]
        assert np.array_equal(new, wanted)


def test_brightness_and_contrast_are_rounded_and_held_within_the_range():
    images = pictures()
    change = np.linspace(-1, 1, 7)
    wanted = np.clip(images.astype(float) + change[:, None, None, None] * 255, 0, 255)
    assert np.abs(brighten(images, change) - wanted).max() <= 0.51
    factor = np.linspace(0, 2, 7)[:, None, None, None]
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    wanted = np.clip(mean + (images - mean) * factor, 0, 255)
    assert np.abs(stretch_contrast(images, factor.ravel()) - wanted).max() <= 0.51
    assert np.array_equal(stretch_contrast(images, np.ones(7)), images)


def test_an_erased_rectangle_has_the_mean_colour_and_the_rest_stays():
    images = pictures(2)
    made = erase(images, np.array([2, 10]), np.array([3, 0]), np.array([4, 9]), np.array([5, 0]))
    assert np.array_equal(made[1], images[1])
    assert (made[0, 2:6, 3:8] == np.round(images[0].mean(axis=(0, 1)))).all()
    made[0, 2:6, 3:8] = images[0, 2:6, 3:8]
    assert np.array_equal(made[0], images[0])


def test_a_mixture_has_the_labels_of_its_two_images_in_their_shares():
    images, y = pictures(50), np.arange(50) % 3
    mixed = mixup(images, y, alpha=1.0, seed=1)
    share = mixed.share[:, None, None, None]
    wanted = share * images + (1 - share) * images[mixed.partner]
    assert np.abs(mixed.x - wanted).max() <= 0.51
    np.testing.assert_allclose(mixed.labels.sum(axis=1), 1)
    onehot = np.eye(3)
    np.testing.assert_allclose(
        mixed.labels, mixed.share[:, None] * onehot[y] + (1 - mixed.share[:, None]) * onehot[y[mixed.partner]]
    )


def test_the_labels_of_cutmix_are_the_shares_of_the_pixels():
    images = np.zeros((60, 12, 10, 1), np.uint8) + np.arange(60, dtype=np.uint8)[:, None, None, None]
    y = np.arange(60)
    mixed = cutmix(images, y, seed=2)
    for row in range(60):
        stays = (mixed.x[row] == row).mean()
        assert mixed.labels[row, row] == pytest.approx(1.0 if mixed.partner[row] == row else stays)
        assert set(np.unique(mixed.x[row])) <= {row, mixed.partner[row]}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([np.uint8, np.int16, np.float32, np.float64]), st.integers(0, 1000))
def test_blending_keeps_type_and_range(dtype, seed):
    random = np.random.default_rng(seed)
    a, b = ((random.normal(size=(5, 4)) * 60 + 120).clip(0, 255).astype(dtype) for _ in range(2))
    made = blend(a, b, random.random(5))
    assert made.dtype == dtype
    assert (made >= np.minimum(a, b)).all()
    assert (made <= np.maximum(a, b)).all()


def test_soft_labels_need_class_numbers():
    with pytest.raises(LabelError, match="labels of shape"):
        mixup(pictures(), np.array(["a"] * 7))
    with pytest.raises(SettingError, match="alpha is 0"):
        mixup(pictures(), np.zeros(7, int), alpha=0)


ALL = "flip, rotate 20, shift 0.2, brightness 0.2, contrast 0.3, erase 0.2, mix 0.4 p 1, random-crop 11"


def test_every_operation_is_in_the_line_that_the_next_tests_use():
    assert {step.name for step in parse_operations(ALL, "images")} == set(on_disk("images"))


def test_new_images_say_what_they_were_made_of_and_none_is_a_plain_copy():
    images = pictures(40)
    made, source = augment_images(images, "flip p 0.1, erase 0.3 p 0.1", copies=3, seed=1)
    assert made.shape == (120, 13, 17, 3)
    assert np.array_equal(source, np.tile(np.arange(40), 3))
    assert not (made == images[source]).all(axis=(1, 2, 3)).any()


def test_neither_batches_nor_more_copies_change_an_image(monkeypatch):
    from heldout.augment import making_images

    images, pool = pictures(40), np.arange(40) % 2
    made, _ = augment_images(images, ALL, copies=3, seed=1, pool=pool)
    monkeypatch.setattr(making_images, "_BATCH_BYTES", 2000)
    again, _ = augment_images(images, ALL, copies=2, seed=1, pool=pool)
    assert np.array_equal(made[:80], again)
    other, _ = augment_images(images, ALL, copies=2, seed=2, pool=pool)
    assert not np.array_equal(other, again)


def test_an_image_mixes_only_with_images_of_its_pool():
    images = np.zeros((30, 8, 8, 1), np.uint8)
    pool = np.arange(30) % 3
    images[pool == 1] = 100
    images[pool == 2] = 200
    made, source = augment_images(images, "mix 0.5 p 1", copies=4, pool=pool)
    assert np.array_equal(made, images[source])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("rotat 3", "unknown operation 'rotat'; did you mean 'rotate'?"),
        ("rotate 500", "expected DEGREES after 'rotate' (a number from 0 to 180), found '500'"),
        ("rotate 3, rotate 4", "'rotate' is there twice"),
        ("rotate x", "found 'x'"),
        ("flip 0.5", "flip has no option '0.5'"),
        ("flip p 2", "expected P after 'p' (a number from 0 to 1), found '2'"),
        ("rotate nan", "found 'nan'"),
        ("rotate 3,, flip", "expected an operation, found ','"),
        ("random-crop 27.5", "found '27.5'"),
        ("crop 28", "'crop 28' is now written 'random-crop 28'"),
        ("shift 0.1s", "expected AMOUNT after 'shift' (a number from 0 to 1, a whole number from 0 to 10,000"),
        ("pitch 3", "pitch is for sounds, not for images"),
        ("mixup 0.3", "mixup is for augmentation while training: NetClassifier(augment=...)"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_an_offer(line, says):
    with pytest.raises(SettingError, match=re.escape(says)) as caught:
        parse_operations(line, "images")
    assert caught.value.fix


def test_images_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match="type float64"):
        augment_images(pictures() / 255.0, "flip")
    with pytest.raises(SettingError, match="random-crop 28x28 of images of 13x17"):
        augment_images(pictures(), "random-crop 28")


def test_the_course_s_tenfold_set_holds_the_centre_and_nine_variants_of_each_image():
    images = pictures(200, 32, 32)
    made, source = tenfold_images(images, seed=1)
    assert made.shape == (2000, 28, 28, 3)
    assert np.array_equal(source, np.repeat(np.arange(200), 10))
    assert np.array_equal(made[::10], centre(images, (28, 28)))
    both = np.concatenate([images, images[:, :, ::-1]])
    crops = {
        (row, window.tobytes()): place
        for row in range(400)
        for place, window in {
            (top, left): both[row, top : top + 28, left : left + 28] for top in range(5) for left in range(5)
        }.items()
    }
    places = [
        crops.get((s, m.tobytes())) or crops.get((s + 200, m.tobytes())) for m, s in zip(made, source, strict=True)
    ]
    variants = [place for number, place in enumerate(places) if number % 10]
    cut = [place for place in variants if place is not None]
    assert 0.60 < len(cut) / len(variants) < 0.73  # two thirds are crops, one third is turned
    assert set(cut) == {(top, left) for top in range(5) for left in range(5)}
    assert abs(np.mean(cut, axis=0) - 2).max() < 0.2


def test_as_printed_the_crops_never_reach_the_last_two_places():
    position = np.arange(32, dtype=np.uint8)
    images = np.zeros((300, 32, 32, 1), np.uint8)
    images[..., 0] = position[:, None] * 8
    made, _ = tenfold_images(images, offsets="printed", limit=0.0)
    tops = made[:, 0, 0, 0].reshape(300, 10)[:, 1:] // 8
    assert set(np.unique(tops)) == {0, 1, 2}
    made, _ = tenfold_images(images, limit=0.0)
    assert set(np.unique(made[:, 0, 0, 0] // 8)) == {0, 1, 2, 3, 4}


def test_chunks_threads_and_a_given_array_change_nothing(monkeypatch):
    from heldout_course.augment import images as course

    images = pictures(50, 32, 32)
    made, _ = tenfold_images(images, seed=1)
    monkeypatch.setattr(course, "_CHUNK", 7)
    out = np.zeros((500, 28, 28, 3), np.uint8)
    again, _ = tenfold_images(images, seed=1, threads=2, out=out)
    assert again is out
    assert np.array_equal(again, made)
    with pytest.raises(ShapeError, match="out has shape"):
        tenfold_images(images, out=out[:4])


def test_a_tenfold_set_that_cannot_be_is_refused():
    with pytest.raises(SettingError, match="size=40"):
        tenfold_images(pictures(), size=40)
