"""The image augmentation of the course, as published and corrected, so that its experiments can be repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from heldout.augment.images import centre, checked, crop, flip
from heldout.augment.turning import draw_degrees, rotate
from heldout.errors import SettingError, ShapeError

Offsets = Literal["all", "printed"]
_CHUNK = 2048  # images: few enough for the cache and the memory at hand, enough for images of one angle to meet


def tenfold_images(
    images: np.ndarray,
    *,
    size: int = 28,
    factor: int = 10,
    seed: int = 0,
    offsets: Offsets = "all",
    limit: float = 5.0,
    threads: int = 1,
    out: np.ndarray | None = None,
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
    out : uint8 array of the shape of `made`, optional
        Where the results go, such as a memory-mapped file.

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
    shape = (n * factor, size, size, channels)
    if out is not None and (out.shape != shape or out.dtype != np.uint8):
        raise ShapeError(f"out has shape {out.shape} and type {out.dtype}", fix=f"uint8 of shape {shape}")
    random = np.random.default_rng(seed)
    variants = (n, factor - 1)
    mirrored, turned = random.random(variants) < 0.5, random.random(variants) < 1 / 3
    degrees = draw_degrees(random, n * (factor - 1), limit).reshape(variants)
    top, left = (draw_corners(random, variants, side - size, offsets) for side in (height, width))
    made = np.empty(shape, np.uint8) if out is None else out

    def make(start: int) -> None:
        part = slice(start, start + _CHUNK)
        target = made[start * factor : (start + _CHUNK) * factor]
        draws = (mirrored[part], turned[part], degrees[part], top[part], left[part])
        _make_chunk(images[part], size, factor, *draws, target)

    starts = range(0, n, _CHUNK)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(make, starts))
    else:
        for start in starts:
            make(start)
    return made, np.repeat(np.arange(n), factor)


def _make_chunk(
    images: np.ndarray,
    size: int,
    factor: int,
    mirrored: np.ndarray,
    turned: np.ndarray,
    degrees: np.ndarray,
    top: np.ndarray,
    left: np.ndarray,
    made: np.ndarray,
) -> None:
    n = len(images)
    into = np.arange(n * factor).reshape(n, factor)
    made[into[:, 0]] = centre(images, (size, size))
    both = np.concatenate([images, flip(images)])
    rows = np.arange(n)[:, None] + n * mirrored
    into, cut = into[:, 1:], ~turned
    crop(both, top[cut], left[cut], (size, size), rows=rows[cut], out=made, into=into[cut])
    rotate(both, degrees[turned], rows=rows[turned], size=(size, size), fill="edge", out=made, into=into[turned])


def draw_corners(random: np.random.Generator, n: tuple[int, int], room: int, offsets: Offsets) -> np.ndarray:
    """Tops or lefts of random cuts that may lie anywhere from 0 to `room`, or as the course draws them."""
    if offsets == "all":
        return random.integers(0, room + 1, n)
    return (max(0, room - 1) * random.random(n)).astype(np.int64)
