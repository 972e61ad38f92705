"""Some of the rows, in a word or two: ``all``, ``first 3000``, ``last 9000``, ``random 3000``, ``80%`` or ``rest``."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from heldout.errors import DataError, SettingError

FORMS = ("all", "first N", "last N", "random N", "N%", "rest")
_FORM = re.compile(r"(?P<word>all|rest)|(?P<way>first|last|random) (?P<n>\d+)|(?P<percent>\d+(\.\d+)?)%")


class RowsWord(NamedTuple):
    """Which of some rows: `way` is all, rest, first, last, random or percent; `amount` rows or percent."""

    way: str
    amount: float = 0.0

    @property
    def is_drawn(self) -> bool:
        """Whether the rows are drawn at random."""
        return self.way == "random"

    def of(self, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Pick from rows, shape (n,), in their order (``rest`` and ``all`` take every one).

        Raises
        ------
        DataError
            If there are fewer.
        """
        if self.way in ("all", "rest"):
            return rows
        if self.way == "percent":
            return rows[: int(len(rows) * self.amount / 100)]
        n = int(self.amount)
        if not 0 < n <= len(rows):
            raise DataError(f"{self.way} {n} of {len(rows):,} rows", fix=f"at most {len(rows):,}")
        if self.way == "random":
            return random.choice(rows, n, replace=False)
        return rows[:n] if self.way == "first" else rows[-n:]


def parse_rows(text: str) -> RowsWord:
    """Read which rows are meant.

    Raises
    ------
    SettingError
        If it is none of `FORMS`, or more than 100 %.

    Examples
    --------
    >>> parse_rows("first 3000")
    RowsWord(way='first', amount=3000.0)
    """
    found = _FORM.fullmatch(str(text))
    if found is None or float(found["percent"] or 0) > 100:
        raise SettingError(f"Unknown rows {str(text)!r}", fix="choose from " + ", ".join(FORMS))
    if found["word"]:
        return RowsWord(found["word"])
    if found["way"]:
        return RowsWord(found["way"], float(found["n"]))
    return RowsWord("percent", float(found["percent"]))


def equal_folds(rows: np.ndarray, n_folds: int, random: np.random.Generator) -> np.ndarray:
    """Cut one shuffle of the rows into equal folds, neither by class nor by group; the last few rows are left out.

    Returns
    -------
    array, shape (n_folds, len(rows) // n_folds)

    Raises
    ------
    DataError
        If there are fewer rows than folds.
    """
    size = len(rows) // n_folds
    if not size:
        raise DataError(f"{n_folds} folds of {len(rows)} rows", fix="fewer folds")
    return random.permutation(rows)[: n_folds * size].reshape(n_folds, size)
