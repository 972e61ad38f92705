"""Pictures as rows of numbers, for models that know nothing about neighbourhood."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from heldout.errors import DataError, ShapeError


class FlattenPixels(TransformerMixin, BaseEstimator):
    """Turn uint8 images (n, height, width, channels) into float32 rows in [0, 1], one number a value.

    Nothing is learnt but the shape of one image, so that a picture of another size is refused at prediction.

    Attributes
    ----------
    input_shape_ : tuple of int
        Height, width, channels.
    """

    def fit(self, X: Any, y: Any = None) -> FlattenPixels:
        """Remember the shape of one image.

        Raises
        ------
        ShapeError
            If `X` has not four axes.
        DataError
            If `X` is not uint8.
        """
        self.input_shape_ = checked_images(X).shape[1:]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Give one float32 row per image.

        Raises
        ------
        ShapeError
            If the images have another shape than those at fit.
        """
        check_is_fitted(self, "input_shape_")
        images = checked_images(X)
        if images.shape[1:] != self.input_shape_:
            raise ShapeError(
                f"images of shape {images.shape[1:]} given, the model was trained on {self.input_shape_} "
                "(height, width, channels)",
                fix="resize the images and convert them to the size and channels of the training images",
            )
        rows = np.asarray(images, dtype=np.float32).reshape(len(images), -1)
        return rows / np.float32(255)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the numbers: ``pixel ROW COLUMN``, with a third number for the channel of coloured images."""
        check_is_fitted(self, "input_shape_")
        places = list(np.ndindex(*self.input_shape_))
        keep = 2 if self.input_shape_[2] == 1 else 3
        return np.array(["pixel " + " ".join(map(str, place[:keep])) for place in places], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def checked_images(X: Any) -> np.ndarray:
    """The images themselves, or an error that says what they should be."""
    if getattr(X, "ndim", 0) != 4:
        raise ShapeError(
            f"images need four axes (n, height, width, channels), got an array of shape {np.shape(X)}",
            fix="add the missing axis: x[..., np.newaxis] for grey images, x[np.newaxis] for a single one",
        )
    if X.dtype != np.uint8:
        raise DataError(
            f"images must be uint8 (0 to 255), got {X.dtype}",
            fix="scale to 0..255 and convert: x.astype('uint8')",
        )
    return X
