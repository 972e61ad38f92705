"""Categories as numbers: an indicator column for each, or their place in an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from heldout.errors import DataError, SettingError, ShapeError

_OTHER = object()  # a key that no text in a table can equal


def texts_of(column: pd.Series) -> list[str | None]:
    """Each value of a column as text, every sort of missing as None."""
    missing = column.isna().to_numpy()
    return [None if gone else str(value) for value, gone in zip(column.tolist(), missing, strict=True)]


class CategoryIndicators(TransformerMixin, BaseEstimator):
    """One 0/1 column per category (one-hot), for columns of text with gaps.

    A missing value (None, NaN or pandas.NA, which mean the same) is a category of its own if it occurred in
    training. The categories beyond the `max_categories` most frequent share one column ("other"). A category
    that training never saw counts as "other" where there is such a column, else all indicators are 0.

    Parameters
    ----------
    max_categories : int, default=50
        Most categories of one column that get their own indicator. More widen the data without telling much.

    Attributes
    ----------
    columns_ : list of str
    categories_ : list of list of str
        Sorted categories with their own indicator, a list per column.
    has_missing_, has_other_ : list of bool
        Whether a column has an indicator for "missing" and one for "other"; they follow the categories' own.
    """

    def __init__(self, max_categories: int = 50) -> None:
        self.max_categories = max_categories

    def fit(self, X: Any, y: Any = None) -> CategoryIndicators:
        """Learn the categories.

        Raises
        ------
        SettingError
            If `max_categories` is below 1.
        """
        if self.max_categories < 1:
            raise SettingError(f"max_categories is {self.max_categories}", fix="use 1 or more")
        frame = pd.DataFrame(X)
        self.columns_ = [str(name) for name in frame.columns]
        self.n_features_in_ = len(self.columns_)
        self.categories_: list[list[str]] = []
        self.has_missing_: list[bool] = []
        self.has_other_: list[bool] = []
        for position in range(self.n_features_in_):
            counts = Counter(texts_of(frame.iloc[:, position]))
            self.has_missing_.append(counts.pop(None, 0) > 0)
            # Ties go by name, so that the order of rows changes nothing.
            by_frequency = sorted((-count, text) for text, count in counts.items() if text is not None)
            self.categories_.append(sorted(text for _, text in by_frequency[: self.max_categories]))
            self.has_other_.append(len(by_frequency) > self.max_categories)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Give the indicators, float64, shape (n_rows, total number of indicators).

        Raises
        ------
        ShapeError
            If the number of columns differs from that at fit.
        """
        check_is_fitted(self, "categories_")
        frame = pd.DataFrame(X)
        if frame.shape[1] != self.n_features_in_:
            raise ShapeError(f"{frame.shape[1]} categorical columns given, {self.n_features_in_} were trained on")
        out = np.zeros((len(frame), sum(self._widths())), dtype=np.float64)
        start = 0
        for position, width in enumerate(self._widths()):
            places = self._places(position)
            otherwise = places.get(_OTHER)
            for row, text in enumerate(texts_of(frame.iloc[:, position])):
                place = places.get(text, otherwise)
                if place is not None:
                    out[row, start + place] = 1.0
            start += width
        return out

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the indicators: ``column=category``, ``column is missing``, ``column is other``."""
        check_is_fitted(self, "categories_")
        names = []
        for position, column in enumerate(self.columns_):
            names += [f"{column}={text}" for text in self.categories_[position]]
            names += [f"{column} is missing"] * self.has_missing_[position]
            names += [f"{column} is other"] * self.has_other_[position]
        return np.array(names, dtype=object)

    def _widths(self) -> list[int]:
        return [
            len(texts) + missing + other
            for texts, missing, other in zip(self.categories_, self.has_missing_, self.has_other_, strict=True)
        ]

    def _places(self, position: int) -> dict[Any, int]:
        """Where in the indicators of this column a value's 1 goes."""
        places: dict[Any, int] = {text: place for place, text in enumerate(self.categories_[position])}
        if self.has_missing_[position]:
            places[None] = len(places)
        if self.has_other_[position]:
            places[_OTHER] = len(places)
        return places

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


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
