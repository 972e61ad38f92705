"""Pictures made smaller, or grey, or coloured: the same for each picture, so that nothing is learnt but a shape.

All take and give uint8 images, (n, height, width, channels), and work picture by picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from heldout.errors import SettingError, ShapeError
from heldout.prepare.images import checked_images

MAX_SIDE = 4096


class _PictureStep(TransformerMixin, BaseEstimator):
    """What the steps share: the shape of one picture at fit is that of all later ones."""

    def fit(self, X: Any, y: Any = None) -> Any:
        """Remember the shape of one picture.

        Raises
        ------
        SettingError
            If the setting does not fit pictures of this shape.
        ShapeError, DataError
            If `X` are no uint8 images with four axes.
        """
        shape = tuple(int(size) for size in checked_images(X).shape[1:])
        self.check_shape(shape)
        self.input_shape_ = shape
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Give the new pictures.

        Raises
        ------
        ShapeError
            If they have another shape than those at fit.
        """
        check_is_fitted(self, "input_shape_")
        images = checked_images(X)
        if tuple(images.shape[1:]) != tuple(self.input_shape_):
            raise ShapeError(
                f"images of shape {images.shape[1:]} given, {tuple(self.input_shape_)} were trained on",
                fix="resize the images and convert them to the size and channels of the training images",
            )
        return self._change(np.asarray(images))

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise `SettingError` if pictures of this shape (height, width, channels) cannot be changed so."""
        raise NotImplementedError

    def _change(self, images: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


class CentreCrop(_PictureStep):
    """Cut the middle out of each picture; of an odd rest, the smaller half is cut above and left.

    Parameters
    ----------
    height, width : int
        In pixels; at most those of the pictures.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height = height
        self.width = width

    def check_shape(self, shape: tuple[int, ...]) -> None:  # noqa: D102 - as the base says
        if not (1 <= self.height <= shape[0] and 1 <= self.width <= shape[1]):
            raise SettingError(
                f"{self.height} x {self.width} pixels cannot be cut out of {shape[0]} x {shape[1]}",
                fix=f"crop to at most {shape[0]}x{shape[1]}",
            )

    def _change(self, images: np.ndarray) -> np.ndarray:
        top, left = (images.shape[1] - self.height) // 2, (images.shape[2] - self.width) // 2
        return images[:, top : top + self.height, left : left + self.width]


class ResizeImages(_PictureStep):
    """Bring each picture to a size, by Pillow's bilinear filter.

    When pictures become smaller the filter widens with the step, so that each new pixel is a weighted mean of all old
    ones it covers; plain interpolation would take four of them and turn fine patterns into false ones.

    Parameters
    ----------
    height, width : int
        In pixels, 1 to 4096.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height = height
        self.width = width

    def check_shape(self, shape: tuple[int, ...]) -> None:  # noqa: D102 - as the base says
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise SettingError(f"{self.height} x {self.width} pixels", fix=f"resize to 1 to {MAX_SIDE} pixels a side")
        if shape[2] not in (1, 3):
            raise SettingError(f"pictures of {shape[2]} channels are not resized", fix="give grey or RGB pictures")

    def _change(self, images: np.ndarray) -> np.ndarray:
        from PIL import Image

        out = np.empty((len(images), self.height, self.width, images.shape[3]), np.uint8)
        for row, pixels in enumerate(images):
            picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
            small = picture.resize((self.width, self.height), Image.Resampling.BILINEAR)
            out[row] = np.asarray(small).reshape(out.shape[1:])
        return out


class ToGrey(_PictureStep):
    """RGB to one channel of brightness: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as Pillow rounds it."""

    def check_shape(self, shape: tuple[int, ...]) -> None:  # noqa: D102 - as the base says
        if shape[2] not in (1, 3):
            raise SettingError(f"pictures of {shape[2]} channels have no brightness", fix="give grey or RGB pictures")

    def _change(self, images: np.ndarray) -> np.ndarray:
        if images.shape[3] == 1:
            return images
        weights = np.array([19595, 38470, 7471], np.uint32)  # in 65536ths
        grey = np.empty((*images.shape[:3], 1), np.uint8)
        for row, pixels in enumerate(images):
            grey[row, ..., 0] = (pixels @ weights + 0x8000) >> 16
        return grey


class ToColour(_PictureStep):
    """One channel to three equal ones; RGB stays as it is."""

    def check_shape(self, shape: tuple[int, ...]) -> None:  # noqa: D102 - as the base says
        if shape[2] not in (1, 3):
            raise SettingError(f"pictures of {shape[2]} channels are neither grey nor RGB", fix="give one or three")

    def _change(self, images: np.ndarray) -> np.ndarray:
        return images if images.shape[3] == 3 else np.repeat(images, 3, axis=3)
