"""One word, one meaning: what is written to disk (NumPy, bytes) and done while training (torch, floats) agree."""

import numpy as np
import pytest
import torch

from heldout.augment import batches, images, mixing, sounds, turning
from heldout.augment.operations import KINDS, LANGUAGES, OPERATIONS, on_disk, parse_operations
from heldout.augment.staging import RECIPE, Staging
from heldout.augment.training import LANGUAGE, TRAINING
from heldout.errors import SettingError

N = 12
RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (N, 11, 8, 1), dtype=np.uint8)
U = RANDOM.random((3, N))


def as_floats(pixels):
    return torch.from_numpy(np.asarray(pixels)).to(torch.float64) / 255


def close(on_disk, training, levels=0.51):
    """Bytes are rounded; floats are kept within 0 and 1 as bytes are."""
    np.testing.assert_allclose(on_disk / 255.0, training.clamp(0, 1).numpy(), atol=levels / 255)


@pytest.mark.parametrize("vertical", [False, True])
def test_flips_agree(vertical):
    flipped = batches.flip(as_floats(PICTURES), torch.ones(N, dtype=torch.bool), axis=1 if vertical else 2)
    close(images.flip(PICTURES, vertical=vertical), flipped, 0.001)


def test_shifts_agree_where_zeros_enter():
    down, right = ((u * 9).astype(np.int64) - 4 for u in U[:2])
    moved = batches.move(as_floats(PICTURES), torch.from_numpy(down), torch.from_numpy(right))
    close(images.shift(PICTURES, down, right, fill="zero"), moved, 0.001)


def test_rotations_agree():
    degrees = 60 * U[0] - 30
    close(
        turning.rotate(PICTURES, degrees, fill="zero"), batches.rotate(as_floats(PICTURES), torch.from_numpy(degrees))
    )


def test_brightness_and_contrast_agree():
    change = 0.8 * U[0] - 0.4
    close(images.brighten(PICTURES, change), batches.brighten(as_floats(PICTURES), torch.from_numpy(change)))
    factor = torch.from_numpy(1 + change)
    close(images.stretch_contrast(PICTURES, 1 + change), batches.contrast(as_floats(PICTURES), factor))


def test_erased_rectangles_agree():
    top, left = (u.astype(np.int64) for u in (U[0] * 6, U[1] * 4))
    tall, wide = np.full(N, 5), (U[2] * 5).astype(np.int64)
    x = as_floats(PICTURES)
    box = torch.from_numpy(np.stack([top, top + tall, left, left + wide], axis=1))
    close(images.erase(PICTURES, top, left, tall, wide), batches.fill_box(x, box, batches.mean_of(x)))


def test_mixtures_agree():
    other, share = PICTURES[::-1], U[0]
    mixed = batches.mix(as_floats(PICTURES), as_floats(other.copy()), torch.from_numpy(share))
    close(mixing.blend(PICTURES, other, share), mixed)


def test_gains_shifts_and_noise_of_sounds_agree():
    clip = RANDOM.standard_normal(4000).astype(np.float32) * 0.1
    rows = torch.from_numpy(clip)[None, None, :, None]
    louder = batches.amplify(rows, torch.tensor([6.0]))
    np.testing.assert_allclose(sounds.amplify(clip, 6.0), louder[0, 0, :, 0], rtol=1e-6)
    later = batches.move(rows, torch.zeros(1, dtype=torch.int64), torch.tensor([70]))
    np.testing.assert_array_equal(sounds.move(clip, 70), later[0, 0, :, 0])
    normal = torch.from_numpy(RANDOM.standard_normal(rows.shape).astype(np.float32))
    noise = batches.add_noise(rows, normal, torch.tensor([20.0]))[0, 0, :, 0].numpy() - clip
    noise_on_disk = sounds.add_noise(clip, 20.0, np.random.default_rng(0)) - clip
    assert np.std(noise) == pytest.approx(np.std(noise_on_disk), rel=0.05)


def test_every_operation_can_be_asked_for_somewhere_and_a_word_takes_the_same_everywhere():
    for name, operation in OPERATIONS.items():
        places = [LANGUAGES[kind].words[name] for kind in KINDS if name in LANGUAGES[kind].words]
        places += [LANGUAGE.words[name]] if name in LANGUAGE.words else []
        assert places
        assert {kind for kind in KINDS if name in LANGUAGES[kind].words} == set(operation.on_disk)
        for word in places:
            assert word.does == operation.word.does
            own = {one.key: type(one) for one in operation.word.fields}
            assert {one.key: type(one) for one in word.fields}.items() <= own.items()
    assert set(TRAINING) & set(on_disk("images")) >= {"flip", "rotate", "shift", "brightness", "contrast", "erase"}


def test_a_kind_of_data_without_operations_is_refused():
    with pytest.raises(SettingError, match="has no operations for signals yet"):
        parse_operations("noise 20", "signals")


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("images", "crop 28 p 0.5, flip", "random-crop 28 p 0.5, flip"),
        ("sounds", "shift 0.125, noise 20 p 1, gain 6", "shift 0.125s, noise 20..40 p 1, gain 6"),
        ("table", "noise 0.1, mix 5, swap ward", "pca-noise 0.1, smote 5, swap ward"),
    ],
)
def test_what_a_word_meant_before_is_refused_and_files_of_before_are_read(kind, old, new, tmp_path):
    with pytest.raises(SettingError, match=f"write {new.split(',')[0]}"):
        parse_operations(old, kind)
    assert LANGUAGES[kind].upgraded(old) == new
    _, *others = (str(step) for step in parse_operations(new, kind))
    before = {"kind": kind, "operations": [old.split(",")[0], *others]}
    begun = Staging(tmp_path / "out", before)
    begun.begin(1, [])
    assert (begun.folder / RECIPE).is_file()
    after = {"kind": kind, "operations": [new.split(",")[0], *others]}
    assert Staging(tmp_path / "out", after).goes_on
