"""What heldout knows about one kind of data.

A further kind is one file beside `table.py`, `images.py` and `sounds.py`, with a class that fills in what is abstract
here, and one line in `registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.fingerprint import row_digests
from heldout.kinds.copies.groups import Copies

KEPT_BITS = 14
"""Bits of a number that count when a row is known again: about four digits."""


class Kind(ABC):
    """One kind of data.

    Attributes
    ----------
    name : str
        What `Dataset.kind` holds: ``"images"``.
    row, rows : str
        The words for one and for many rows: ``"image"``, ``"images"``.
    """

    name: ClassVar[str]
    row: ClassVar[str]
    rows: ClassVar[str]

    @abstractmethod
    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Exact and near copies among the rows; see `heldout.kinds.copies.find.find_copies`."""

    def content_digests(self, data: Dataset) -> np.ndarray:
        """Digest of each row without its label, by which the row is known again.

        Numbers count to `KEPT_BITS` bits, so that a change in their last digits does not make a row new.

        Returns
        -------
        array of dtype V32, shape (n_rows,)
        """
        same = np.zeros(len(data), np.int64)
        return row_digests(replace(data, x=self.rounded(data.x), y=same, classes=("",)))

    def rounded(self, x: Any) -> Any:
        """The rows with their numbers rounded to `KEPT_BITS` bits; whole numbers as they are."""
        return rounded_numbers(x) if x.dtype.kind == "f" else x


def rounded_numbers(values: np.ndarray) -> np.ndarray:
    """Floating-point numbers rounded to `KEPT_BITS` bits."""
    mantissa, exponent = np.frexp(values)
    result: np.ndarray = np.ldexp(np.round(mantissa * 2**KEPT_BITS) / 2**KEPT_BITS, exponent)
    return result
