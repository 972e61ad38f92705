"""Rows of a table as sums of 64-bit hashes, one per column, so that a column is left out by a subtraction.

Equal sums are taken for equal rows: among a million distinct rows, two collide with a probability below 1e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric

_STEP = np.uint64(0x9E3779B97F4A7C15)


def column_hashes(values: pd.Series, number: int) -> np.ndarray:
    """uint64 per value: equal values, equal hashes; missing equals missing, 0.0 equals -0.0."""
    if is_numeric(values):
        numbers = values.to_numpy(np.float64) + 0.0
        numbers[np.isnan(numbers)] = np.nan
        bits = numbers.view(np.uint64)
    else:
        plain: Any = values.to_numpy(object)
        bits = (pd.factorize(plain, use_na_sentinel=True)[0] + 1).astype(np.uint64)
    return _mixed(bits + _mixed(np.array([number + 1], np.uint64)))


def _mixed(bits: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output."""
    mixed = bits + _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return result


def row_hashes(frame: pd.DataFrame) -> np.ndarray:
    """Sum of the hashes of each row's values, modulo 2**64."""
    total = np.zeros(len(frame), np.uint64)
    for i in range(frame.shape[1]):
        total += column_hashes(frame.iloc[:, i], i)
    return total


def shuffled_hashes(frame: pd.DataFrame, generator: np.random.Generator, times: int) -> list[np.ndarray]:
    """The same of rows whose columns were shuffled one by one: what chance makes of these values."""
    totals = [np.zeros(len(frame), np.uint64) for _ in range(times)]
    for i in range(frame.shape[1]):
        hashes = column_hashes(frame.iloc[:, i], i)
        for total in totals:
            total += generator.permutation(hashes)
    return totals


def n_repeats(hashes: np.ndarray) -> int:
    """Rows that repeat an earlier one."""
    in_order = np.sort(hashes)  # several times as fast as np.unique on a million hashes
    return int((in_order[1:] == in_order[:-1]).sum())
