"""Categories as numbers, in their order; what is missing or new is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from heldout.errors import DataError, ShapeError
from heldout.prepare.tables import texts_of


class CategoryNumbers(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Each category of a column becomes its place in the column's order: 0, 1, 2 ...

    Missing values, and categories that training never saw, become NaN, so that an imputer after this step fills and
    marks both. Only for categories that have an order; others are better as `CategoryIndicators`, because a model
    takes 0 and 2 for further apart than 0 and 1.

    Parameters
    ----------
    orders : mapping of column to list of str, optional
        The order of a column's categories, lowest first. Default: sorted, as numbers where all are numbers.

    Attributes
    ----------
    feature_names_in_ : array of str
    categories_ : list of list of str
        In their order, a list per column.
    """

    def __init__(self, orders: Mapping[str, Sequence[str]] | None = None) -> None:
        self.orders = orders

    def fit(self, X: Any, y: Any = None) -> CategoryNumbers:
        """Learn the categories and their order.

        Raises
        ------
        DataError
            If a given order lacks a category that is there.
        """
        frame = pd.DataFrame(X)
        self.feature_names_in_ = np.array([str(name) for name in frame.columns], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        self.categories_: list[list[str]] = []
        for position, name in enumerate(self.feature_names_in_):
            seen = {text for text in texts_of(frame.iloc[:, position]) if text is not None}
            self.categories_.append(self._ordered(str(name), seen))
        return self

    def _ordered(self, name: str, seen: set[str]) -> list[str]:
        given = (self.orders or {}).get(name)
        if given is None:
            return _sorted(seen)
        lost = sorted(seen - set(given))
        if lost or len(set(given)) < len(given):
            raise DataError(
                f"the order of column {name!r} " + (f"lacks {lost[0]!r}" if lost else "repeats a category"),
                fix="list each category of the column once, lowest first",
            )
        return [str(text) for text in given]

    def transform(self, X: Any) -> np.ndarray:
        """Give the numbers, float64, shape (n_rows, n_columns); NaN where a category is missing or unknown.

        Raises
        ------
        ShapeError
            If the number of columns differs from that at fit.
        """
        check_is_fitted(self, "categories_")
        frame = pd.DataFrame(X)
        if frame.shape[1] != self.n_features_in_:
            raise ShapeError(f"{frame.shape[1]} categorical columns given, {self.n_features_in_} were trained on")
        out = np.full(frame.shape, np.nan)
        for position, texts in enumerate(self.categories_):
            places = {text: place for place, text in enumerate(texts)}
            values = texts_of(frame.iloc[:, position])
            out[:, position] = [places.get(text, np.nan) if text is not None else np.nan for text in values]
        return out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _sorted(seen: set[str]) -> list[str]:
    try:
        return sorted(seen, key=lambda text: (float(text), text))
    except ValueError:
        return sorted(seen)
