"""New images of a data set: the operations drawn for them, applied batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from heldout.augment import images as steps
from heldout.augment.drawing import Draws, draw
from heldout.augment.mixing import blend
from heldout.augment.operations import Step, as_steps
from heldout.augment.turning import FILLS, LEVELS, rotate
from heldout.errors import SettingError
from heldout.lines import Quantity

_BATCH_BYTES = 2**24


def augment_images(
    images: np.ndarray,
    operations: str | Sequence[Step] | None = None,
    *,
    copies: int = 1,
    seed: int = 0,
    pool: np.ndarray | None = None,
    fill: str = "edge",
) -> tuple[np.ndarray, np.ndarray]:
    """Make `copies` new images of each.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    operations : str or sequence of Step, optional
        Such as ``"flip, rotate 5, random-crop 28"``, in this order; see `heldout.augment.operations`.
    copies : int, default=1
    seed : int, default=0
    pool : int array, shape (n_images,), optional
        For ``mix``: partners have the same number, such as the class.
    fill : {'zero', 'mean', 'edge'}, default='edge'
        What appears where an image was moved or turned away. To have none, crop.

    Returns
    -------
    made : uint8 array, shape (n_images * copies, height, width, channels)
        One of each image, then the next set; of the size of the crop where one is asked for.
    source : int64 array, shape (n_images * copies,)
    """
    steps.checked(images)
    maker = ImageMaker(images, draw(as_steps(operations, "images"), len(images), copies, seed, pool=pool), fill=fill)
    made = [maker.make(np.arange(len(images)), np.full(len(images), copy)) for copy in range(copies)]
    return np.concatenate(made), np.tile(np.arange(len(images)), copies)


class ImageMaker:
    """Makes any of the new images that were drawn, in batches of any size.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels), possibly memory-mapped
    draws : Draws
    fill : str
    """

    def __init__(self, images: np.ndarray, draws: Draws, *, fill: str = "edge") -> None:
        if fill not in FILLS:
            raise SettingError(f"fill is {fill!r}", fix=f"one of {', '.join(FILLS)}")
        self._images, self._draws, self._fill = images, draws, fill
        height, width = images.shape[1:3]
        self.size: tuple[int, int] = next(
            (step["pixels"] for step in draws.operations if step.name == "random-crop"), (height, width)
        )
        if self.size[0] > height or self.size[1] > width:
            raise SettingError(
                f"random-crop {self.size[0]}x{self.size[1]} of images of {height}x{width}",
                fix=f"random-crop {height}x{width} at most",
            )

    def original(self, rows: np.ndarray) -> np.ndarray:
        """The originals in the size of the new images (their centres, where there is a crop)."""
        return steps.centre(np.asarray(self._images[rows]), self.size)

    def make(self, rows: np.ndarray, copy: np.ndarray) -> np.ndarray:
        """The new images of these rows in these sets, shape (n, height, width, channels)."""
        made = np.empty((len(rows), *self.size, self._images.shape[3]), np.uint8)
        batch = max(1, _BATCH_BYTES // self._images[0].nbytes)
        for start in range(0, len(rows), batch):
            part = slice(start, start + batch)
            made[part] = self._batch(rows[part], copy[part])
        return made

    def _batch(self, rows: np.ndarray, copy: np.ndarray) -> np.ndarray:
        batch = np.array(self._images[rows])
        for k, step in enumerate(self._draws.operations):
            on = np.flatnonzero(self._draws.active[k, copy, rows])
            u = self._draws.uniform[k, copy[on], rows[on]]
            if step.name == "random-crop":
                batch = self._cropped(batch, on, u)
            elif step.name == "mix":
                other = np.asarray(self._images[self._draws.partner[copy[on], rows[on]]])
                other = other if other.shape[1:] == batch.shape[1:] else steps.centre(other, self.size)
                batch[on] = blend(batch[on], other, 1 - step["share"] * u[:, 0])
            elif len(on):
                batch[on] = _APPLY[step.name](batch[on], step, u, self._fill)
        return batch

    def _cropped(self, batch: np.ndarray, on: np.ndarray, u: np.ndarray) -> np.ndarray:
        room = [have - keep for have, keep in zip(batch.shape[1:3], self.size, strict=True)]
        corners = [np.full(len(batch), side // 2) for side in room]
        for corner, side, draws in zip(corners, room, u.T, strict=False):
            corner[on] = (draws * (side + 1)).astype(np.int64)
        return steps.crop(batch, corners[0], corners[1], self.size)


def _flip(batch: np.ndarray, step: Step, u: np.ndarray, fill: str) -> np.ndarray:
    return steps.flip(batch, vertical=step["vertical"])


def _rotate(batch: np.ndarray, step: Step, u: np.ndarray, fill: str) -> np.ndarray:
    most = step["degrees"]
    return rotate(batch, np.linspace(-most, most, LEVELS)[(u[:, 0] * LEVELS).astype(np.int64)], fill=fill)


def _shift(batch: np.ndarray, step: Step, u: np.ndarray, fill: str) -> np.ndarray:
    most = [_pixels(step["amount"], side) for side in batch.shape[1:3]]
    down, right = ((u[:, axis] * (2 * most[axis] + 1)).astype(np.int64) - most[axis] for axis in (0, 1))
    return steps.shift(batch, down, right, fill=fill)


def _pixels(amount: Quantity, side: int) -> int:
    """The largest move along a side: pixels as they are; of a share at least one, or a small image would never move."""
    if amount.unit == "px":
        return min(int(amount.value), side)
    return max(1, round(amount.value * side)) if amount.value > 0 else 0


def _brightness(batch: np.ndarray, step: Step, u: np.ndarray, fill: str) -> np.ndarray:
    return steps.brighten(batch, step["amount"] * (2 * u[:, 0] - 1))


def _contrast(batch: np.ndarray, step: Step, u: np.ndarray, fill: str) -> np.ndarray:
    return steps.stretch_contrast(batch, 1 + step["amount"] * (2 * u[:, 0] - 1))


def _erase(batch: np.ndarray, step: Step, u: np.ndarray, fill: str) -> np.ndarray:
    height, width = batch.shape[1:3]
    area = u[:, 0] * step["share"] * height * width
    ratio = np.exp((2 * u[:, 1] - 1) * np.log(3))  # height to width, from 1:3 to 3:1
    tall = np.clip(np.round(np.sqrt(area * ratio)), 1, height).astype(np.int64)
    wide = np.clip(np.round(area / tall), 1, width).astype(np.int64)
    top, left = ((u[:, 2] * (height - tall + 1)).astype(int), (u[:, 3] * (width - wide + 1)).astype(int))
    return steps.erase(batch, top, left, tall, wide)


_APPLY: dict[str, Callable[..., Any]] = {
    "flip": _flip,
    "rotate": _rotate,
    "shift": _shift,
    "brightness": _brightness,
    "contrast": _contrast,
    "erase": _erase,
}
