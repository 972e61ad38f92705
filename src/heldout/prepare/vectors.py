"""Rows of any kind as rows of numbers, as their kind makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from heldout.errors import ShapeError
from heldout.kinds.registry import kind_named


class ToVectors(TransformerMixin, BaseEstimator):
    """Make numbers of rows by `heldout.kinds.base.Kind.vectors`; for kinds without a preparation of their own.

    Nothing is learnt but the shape of one row, so that a row of another shape is refused at prediction.

    Parameters
    ----------
    kind : str
        Name of the kind of data.

    Attributes
    ----------
    input_shape_ : tuple of int
        Of one row.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def fit(self, X: Any, y: Any = None) -> ToVectors:
        """Remember the shape of one row."""
        self.input_shape_ = tuple(X.shape[1:])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Give one float32 row of numbers per row, shape (n_rows, n_features).

        Raises
        ------
        ShapeError
            If the rows have another shape than those at fit.
        """
        check_is_fitted(self, "input_shape_")
        kind = kind_named(self.kind)
        if tuple(X.shape[1:]) != self.input_shape_:
            raise ShapeError(
                f"{kind.rows} of shape {tuple(X.shape[1:])} given, the model was trained on {self.input_shape_}",
                fix=f"give {kind.rows} of the shape of the training rows",
            )
        return np.asarray(kind.vectors(X), dtype=np.float32)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags
