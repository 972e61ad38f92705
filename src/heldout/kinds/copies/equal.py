"""Rows of an array that are equal byte by byte."""

from __future__ import annotations

import hashlib

import numpy as np

BLOCK_ROWS = 2048


def equal_rows(x: np.ndarray) -> np.ndarray:
    """Group number of each row, equal rows together; shape (n_rows,), from 0 by first appearance."""
    import pandas as pd

    groups: np.ndarray = pd.factorize(digests(x))[0]
    return groups


def digests(x: np.ndarray) -> np.ndarray:
    """A hash of each row's bytes."""
    found = np.empty(len(x), object)
    for start in range(0, len(x), BLOCK_ROWS):
        block = np.ascontiguousarray(x[start : start + BLOCK_ROWS])
        for i, row in enumerate(block):
            found[start + i] = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
    return found
