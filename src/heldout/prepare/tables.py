"""Tables as rows of numbers: missing values filled and marked, categories as indicator columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from heldout.errors import DataError
from heldout.prepare.categories import CategoryIndicators, CategoryNumbers


def table_preparation(frame: pd.DataFrame, *, scale: bool) -> ColumnTransformer:
    """Build the (unfitted) preparation for tables with the columns of `frame`; only names and types are read.

    Numeric columns: missing values become the median of the training rows, and a column that had any gets an
    indicator column; with `scale`, all are then standardised. Categorical columns: see
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
        raise DataError("the table has no columns to learn from", fix="keep at least one column other than the target")

    def filled(before: Sequence[tuple[str, Any]] = ()) -> Pipeline:
        imputer = SimpleImputer(strategy=strategy, add_indicator=True, keep_empty_features=True)
        return Pipeline([*before, ("impute", imputer), *((name, clone(step)) for name, step in scalers)])

    parts: list[tuple[str, Any, list[str]]] = []
    if numeric:
        parts.append(("numeric", filled(), numeric))
    if categorical and ordinal:
        parts.append(("categorical", filled([("order", CategoryNumbers())]), categorical))
    elif categorical:
        parts.append(("categorical", CategoryIndicators(max_categories), categorical))
    return ColumnTransformer(parts, sparse_threshold=0.0, verbose_feature_names_out=False)
