"""Groups of copies, as findings list them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset

MOST_GROUPS = 1000
MOST_ROWS = 50
IN_A_LINE = 4


def group_line(data: Dataset, rows: np.ndarray, *, with_labels: bool) -> str:
    """The first rows of a group: ``3 = 17 = 40 and 2 more``."""
    labels = [f" ({data.classes[data.y[row]]})" if with_labels else "" for row in rows[:IN_A_LINE]]
    shown = [f"{data.ids[row]}{label}" for row, label in zip(rows[:IN_A_LINE], labels, strict=True)]
    return " = ".join(shown) + (f" and {len(rows) - IN_A_LINE} more" if len(rows) > IN_A_LINE else "")


def group_details(data: Dataset, groups: Sequence[np.ndarray]) -> dict[str, Any]:
    """Ids of the rows of each group, as plain JSON."""
    return {"groups": [[str(data.ids[row]) for row in rows[:MOST_ROWS]] for rows in groups[:MOST_GROUPS]]}


def some_of_each(groups: Sequence[np.ndarray]) -> list[int]:
    """The first rows of each group."""
    return [int(row) for rows in groups for row in rows[:IN_A_LINE]]
