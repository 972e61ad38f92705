"""Tables as rows of numbers: missing values filled and marked, categories as indicator columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from heldout.errors import DataError, SettingError, ShapeError


def table_preparation(frame: pd.DataFrame, *, scale: bool) -> ColumnTransformer:
    """Build the (unfitted) preparation for tables with the columns of `frame`; only names and types are read.

    Numeric columns: missing values become the median of the training rows, and a column that had any gets an
    indicator column beside it; with `scale`, all are then standardised. Categorical columns: see
    `CategoryIndicators`. Columns are found by name, so their order does not matter at prediction.

    Parameters
    ----------
    frame : DataFrame
        float64 columns are numeric, all others categorical.
    scale : bool
        Standardise to mean 0 and standard deviation 1; for models that measure distances.

    Returns
    -------
    ColumnTransformer
        Its output is a dense float64 array.

    Raises
    ------
    DataError
        If there are no columns.
    """
    return column_preparation(frame, strategy="median", scalers=[("scale", StandardScaler())] if scale else [])


def column_preparation(
    frame: pd.DataFrame,
    *,
    strategy: str,
    scalers: Sequence[tuple[str, Any]] = (),
    ordinal: bool = False,
    max_categories: int = 50,
) -> ColumnTransformer:
    """Build the (unfitted) preparation of `table_preparation` with other settings.

    Parameters
    ----------
    frame : DataFrame
    strategy : {'mean', 'median', 'most_frequent'}
        By what missing numbers are filled.
    scalers : sequence of (name, transformer)
        What follows for numeric columns.
    ordinal : bool, default=False
        Categories become numbers in their order, and are then treated as numeric; else indicators.
    max_categories : int, default=50
        See `CategoryIndicators`.

    Raises
    ------
    DataError
        If there are no columns.
    """
    numeric = [str(name) for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    categorical = [str(name) for name in frame.columns if str(name) not in set(numeric)]
    if not numeric and not categorical:
        raise DataError("the table has no columns to learn from", fix="keep at least one column beside the target")

    def filled(before: Sequence[tuple[str, Any]] = ()) -> Pipeline:
        imputer = SimpleImputer(strategy=strategy, add_indicator=True, keep_empty_features=True)
        return Pipeline([*before, ("impute", imputer), *((name, clone(step)) for name, step in scalers)])

    parts: list[tuple[str, Any, list[str]]] = []
    if numeric:
        parts.append(("numeric", filled(), numeric))
    if categorical and ordinal:
        from heldout.prepare.ordinal import CategoryNumbers

        parts.append(("categorical", filled([("order", CategoryNumbers())]), categorical))
    elif categorical:
        parts.append(("categorical", CategoryIndicators(max_categories), categorical))
    return ColumnTransformer(parts, sparse_threshold=0.0, verbose_feature_names_out=False)


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


_OTHER = object()  # a key that no text in a table can equal


def texts_of(column: pd.Series) -> list[str | None]:
    """Each value of a column as text, every sort of missing as None."""
    missing = column.isna().to_numpy()
    return [None if gone else str(value) for value, gone in zip(column.tolist(), missing, strict=True)]
