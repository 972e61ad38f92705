"""Augmented pictures of CIFAR-10."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure

SIDE, CROP = 32, 28
STEPS = ("a", "b", "c", "d")


@procedure("image-steps", light=False)
def image_steps(step: str, label: int = 7, row: int = 3) -> dict[str, Any]:
    """What is done to one image of CIFAR-10: a pair of pictures, and pixels that are not of the image.

    Parameters
    ----------
    step : 'a', 'b', 'c' or 'd'
        a: rotate by 5 degrees, then cut the centre; b: mirror, then cut at a random place; c: two random cuts; d: cut
        the centre, as for tests.
    """
    from heldout.augment.images import centre, crop, flip
    from heldout.augment.turning import rotate
    from heldout_course.experiments.pixels import packed
    from heldout_course.procedures.facts import images_of

    images, y, _, _ = images_of("cifar10")
    image = images[np.flatnonzero(y == label)[row]][None]
    size = (CROP, CROP)
    corner = np.random.default_rng([row, ord(step[:1] or " ")]).integers(0, SIDE - CROP + 1, (2, 2))
    empty = 0
    top_left: tuple[tuple[Any, ...], ...]
    if step == "a":
        turned = rotate(image, np.array([5.0]))
        pair, top_left = (turned, centre(turned, size)), ((2, 2),)
        kept = rotate(np.full_like(image, 255), np.array([5.0]))
        empty = int((centre(kept, size) < 255).any(axis=3).sum())
    elif step == "b":
        mirrored = flip(image)
        pair, top_left = (mirrored, crop(mirrored, corner[0, :1], corner[0, 1:], size)), (tuple(corner[0]),)
    elif step == "c":
        cut = [crop(image, one[:1], one[1:], size) for one in corner]
        pair, top_left = (cut[0], cut[1]), tuple(map(tuple, corner))
    elif step == "d":
        pair, top_left = (image, centre(image, size)), ((2, 2),)
    else:
        raise SettingError(f"step is {step!r}", fix=", ".join(STEPS))
    return {
        "side": int(pair[1].shape[1]),
        "empty_pixels": empty,
        "first": packed(pair[0][0]),
        "second": packed(pair[1][0]),
        "windows": [[int(value) for value in one] for one in top_left],
    }


@procedure("tenfold-images", light=False)
def tenfold(offsets: str = "printed", images_given: int = 2000, *, seed: int) -> dict[str, Any]:
    """Ten pictures of 28 x 28 of each training image of CIFAR-10, and a centre cut of each test image.

    `mean_offset` and `most_offset` are of the corner of random cuts (the centre is at 2), from the course's formula or
    from equally likely places; `copied` is the share of variants that another picture of the same image equals.
    """
    from heldout.augment.images import centre
    from heldout.augment.turning import rotate
    from heldout_course.augment.images import draw_corners, tenfold_images
    from heldout_course.experiments.pixels import packed
    from heldout_course.procedures.facts import images_of

    images, _, is_test, _ = images_of("cifar10")
    chosen = np.random.default_rng([0, 6]).permutation(np.flatnonzero(~is_test))[:images_given]
    train, test = images[chosen], images[is_test]
    made, source = tenfold_images(train, size=CROP, factor=10, seed=seed, offsets=offsets)  # type: ignore[arg-type]
    kept = rotate(np.full((1, SIDE, SIDE, 1), 255, np.uint8), np.array([5.0]), size=(CROP, CROP))
    corners = draw_corners(np.random.default_rng(seed), (20_000, 1), SIDE - CROP, offsets)  # type: ignore[arg-type]
    few = made[: 10 * min(len(train), 500)]
    sets = few.reshape(-1, 10, few[0].size)
    copied = np.mean([1 - len({row.tobytes() for row in one}) / 10 for one in sets])
    return {
        "made_per_image": len(made) / len(train),
        "train_rows_of_all": int((~is_test).sum()) * len(made) // len(train),
        "test_rows": len(centre(test, (CROP, CROP))),
        "side": int(made.shape[1]),
        "least_offset": int(corners.min()),
        "most_offset": int(corners.max()),
        "mean_offset": float(corners.mean()),
        "empty_pixels": int((kept < 255).sum()),
        "copied": float(copied),
        "images_in_two_parts": _images_in_two_parts(source, seed),
        "pictures": packed(made[[10 * row + column for row in range(4) for column in range(10)]]),
    }


def _images_in_two_parts(source: np.ndarray, seed: int) -> float:
    """Share of the images with copies on both sides, if a tenth of the shuffled pictures is set aside."""
    order = np.random.default_rng(seed).permutation(len(source))
    aside = np.unique(source[order[: len(source) // 10]])
    rest = np.unique(source[order[len(source) // 10 :]])
    return len(np.intersect1d(aside, rest)) / len(np.unique(source))
