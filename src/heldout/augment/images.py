"""What can be done to pictures, to whole batches at once: uint8 arrays in, uint8 arrays out.

Every function takes ``images`` of shape (n_images, height, width, channels) and one parameter for each of them, and
returns a new array. Nothing here draws at random; `heldout.augment.drawing` does.
"""

from __future__ import annotations

import numpy as np

from heldout.augment.turning import FILLS
from heldout.errors import SettingError, ShapeError

_BLOCK_BYTES = 2**21
_BLOCK_VALUES = 2**17  # of float32, so that they stay in the cache


def flip(images: np.ndarray, *, vertical: bool = False) -> np.ndarray:
    """Mirror left and right, or upside down."""
    n, height, width, channels = checked(images).shape
    if vertical:
        return np.ascontiguousarray(images[:, ::-1])
    pixels = np.ascontiguousarray(images).view(f"V{channels}")
    return np.ascontiguousarray(pixels[:, :, ::-1]).view(np.uint8).reshape(n, height, width, channels)


def crop(
    images: np.ndarray,
    top: np.ndarray,
    left: np.ndarray,
    size: tuple[int, int],
    *,
    rows: np.ndarray | None = None,
    out: np.ndarray | None = None,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Cut a window out of each image.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    top, left : int arrays, shape (n_new,)
        Corner of each window; it lies wholly inside.
    size : (height, width)
    rows : int array, shape (n_new,), optional
        Which image each window is cut from; default: all, in order.
    out, into : arrays, optional
        Where the results go, and the position of each there.

    Returns
    -------
    uint8 array, shape (n_new, size[0], size[1], channels), or `out`
    """
    images = np.ascontiguousarray(checked(images))
    n, height, width, channels = images.shape
    rows = np.arange(n) if rows is None else rows
    top, left = (np.broadcast_to(np.asarray(value, np.int64), rows.shape) for value in (top, left))
    room = (height - size[0] + 1, width - size[1] + 1)
    if min(room) < 1 or min(size) < 1:
        raise SettingError(f"a window of {size[0]} x {size[1]} in images of {height} x {width}", fix="a smaller window")
    if len(rows) and (top.min() < 0 or left.min() < 0 or top.max() >= room[0] or left.max() >= room[1]):
        raise SettingError(f"a window reaches out of images of {height} x {width}", fix="pad them first, or use shift")
    target = np.empty((len(rows), *size, channels), np.uint8) if out is None else out
    if n == 0:
        return target
    # One line of a window is one item of `line` bytes, so that NumPy copies it at once and not byte by byte.
    line = size[1] * channels
    windows = np.ndarray((n, *room, size[0]), f"V{line}", images, 0, (height * width * channels, width * channels,
                                                                       channels, width * channels))  # fmt: skip
    step = max(1, _BLOCK_BYTES // (size[0] * line))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        cut = windows[rows[part], top[part], left[part]].view(np.uint8).reshape(-1, *size, channels)
        target[part if into is None else into[part]] = cut
    return target


def centre(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of each image; where the margin is odd, the spare line is cut at the bottom or right."""
    _, height, width, _ = checked(images).shape
    if size[0] > height or size[1] > width:
        raise SettingError(f"a centre of {size[0]} x {size[1]} in images of {height} x {width}", fix="a smaller one")
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    return np.ascontiguousarray(images[:, top : top + size[0], left : left + size[1]])


def shift(images: np.ndarray, down: np.ndarray, right: np.ndarray, *, fill: str = "zero") -> np.ndarray:
    """Move each image by whole pixels, at most its own size.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    down, right : int arrays, shape (n_images,)
        Pixels; negative: up, left.
    fill : {'zero', 'mean', 'edge'}, default='zero'
        What appears where the image has gone.
    """
    n, height, width, _ = checked(images).shape
    down, right = (np.broadcast_to(np.asarray(value, np.int64), (n,)) for value in (down, right))
    if n == 0:
        return images.copy()
    over = (min(int(np.abs(down).max()), height), min(int(np.abs(right).max()), width))
    down, right = np.clip(down, -height, height), np.clip(right, -width, width)
    return crop(pad(images, over, fill=fill), over[0] - down, over[1] - right, (height, width))


def pad(images: np.ndarray, over: tuple[int, int], *, fill: str = "zero") -> np.ndarray:
    """Add a margin of ``over[0]`` lines above and below, ``over[1]`` left and right; see `shift` for `fill`."""
    n, height, width, channels = checked(images).shape
    if fill not in FILLS:
        raise SettingError(f"fill is {fill!r}", fix=f"one of {', '.join(FILLS)}")
    if fill == "edge":
        return np.pad(images, ((0, 0), (over[0],) * 2, (over[1],) * 2, (0, 0)), mode="edge")
    shape = (n, height + 2 * over[0], width + 2 * over[1], channels)
    if fill == "zero":
        padded = np.zeros(shape, np.uint8)
    else:
        padded = np.empty(shape, np.uint8)
        padded[...] = _means(images)
    padded[:, over[0] : over[0] + height, over[1] : over[1] + width] = images
    return padded


def brighten(images: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Add ``change`` x 255 levels to each image, shape (n_images,); rounded and held within 0 and 255."""
    change = _per_image(checked(images), change)
    return _by_line(images, np.ones_like(change), change * 255)


def stretch_contrast(images: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Multiply the distance of each pixel from its image's mean level by ``factor``, shape (n_images,)."""
    factor = _per_image(checked(images), factor)
    mean = images.reshape(len(images), -1).mean(axis=1, dtype=np.float64).astype(np.float32)
    return _by_line(images, factor, mean * (1 - factor))


def erase(
    images: np.ndarray, top: np.ndarray, left: np.ndarray, height: np.ndarray, width: np.ndarray, *, fill: str = "mean"
) -> np.ndarray:
    """Paint a rectangle over each image; the part of it that lies outside is passed over.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    top, left, height, width : int arrays, shape (n_images,)
        In pixels; a height or width of 0 erases nothing.
    fill : {'mean', 'zero'}, default='mean'

    References
    ----------
    Zhong et al. 2020, doi:10.1609/aaai.v34i07.7000
    """
    inside = box(checked(images).shape[1:3], top, left, height, width)
    if fill not in ("mean", "zero"):
        raise SettingError(f"fill is {fill!r}", fix="one of mean, zero")
    paint = _means(images) if fill == "mean" else np.zeros((1, 1, 1, 1), np.uint8)
    return np.where(inside[..., None], paint, images)


def box(shape: tuple[int, ...], top: np.ndarray, left: np.ndarray, height: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Boolean array (n, shape[0], shape[1]) that is True inside one rectangle each."""
    down = np.arange(shape[0])[None, :, None]
    across = np.arange(shape[1])[None, None, :]
    top, left, height, width = (np.asarray(value)[:, None, None] for value in (top, left, height, width))
    return (down >= top) & (down < top + height) & (across >= left) & (across < left + width)


def _means(images: np.ndarray) -> np.ndarray:
    """Mean colour of each image, rounded, shape (n, 1, 1, channels)."""
    return np.round(images.mean(axis=(1, 2), keepdims=True)).astype(np.uint8)


def _by_line(images: np.ndarray, factor: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Each image times its factor plus its offset in levels, rounded, held within 0 and 255."""
    made = np.empty(images.shape, np.uint8)
    step = max(1, _BLOCK_VALUES // max(1, images[0].size if len(images) else 1))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        values = images[part].astype(np.float32)
        values *= factor[part, None, None, None]
        values += offset[part, None, None, None] + np.float32(0.5)
        np.clip(values, 0, 255, out=values)
        made[part] = values.astype(np.uint8)
    return made


def _per_image(images: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.asarray(values, np.float32), (len(images),))


def checked(images: np.ndarray) -> np.ndarray:
    """The images, or an error if they are not uint8 of shape (n, height, width, channels)."""
    if images.ndim != 4 or images.dtype != np.uint8 or 0 in images.shape[1:]:
        raise ShapeError(
            f"images of shape {images.shape} and type {images.dtype}",
            fix="uint8 of shape (n_images, height, width, channels)",
        )
    return images
