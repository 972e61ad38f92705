"""Tables: a row is a row, its columns are numbers or categories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.rows import is_frame, is_numeric
from heldout.data.settings import Reading
from heldout.data.tables import SUFFIXES, load_table
from heldout.kinds.base import Kind, Shown, rounded_numbers
from heldout.kinds.copies.groups import Copies, copies_of, no_copies, one_of_each, spread

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 40  # columns of a row that is shown
MOST_CATEGORIES = 20  # of a column, that a look's models get
MOST_COLUMNS = 500  # that a look's models get
SAMPLE_FOR_MEDIAN = 10_000


class Table(Kind):
    """Tables: CSV, TSV and Parquet files, and DataFrames."""

    name: ClassVar[str] = "table"
    row: ClassVar[str] = "row"
    rows: ClassVar[str] = "rows"
    containers: ClassVar[tuple[str, ...]] = SUFFIXES
    has_columns: ClassVar[bool] = True

    @property
    def plural(self) -> str:
        """Tables."""
        return "tables"

    def load_file(self, source: Any, reading: Reading) -> Dataset:
        """Load a file, or a DataFrame."""
        name = "table" if is_frame(source) else Path(source).name
        return load_table(source, name=name, target=reading.target, group=reading.group, roles=reading.roles)

    def row_shape(self, input: Mapping[str, Any]) -> tuple[int, ...]:
        """Number of columns."""
        return (len(input["columns"]),)

    def row_bytes(self, input: Mapping[str, Any]) -> int:
        """Eight bytes a column; text takes more."""
        return 8 * len(input["columns"])

    def rounded(self, x: Any) -> Any:
        """The numeric columns rounded."""
        return x.apply(lambda column: rounded_numbers(column.to_numpy()) if column.dtype.kind == "f" else column)

    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Equal rows, unless chance explains them; nearly equal ones; both but for one or two whole columns."""
        from heldout.kinds.copies.odd_columns import odd_copies
        from heldout.kinds.copies.tables import GAP, SCALES, Scaled, equal_rows, near_points

        frame = data.x
        equal, by_chance = equal_rows(frame, generator)
        if by_chance:
            return no_copies(len(frame), by_chance)
        rows = one_of_each(equal, generator, most_near)
        points, keys = Scaled(frame.iloc[rows]).points(range(frame.shape[1]), np.arange(len(rows)))
        groups = spread(equal, rows, near_points(points, keys, generator))
        odd = odd_copies(frame, groups, generator)
        how = (
            f"identical, or within {SCALES[0]} standard deviations per column (root mean square) and at least "
            f"{GAP:g} times as far from all others"
        )
        if odd.columns:
            n_odd = sum(count for _, count in odd.columns)
            how += f"; {n_odd:,} differences in whole columns were passed over, most in {odd.columns[0][0]!r}"
        return copies_of(odd.groups, how)

    def described(self, data: Dataset, rows: np.ndarray) -> np.ndarray:
        """Numeric columns (missing: the median, with an indicator) and indicators of frequent categories."""
        frame = data.x
        parts: list[np.ndarray] = []
        for i in range(min(frame.shape[1], MOST_COLUMNS)):
            column = frame.iloc[:, i]
            parts += _numbers(column.to_numpy(np.float64), rows) if is_numeric(column) else [_indicators(column, rows)]
        return np.concatenate(parts, axis=1)

    def sample(self, data: Dataset, position: int) -> Shown:
        """The first columns and their values."""
        row = data.x.iloc[position]
        return Shown(row={str(name): row[name] for name in list(data.x.columns)[:MOST_SHOWN]})


def _numbers(everything: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    values = everything[rows]
    gone = np.isnan(values)
    few = everything[:: max(1, len(everything) // SAMPLE_FOR_MEDIAN)]
    middle = float(np.nanmedian(few)) if not gone.all() else 0.0
    filled = np.where(gone, middle if np.isfinite(middle) else 0.0, values)[:, None]
    return [filled, gone[:, None].astype(np.float64)] if np.isnan(everything).any() else [filled]


def _indicators(column: pd.Series, rows: np.ndarray) -> np.ndarray:
    import pandas as pd

    codes, names = pd.factorize(column.to_numpy(object), use_na_sentinel=True)
    common = np.argsort(-np.bincount(codes[codes >= 0], minlength=max(1, len(names))), kind="stable")[:MOST_CATEGORIES]
    return (codes[rows][:, None] == common).astype(np.float64)
