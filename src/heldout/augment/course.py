"""The image augmentation of the course, done right and as printed, so that its experiments can be repeated."""

from __future__ import annotations

from typing import Literal

import numpy as np

from heldout.augment.images import centre, checked, crop, flip
from heldout.augment.turning import draw_degrees, rotate
from heldout.errors import SettingError

Offsets = Literal["all", "printed"]


def tenfold_images(
    images: np.ndarray,
    *,
    size: int = 28,
    factor: int = 10,
    seed: int = 0,
    offsets: Offsets = "all",
    limit: float = 5.0,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the centre crop of each image and ``factor - 1`` variants.

    A variant is mirrored with probability 1/2; then, with probability 1/3, rotated by up to `limit` degrees (bilinear)
    and cropped at the centre, else cropped at a random place.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    size : int, default=28
        Side of the crops.
    factor : int, default=10
    seed : int, default=0
    offsets : {'all', 'printed'}, default='all'
        'all': every place is equally likely. 'printed': the course's ``int((side - size - 1) * u)``, which never
        reaches the two last places and so lies up and left of the centre on average.
    limit : float, default=5.0
        Largest angle in degrees.
    threads : int, default=1

    Returns
    -------
    made : uint8 array, shape (n_images * factor, size, size, channels)
        The variants of one image follow one another, its centre crop first.
    source : int64 array, shape (n_images * factor,)
        Which image each was made of. Shuffle both together, and split by `source`.
    """
    n, height, width, channels = checked(images).shape
    if factor < 1 or not 1 <= size <= min(height, width) or offsets not in ("all", "printed"):
        raise SettingError(
            f"factor={factor}, size={size}, offsets={offsets!r} for images of {height} x {width}",
            fix="factor at least 1, size at most the shorter side, offsets 'all' or 'printed'",
        )
    random = np.random.default_rng(seed)
    variants = factor - 1
    total = n * variants
    mirrored = random.random(total) < 0.5
    turned = random.random(total) < 1 / 3
    degrees = draw_degrees(random, total, limit)
    places = [_offsets(random, total, side - size, offsets) for side in (height, width)]
    made = np.empty((n, factor, size, size, channels), np.uint8)
    made[:, 0] = centre(images, (size, size))
    flat = made.reshape(-1, size, size, channels)
    both = np.concatenate([np.ascontiguousarray(images), flip(images)]) if variants else images
    rows = np.repeat(np.arange(n), variants) + n * mirrored
    into = np.repeat(np.arange(n) * factor, variants) + np.tile(np.arange(1, factor), n)
    cut, spun = np.flatnonzero(~turned), np.flatnonzero(turned)
    crop(both, places[0][cut], places[1][cut], (size, size), rows=rows[cut], out=flat, into=into[cut])
    rotate(
        both, degrees[spun], rows=rows[spun], size=(size, size), fill="edge", out=flat, into=into[spun], threads=threads
    )
    return flat, np.repeat(np.arange(n), factor)


def _offsets(random: np.random.Generator, n: int, room: int, offsets: Offsets) -> np.ndarray:
    if offsets == "all":
        return random.integers(0, room + 1, n)
    return (max(0, room - 1) * random.random(n)).astype(np.int64)
