"""By what a row is known again: its content, whatever its place, its name, its label or its last digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.fingerprint import row_digests

KEPT_BITS = 14
"""Bits of a number that count: about four digits, so that a change beyond them does not make a row new."""


def content_digests(data: Dataset) -> np.ndarray:
    """Digest of each row without its label, numbers rounded to `KEPT_BITS` bits; shape (n_rows,)."""
    x = data.x.apply(_rounded) if data.kind == "table" else data.x
    return row_digests(replace(data, x=x, y=np.zeros(len(data), np.int64), classes=("",)))


def _rounded(column: Any) -> Any:
    if column.dtype.kind != "f":
        return column
    mantissa, exponent = np.frexp(column.to_numpy())
    return np.ldexp(np.round(mantissa * 2**KEPT_BITS) / 2**KEPT_BITS, exponent)


def short(digests: np.ndarray) -> np.ndarray:
    """First 8 bytes of each digest as text, as they stand in ``split.json``."""
    return np.asarray([bytes(digest)[:8].hex() for digest in digests], dtype="U16")


def find_rows(digests: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
    """Positions of rows with these short digests, each as often as it is wanted; rows of one digest are equal."""
    left = Counter(wanted)
    found = []
    for position, digest in enumerate(digests.tolist()):
        if left[digest] > 0:
            left[digest] -= 1
            found.append(position)
    return np.asarray(found, dtype=np.int64)
