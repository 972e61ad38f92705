"""Copies are found, chance is not mistaken for them, and nothing chains."""

import gzip
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_sample_images

from heldout.data.dataset import Dataset
from heldout.kinds.copies.find import find_copies
from heldout.kinds.copies.neighbours import Points
from heldout.kinds.copies.tables import SCALES

MIRROR = Path(os.environ.get("HELDOUT_MIRROR", "/nowhere"))


def dataset(x, kind="table"):
    x = pd.DataFrame(x) if kind == "table" and not isinstance(x, pd.DataFrame) else x
    return Dataset("toy", kind, x, np.zeros(len(x), int), ("only",), np.arange(len(x)).astype(str))


def copies_of(x, kind="table", seed=0):
    return find_copies(dataset(x, kind), seed=seed)


def images_of(crops):
    return np.stack(crops).astype(np.uint8)


def photographs():
    """Small pictures cut from the two photographs of scikit-learn."""
    crops = []
    for photo in load_sample_images().images:
        for top in range(0, 420, 70):
            for left in range(0, 630, 70):
                crop = Image.fromarray(photo[top : top + 70, left : left + 70]).resize((32, 32))
                crops.append(np.asarray(crop))
    return images_of(crops)


def encoded_again(image, quality=85):
    stream = io.BytesIO()
    Image.fromarray(image.squeeze()).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream)).reshape(image.shape)


def resized(image, side):
    picture = Image.fromarray(image.squeeze())
    return np.asarray(picture.resize((side, side)).resize(picture.size)).reshape(image.shape)


def test_five_noisy_copies_of_200_points_are_200_groups():
    rng = np.random.default_rng(0)
    points = np.repeat(rng.random((200, 10)), 5, axis=0) + 0.001 * rng.standard_normal((1000, 10))
    order = rng.permutation(1000)
    found = copies_of(points[order])
    assert (found.n_copies, found.n_groups, found.applied) == (1000, 200, True)
    assert all(len(set(found.groups[order // 5 == k])) == 1 for k in range(200))
    assert f"within {SCALES[0]}" in found.note
    assert "200 groups" in found.note


@pytest.mark.parametrize("n_columns", [2, 3, 5])
def test_copies_are_found_in_few_columns_too(n_columns):
    rng = np.random.default_rng(0)
    points = np.repeat(rng.random((200, n_columns)), 5, axis=0) + 0.0005 * rng.standard_normal((1000, n_columns))
    assert copies_of(points).n_copies > 900


@pytest.mark.parametrize("n_columns", [1, 2, 3, 10, 40])
def test_random_points_have_no_copies(n_columns):
    found = copies_of(np.random.default_rng(1).random((2000, n_columns)))
    assert found.n_copies == 0
    assert found.groups.tolist() == list(range(2000))


def test_a_curve_does_not_chain_into_a_group():
    t = np.sort(np.random.default_rng(0).random(5000))[:, None]
    assert copies_of(np.cos(t * np.arange(1, 13))).n_copies == 0


def test_a_random_walk_does_not_chain_into_a_group():
    walk = np.cumsum(np.random.default_rng(0).standard_normal((3000, 6)), axis=0)
    assert copies_of(walk).n_copies == 0


def test_exact_copies_count_even_in_a_crowd():
    t = np.linspace(0, 1, 3000)[:, None]
    crowd = np.cos(t * np.arange(1, 9))
    found = copies_of(np.concatenate([crowd, crowd[[7, 7, 11]]]))
    assert (found.n_copies, found.n_groups) == (5, 2)
    assert found.groups[7] == found.groups[3000] == found.groups[3001] != found.groups[3002]


def test_equal_rows_that_chance_explains_are_not_grouped():
    found = copies_of(np.random.default_rng(0).integers(2, size=(500, 6)).astype(float))
    assert (found.n_copies, found.applied) == (0, False)
    assert "chance" in found.note


def test_categories_and_missing_values_count_and_missing_equals_missing():
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((300, 4))
    frame = pd.DataFrame(np.concatenate([numbers, numbers[:4] + 1e-4]), columns=list("abcd"))
    frame["colour"] = pd.Series(np.array(["red", "green", None] * 101 + ["red"], dtype=object))
    frame["colour"] = [*frame["colour"][:300], "red", "red", None, "red"]
    frame.loc[3, "a"] = frame.loc[303, "a"] = np.nan
    groups = copies_of(frame).groups
    assert groups[300] == groups[0]  # red and red
    assert groups[301] == groups[1]  # green and red: one column that differs is passed over
    assert groups[302] == groups[2]  # missing and missing
    assert groups[303] == groups[3]  # red and red, a missing twice


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 1e-300])
def test_extreme_values_do_no_harm(value):
    rows = np.random.default_rng(0).standard_normal((100, 5))
    rows[0, 0] = value
    found = copies_of(np.concatenate([rows, rows[:1]]))
    assert found.groups[100] == found.groups[0]
    assert found.n_copies == 2


def test_a_column_with_heavy_tails_does_not_bring_all_rows_together():
    rows = np.random.default_rng(0).standard_cauchy((3000, 8))
    found = copies_of(np.concatenate([rows, rows[:10] * (1 + 1e-4)]))
    assert 16 <= found.n_copies <= 20


def test_constant_columns_and_no_numbers_at_all_are_possible():
    rng = np.random.default_rng(0)
    texts = [f"text {i}" for i in rng.permutation(50)]
    frame = pd.DataFrame({"k": np.ones(50), "t": texts, "u": texts})
    assert copies_of(frame).n_copies == 0
    doubled = pd.concat([frame, frame[:3]], ignore_index=True)
    assert copies_of(doubled).n_copies == 6


def test_labels_are_not_looked_at_and_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.random((50, 6)), 2, axis=0) + 1e-4 * rng.standard_normal((100, 6))
    order = rng.permutation(100)
    straight, shuffled = copies_of(rows).groups, copies_of(rows[order], seed=5).groups
    same = straight[:, None] == straight
    assert np.array_equal(same[np.ix_(order, order)], shuffled[:, None] == shuffled)


def test_real_tables_have_the_copies_they_are_known_for():
    assert copies_of(load_iris().data).n_copies == 2
    assert copies_of(load_breast_cancer().data).n_copies == 0
    assert copies_of(load_digits().data).n_copies == 0


def test_ten_thousand_copies_of_one_row_are_one_group():
    rng = np.random.default_rng(0)
    noisy = rng.standard_normal((1, 12)) + 1e-4 * rng.standard_normal((10_000, 12))
    rows = np.concatenate([noisy, np.repeat(noisy[:1], 10_000, axis=0), rng.standard_normal((15_000, 12))])
    found = copies_of(rows)
    assert (found.n_copies, found.n_groups) == (20_000, 1)


def test_the_true_distances_that_are_computed_grow_no_faster_than_the_rows(monkeypatch):
    counts = []
    distances = Points.distances

    def counted(self, a, b):
        counts[-1] += len(a)
        return distances(self, a, b)

    monkeypatch.setattr(Points, "distances", counted)
    for n in (10_000, 40_000):
        counts.append(0)
        assert copies_of(np.random.default_rng(0).standard_normal((n, 30))).n_copies == 0
    assert counts[1] <= 6 * counts[0]  # all pairs would be 16 times as many


def test_no_rows_and_one_row_are_possible():
    assert copies_of(np.empty((0, 3))).groups.shape == (0,)
    assert copies_of(np.zeros((1, 3))).groups.tolist() == [0]
    assert copies_of(np.zeros((1, 8, 8, 1), np.uint8), "images").groups.tolist() == [0]


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (encoded_again, 0.9),  # 93.5 % are found
        (lambda image: encoded_again(image, 60), 0.7),  # 75.9 %
        (lambda image: resized(image, 24), 0.95),  # 98.1 %
        (lambda image: resized(image, 48), 0.95),  # 99.1 %
        (lambda image: resized(image, 16), 0.9),  # 95.4 %
    ],
    ids=["jpeg 85", "jpeg 60", "smaller", "larger", "half as large"],
)
def test_most_copies_of_photographs_are_found(change, least):
    pictures = photographs()
    n = len(pictures)
    groups = copies_of(np.concatenate([pictures, images_of([change(p) for p in pictures])]), "images").groups
    plain = copies_of(pictures, "images")
    distinct = np.bincount(plain.groups)[plain.groups] == 1
    assert distinct.mean() > 0.95
    assert (groups[:n] == groups[n:])[distinct].mean() >= least


def test_noise_of_one_brightness_in_a_frame_is_no_copy_of_other_such_noise():
    rng = np.random.default_rng(0)
    framed = np.zeros((60, 16, 16, 3), np.uint8)
    for i, picture in enumerate(framed):  # letterboxed; all of a class alike but for the noise
        height = 10 + i % 3
        noise = rng.normal(40 if i % 2 else 200, 25, (2 * height, 32)).clip(0, 255)
        small = np.asarray(Image.fromarray(noise.astype(np.uint8)).resize((16, height)))
        picture[(16 - height) // 2 :][:height] = small[..., None]
    assert copies_of(framed, "images").n_copies == 0


def test_identical_pictures_are_copies_however_plain():
    blank = np.full((3, 16, 16, 3), 200, np.uint8)
    blank[2] = 90
    assert copies_of(blank, "images").groups.tolist() == [0, 0, 1]


def test_near_constant_pictures_do_not_chain():
    rng = np.random.default_rng(0)
    fog = (rng.normal(20, 3, (300, 24, 24, 1))).round().clip(0, 255).astype(np.uint8)
    levels = np.repeat(np.arange(200, dtype=np.uint8), 576).reshape(200, 24, 24, 1)
    assert copies_of(np.concatenate([fog, levels]), "images").n_copies == 0


def test_frames_of_one_film_are_no_copies():
    time_, row, column = np.ogrid[:400, :64, :64]
    film = (127 + 100 * np.sin(row / 10 + time_ * 0.02 + column / 7)).astype(np.uint8)[..., None]
    assert copies_of(film, "images").n_copies == 0


def test_digits_are_all_different():
    images = (load_digits().images * 255 / 16).round().astype(np.uint8)[..., None]
    assert copies_of(images, "images").n_copies == 0


def test_digits_encoded_again_are_found():
    images = (load_digits().images[:500] * 255 / 16).round().astype(np.uint8)
    images = np.kron(images, np.ones((4, 4), np.uint8))[..., None]
    again = images_of([encoded_again(image) for image in images])
    groups = copies_of(np.concatenate([images, again]), "images").groups
    assert (groups[:500] == groups[500:]).mean() >= 0.95


@pytest.mark.slow
@pytest.mark.skipif(not (MIRROR / "mnist").is_dir(), reason="HELDOUT_MIRROR has no mnist")
def test_mnist_has_next_to_no_copies():
    raw = gzip.decompress((MIRROR / "mnist" / "train-images-idx3-ubyte.gz").read_bytes())
    images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28, 1)[:20_000]
    assert copies_of(images, "images").n_copies <= 4
