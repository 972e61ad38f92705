"""Parquet files and DataFrames as raw columns, by the same rules as text tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.delimited import MAX_COLUMNS, RawTable
from heldout.errors import DataError

PARQUET_SUFFIXES = (".parquet", ".pq")


def read_parquet(path: Path) -> RawTable:
    """Read a Parquet file: numbers stay numbers, the rest becomes text.

    Raises
    ------
    DataError
        If it is no Parquet file, has no rows, duplicate or nested columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = str(path)
    try:
        file = pq.ParquetFile(path)
        _check_names([str(name) for name in file.schema_arrow.names], where)
        table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"not a Parquet file that can be read: {str(error)[:200]}",
            where=where,
            fix="write it again, or give the table as CSV",
        ) from error
    notes: list[str] = []
    columns = [
        _from_arrow(str(name), table.column(number), where, notes) for number, name in enumerate(table.column_names)
    ]
    return _checked(RawTable([str(name) for name in table.column_names], columns, None, where, notes))


def read_frame(frame: Any, where: str = "DataFrame") -> RawTable:
    """Take the columns of a pandas DataFrame; its index is not a feature.

    Raises
    ------
    DataError
        If it has no rows, or duplicate columns.
    """
    names = [str(name) for name in frame.columns]
    _check_names(names, where)
    notes: list[str] = []
    columns = [_from_pandas(name, frame.iloc[:, number], where, notes) for number, name in enumerate(names)]
    return _checked(RawTable(names, columns, None, where, notes))


def _check_names(names: list[str], where: str) -> None:
    if len(names) > MAX_COLUMNS:
        raise DataError(f"{len(names):,} columns; at most {MAX_COLUMNS:,} are read", where=where)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"two columns are named {name!r}", where=where, fix="give each a name of its own")
        seen.add(name)


def _checked(raw: RawTable) -> RawTable:
    if not raw.columns or len(raw.columns[0]) == 0:
        raise DataError("the table has no rows", where=raw.where, fix="give a table with rows and columns")
    return raw


def _from_arrow(name: str, column: Any, where: str, notes: list[str]) -> Any:
    """float64 (missing: NaN) for numbers, Arrow text (missing: null) for everything else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _from_arrow(name, column.cast(kind.value_type), where, notes)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = pc.cast(column, pa.float64(), safe=False)
        return RawNumbers(numbers.to_numpy(), None if pa.types.is_floating(kind) else column)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "True", "False").cast(pa.large_string())
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.large_string())
    if pa.types.is_temporal(kind):
        notes.append(f"column {name!r} holds dates or times and is taken as text")
        return column.cast(pa.large_string())
    if str(kind).startswith("string_view"):
        return column.cast(pa.large_string())
    raise DataError(
        f"column {name!r} holds values of type {kind}, which is neither numbers nor text",
        where=where,
        fix="flatten or drop this column",
    )


class RawNumbers:
    """A column that came as numbers: float64 values, and the text of each where it serves as the target."""

    def __init__(self, values: np.ndarray, exact: Any = None) -> None:
        self.values = values
        self._exact = exact

    def __len__(self) -> int:
        return len(self.values)

    def texts(self) -> np.ndarray:
        """Each value as text (integers without a point), '' where it is missing."""
        if self._exact is not None:
            import pyarrow as pa

            return np.array([v or "" for v in self._exact.cast(pa.string()).to_pylist()], dtype=object)
        return np.array(["" if value != value else repr(float(value)) for value in self.values], dtype=object)


def _from_pandas(name: str, series: Any, where: str, notes: list[str]) -> Any:
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if pd.api.types.is_bool_dtype(series.dtype) or series.dtype == object:
        values = series.tolist()
        return pa.chunked_array(
            [pa.array([None if _is_missing(value) else str(value) for value in values], pa.large_string())]
        )
    if pd.api.types.is_complex_dtype(series.dtype):
        raise DataError(f"column {name!r} holds complex numbers", where=where, fix="drop it or split it in two")
    return _from_arrow(name, pa.chunked_array([pa.array(series, from_pandas=True)]), where, notes)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
