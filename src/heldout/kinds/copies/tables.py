"""Copies among the rows of a table: equal, nearly equal, or so but for one or two columns."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric
from heldout.kinds.copies.merging import merge
from heldout.kinds.copies.nearness import TightGroups
from heldout.kinds.copies.neighbours import ByTree, Points
from heldout.kinds.copies.row_hashes import n_repeats, row_hashes, shuffled_hashes

# Root mean square over the numeric columns of the difference, in standard deviations of each column.
SCALES = (0.02, 0.008, 0.0032, 0.00128)
# Of a column with heavy tails the quartiles count, as a few huge values would bring all others together.
GAP = 5.0
MOST_SPREADS = 1e6  # values further out must be equal
QUARTILES_APART = 1.349  # of a normal distribution, in standard deviations
CHANCE_SHARE = 0.5  # if shuffled columns have this part of the copies, chance explains them
N_SHUFFLES = 3
MANY_COPIES = 0.02  # below that part of the rows, near-copies must stand out from how near neighbours are anyway:
TAIL = 1.5  # at twice the distance there must not be more than that many times as many


def equal_rows(frame: pd.DataFrame, generator: np.random.Generator) -> tuple[np.ndarray, str]:
    """Group number of each row, equal rows together, and a note if chance explains all of them."""
    hashes = row_hashes(frame)
    groups: np.ndarray = pd.factorize(hashes)[0]
    repeats = n_repeats(hashes)
    if not repeats:
        return groups, ""
    shuffled = shuffled_hashes(frame, generator, N_SHUFFLES)
    by_chance = sum(map(n_repeats, shuffled)) / N_SHUFFLES
    if by_chance < CHANCE_SHARE * repeats:
        return groups, ""
    note = (
        f"{repeats} of {len(frame)} rows repeat an earlier one, about as many as chance gives with so few distinct "
        f"values ({by_chance:.3g}), so equal rows are not kept together."
    )
    return groups, note


class Scaled:
    """The columns of a table, ready to be compared.

    Attributes
    ----------
    numbers : list of float64 array or None
        In standard deviations of the column; None where it is no number, or does not vary.
    codes : list of int64 array or None
        Must be equal: categories, what is missing, what is too far out. None where all are numbers.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.n_rows = len(frame)
        self.names = [str(name) for name in frame.columns]
        self.numbers: list[np.ndarray | None] = []
        self.codes: list[np.ndarray | None] = []
        for i in range(frame.shape[1]):
            numbers, codes = _scaled(frame.iloc[:, i])
            self.numbers.append(numbers)
            self.codes.append(codes)

    def points(self, columns: Sequence[int], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of these columns, shape (len(rows), n_numeric), and one number for all that must be equal."""
        numbers = [values[rows] for i in columns if (values := self.numbers[i]) is not None]
        codes = [values[rows] for i in columns if (values := self.codes[i]) is not None]
        together = np.column_stack(numbers) if numbers else np.empty((len(rows), 0))
        return together, combined(codes, len(rows))


def _scaled(values: pd.Series) -> tuple[np.ndarray | None, np.ndarray | None]:
    if not is_numeric(values):
        return None, codes_of(values)
    numbers = values.to_numpy(np.float64)
    centre, spread = _centre_and_spread(numbers[np.isfinite(numbers)])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scaled = (numbers - centre) / spread
    usable = np.abs(scaled) < MOST_SPREADS  # False for what is missing or infinite
    needs_codes = not usable.all() or not spread > 0
    codes = codes_of(values.where(~usable, 0.0)) if needs_codes else None
    return (np.where(usable, scaled, 0.0) if spread > 0 else None), codes


def _centre_and_spread(numbers: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation; or, with heavy tails, the standard deviation that the quartiles suggest.

    0 where it is too large for a number: such columns are compared for equality.
    """
    if len(numbers) == 0:
        return 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        centre, deviation = float(numbers.mean()), float(numbers.std())
        low, high = np.percentile(numbers, [25, 75])
        core = float(high - low) / QUARTILES_APART
    spread = core if 0 < core < deviation else deviation
    return centre, spread if np.isfinite(spread) else 0.0


def codes_of(values: pd.Series) -> np.ndarray:
    """Equal values, equal numbers; missing equals missing, 0.0 equals -0.0."""
    plain: Any = values.to_numpy(np.float64) + 0.0 if is_numeric(values) else values.to_numpy(object)
    return pd.factorize(plain, use_na_sentinel=True)[0] + 1


def combined(columns: list[np.ndarray], n: int) -> np.ndarray:
    """One number for each distinct row of codes, from 0 in order of first appearance."""
    together = np.zeros(n, np.int64)
    for column in columns:
        together = pd.factorize(together * (int(column.max(initial=0)) + 1) + column)[0]
    return together


def near_points(points: np.ndarray, keys: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Group number of each of these distinct points, near-copies together.

    What shuffled columns have as well, and what is but the near end of how far apart neighbours are, is no copy.
    """
    groups = np.arange(len(points))
    if points.shape[1] == 0 or len(points) < 2:
        return groups
    rows = Points(points, keys, generator)
    found = _tight(rows)
    if all((labels < 0).all() for labels in found):
        return groups
    shuffled = np.column_stack([generator.permutation(column) for column in points.T])
    enough = [CHANCE_SHARE * (labels >= 0).sum() for labels in found]
    by_chance = _tight(Points(shuffled, generator.permutation(keys), generator), enough)
    for scale, labels, chance, least in zip(SCALES, found, by_chance, enough, strict=True):
        if (chance >= 0).sum() < least and not _is_tail(rows, labels, scale):
            groups = merge(groups, labels)
    return groups


def _tight(rows: Points, enough: Sequence[float] = ()) -> list[np.ndarray]:
    """Labels of the tight groups at each scale, where there can be enough."""
    search = TightGroups(rows, ByTree(rows), gap=GAP)
    least = [max(2, ceil(n)) for n in enough] or [2] * len(SCALES)
    return [search.find(scale * rows.n_dimensions**0.5, at_least=n) for scale, n in zip(SCALES, least, strict=True)]


def _is_tail(rows: Points, labels: np.ndarray, scale: float) -> bool:
    """Whether a few groups are but the near end of how far apart neighbours are.

    Of points spread at random in k dimensions, ``2**k`` times as many pairs are within twice a distance; of copies,
    hardly more.
    """
    n_found = (labels >= 0).sum()
    if n_found == 0 or n_found >= MANY_COPIES * len(labels):
        return False
    wider = TightGroups(rows, ByTree(rows), gap=GAP / 2).find(2 * scale * rows.n_dimensions**0.5)
    return bool((wider >= 0).sum() > TAIL * n_found)
