"""Tables: a row is a row, its columns are numbers or categories."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.base import Kind, rounded_numbers
from heldout.kinds.copies.groups import Copies, copies_of, no_copies, one_of_each, spread


class Table(Kind):
    """Tables."""

    name: ClassVar[str] = "table"
    row: ClassVar[str] = "row"
    rows: ClassVar[str] = "rows"

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

    def rounded(self, x: Any) -> Any:
        """The numeric columns rounded."""
        return x.apply(lambda column: rounded_numbers(column.to_numpy()) if column.dtype.kind == "f" else column)
