"""Rows that are copies of each other, exactly or nearly, found before anything is split.

Two rows are near-copies if they are much more alike than either is to anything else: their distance is at most a
small threshold, and nothing else is within several times that. Thresholds come in scales, each a fixed part of the
one before, so that a closer pair may have closer neighbours. Data that are dense everywhere (few columns, points
along a curve, frames of one film) have no such rows, and what chance alone explains is not grouped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from heldout.data.dataset import Dataset
from heldout.look.nearness import TightGroups
from heldout.look.neighbours import ByBlocks, ByTree, Points

# Tables: root mean square over the numeric columns of the difference, in standard deviations of each column.
TABLE_SCALES = (0.02, 0.008, 0.0032, 0.00128)
# Of a column with heavy tails the quartiles count, as a few huge values would bring all others together.
TABLE_GAP = 5.0
MOST_SPREADS = 1e6  # values further out must be equal
QUARTILES_APART = 1.349  # of a normal distribution, in standard deviations
# Images: root mean square difference of the reduced images, in grey levels (0 to 255). A JPEG of quality 85 of a
# CIFAR-10 picture is 4 away from it (95 %: 7), the nearest other picture 38 (1 %: 16). Wider scales would find more
# copies, but take pictures of one kind (noise of one brightness in a frame) for copies and put a class in one group.
# Measured: of 1,000 CIFAR-10 pictures among 5,000, 99 % are found at JPEG 85, 86 % at JPEG 60, 100 % resized to 24 x 24
# and back, 90 % to 16 x 16; of 108 pictures cut from photographs, 94 %, 76 %, 98 %, 95 %. Among the 70,000 images of
# MNIST none is found, and among the 60,000 of CIFAR-10 none; the wide scales find 181 groups there, 9 to 22 apart.
IMAGE_SCALES = (8.0, 5.7, 4.0, 2.8, 2.0, 1.4, 1.0)
# Wider ones find the same picture re-encoded roughly, but whole classes of similar pictures, too: they count only where
# they group few rows, and with the contrast that is given.
WIDE_SCALES = (22.0, 16.0, 11.3)
WIDE_CONTRAST = 2.0
WIDE_SHARE = 0.02
IMAGE_GAP = 2.0
IMAGE_SIDE = 16
IMAGE_CONTRAST = 3.0  # an image's own contrast must be that many times the threshold: grey fog is no copy of fog
CHANCE_SHARE = 0.5  # if shuffled columns have this part of the copies, chance explains them
N_SHUFFLES = 3
MANY_COPIES = 0.02  # below that part of the rows, near-copies must stand out from how near neighbours are anyway:
TAIL = 1.5  # at twice the distance there must not be more than that many times as many
BLOCK_ROWS = 2048


@dataclass(frozen=True)
class Copies:
    """Which rows are copies of each other.

    Attributes
    ----------
    groups : int64 array, shape (n_rows,)
        Copies of each other share a number; every other row has its own. From 0, by first appearance.
    n_copies : int
        Rows in groups of two or more.
    n_groups : int
        Groups of two or more.
    note : str
        One sentence for a person; empty if there is nothing to say.
    applied : bool
        Whether any rows are grouped. False with a note: there are copies, but no more than chance explains.
    """

    groups: np.ndarray
    n_copies: int
    n_groups: int
    note: str
    applied: bool


def find_copies(dataset: Dataset, *, seed: int = 0) -> Copies:
    """Find exact and near copies among all rows; labels are not looked at.

    Tables: numeric columns are divided by their standard deviation, categorical ones and the pattern of missing
    values must be equal. Images: identical pixels, or nearly so after reduction to at most 16 x 16 by averaging, so
    that most copies that were encoded again well, or resized, are found; strong compression (JPEG 60), cropping,
    mirroring and changes of colour can hide a copy. Sounds are not compared.

    Parameters
    ----------
    dataset : Dataset
    seed : int, default=0
        Of the shuffles that tell what chance explains, and of the search's short cuts.

    Returns
    -------
    Copies

    Examples
    --------
    >>> from heldout.data import load
    >>> find_copies(load("digits")).n_copies
    0
    """
    if len(dataset) == 0 or dataset.kind == "sounds":
        return _copies(np.arange(len(dataset)), "")
    generator = np.random.Generator(np.random.PCG64(seed))
    if dataset.kind == "table":
        return _copies_in_table(dataset.x, generator)
    return _copies_among_images(dataset.x, generator)


def _copies_in_table(frame: pd.DataFrame, generator: np.random.Generator) -> Copies:
    codes = [_codes(frame.iloc[:, i]) for i in range(frame.shape[1])]
    exact = _combined(codes, len(frame))
    repeats = len(frame) - (exact.max() + 1)
    if repeats:
        shuffles = [_combined([generator.permutation(c) for c in codes], len(frame)) for _ in range(N_SHUFFLES)]
        by_chance = len(frame) - sum(int(shuffled.max()) + 1 for shuffled in shuffles) / N_SHUFFLES
        if by_chance >= CHANCE_SHARE * repeats:
            chance = (
                f"{repeats} of {len(frame)} rows repeat an earlier one, about as many as chance gives with so few "
                f"distinct values ({by_chance:.3g}), so equal rows are not kept together."
            )
            return _copies(np.arange(len(frame)), chance)
    near = _near_rows(frame, exact, generator)
    what = (
        f"identical, or within {TABLE_SCALES[0]} standard deviations per column (root mean square) and at least "
        f"{TABLE_GAP:g} times as far from all others"
    )
    return _copies(near[exact], what)


def _near_rows(frame: pd.DataFrame, exact: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Group number of each distinct row."""
    first = np.unique(exact, return_index=True)[1]
    groups = np.arange(len(first))
    points, keys = _points(frame.iloc[first])
    if points.shape[1] == 0 or len(points) < 2:
        return groups
    rows = Points(points, keys, generator)
    found = _tight(rows)
    if all((labels < 0).all() for labels in found):
        return groups
    shuffled = np.column_stack([generator.permutation(column) for column in points.T])
    enough = [CHANCE_SHARE * (labels >= 0).sum() for labels in found]
    by_chance = _tight(Points(shuffled, generator.permutation(keys), generator), enough)
    for scale, labels, chance, least in zip(TABLE_SCALES, found, by_chance, enough, strict=True):
        if (chance >= 0).sum() < least and not _is_tail(rows, labels, scale):
            groups = _merge(groups, labels)
    return groups


def _tight(rows: Points, enough: Sequence[float] = ()) -> list[np.ndarray]:
    """Labels of the tight groups at each scale, where there can be enough."""
    search = TightGroups(rows, ByTree(rows), gap=TABLE_GAP)
    least = [max(2, ceil(n)) for n in enough] or [2] * len(TABLE_SCALES)
    return [
        search.find(scale * rows.n_dimensions**0.5, at_least=n) for scale, n in zip(TABLE_SCALES, least, strict=True)
    ]


def _is_tail(rows: Points, labels: np.ndarray, scale: float) -> bool:
    """Whether a few groups are but the near end of how far apart neighbours are.

    Of points spread at random in k dimensions, ``2**k`` times as many pairs are within twice a distance; of copies,
    hardly more.
    """
    n_found = (labels >= 0).sum()
    if n_found == 0 or n_found >= MANY_COPIES * len(labels):
        return False
    wider = TightGroups(rows, ByTree(rows), gap=TABLE_GAP / 2).find(2 * scale * rows.n_dimensions**0.5)
    return bool((wider >= 0).sum() > TAIL * n_found)


def _points(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Scaled numeric columns that vary, and a number for everything that must be equal."""
    columns, fixed = [], []
    for i in range(frame.shape[1]):
        values = frame.iloc[:, i]
        if not _is_numeric(values):
            fixed.append(_codes(values))
            continue
        numbers = values.to_numpy(np.float64)
        centre, spread = _centre_and_spread(numbers[np.isfinite(numbers)])
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            scaled = (numbers - centre) / spread
        usable = np.abs(scaled) < MOST_SPREADS  # False for what is missing or infinite
        if spread > 0:
            columns.append(np.where(usable, scaled, 0.0))
        if not usable.all() or not spread > 0:
            fixed.append(_codes(values.where(~usable, 0.0)))
    points = np.column_stack(columns) if columns else np.empty((len(frame), 0))
    return points, _combined(fixed, len(frame)) if fixed else np.zeros(len(frame), np.int64)


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


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype)


def _codes(values: pd.Series) -> np.ndarray:
    """Equal values, equal numbers; missing equals missing, 0.0 equals -0.0."""
    plain: Any = values.to_numpy(np.float64) + 0.0 if _is_numeric(values) else values.to_numpy(object)
    return pd.factorize(plain, use_na_sentinel=True)[0] + 1


def _combined(columns: list[np.ndarray], n: int) -> np.ndarray:
    """One number for each distinct row of codes, from 0 in order of first appearance."""
    together = np.zeros(n, np.int64)
    for column in columns:
        together = pd.factorize(together * (int(column.max(initial=0)) + 1) + column)[0]
    return together


def _copies_among_images(images: np.ndarray, generator: np.random.Generator) -> Copies:
    exact = _combined([pd.factorize(_digests(images))[0]], len(images))
    first = np.unique(exact, return_index=True)[1]
    points, contrast = _reduced(images, first)
    same = _combined([pd.factorize(_digests(points))[0]], len(points))
    groups = same.copy()
    one_of_each = np.unique(same, return_index=True)[1]
    if len(one_of_each) > 1:
        chosen, contrast = points[one_of_each], contrast[one_of_each]
        rows = Points(chosen, np.zeros(len(chosen), np.int64), generator)
        search = TightGroups(rows, ByBlocks(rows), gap=IMAGE_GAP)
        merged = np.arange(len(chosen))
        for scale in (*WIDE_SCALES, *IMAGE_SCALES):
            labels = search.find(scale * chosen.shape[1] ** 0.5)
            is_wide = scale in WIDE_SCALES
            least = (WIDE_CONTRAST if is_wide else IMAGE_CONTRAST) * scale
            too_many = is_wide and (labels >= 0).sum() > WIDE_SHARE * len(chosen)
            faint = labels[(labels >= 0) & (too_many | (contrast < least))]
            labels = np.where(np.isin(labels, faint), -1, labels)
            search.is_grouped &= ~np.isin(search.labels, faint)  # a finer scale may still find it
            merged = _merge(merged, labels)
        groups = merged[same]
    what = (
        f"identical, or within {IMAGE_SCALES[0]:g} of 255 grey levels ({WIDE_SCALES[0]:g} where that groups few; root "
        f"mean square, reduced to at most {IMAGE_SIDE} x {IMAGE_SIDE}) and at least {IMAGE_GAP:g} times as far from "
        "all others"
    )
    return _copies(groups[exact], what)


def _digests(rows: np.ndarray) -> np.ndarray:
    """A hash of each row's bytes."""
    digests = np.empty(len(rows), object)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.ascontiguousarray(rows[start : start + BLOCK_ROWS])
        for i, row in enumerate(block):
            digests[start + i] = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
    return digests


def _reduced(images: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images averaged down to at most 16 x 16, flat uint8, and the standard deviation within each."""
    height, width = (np.linspace(0, side, min(side, IMAGE_SIDE) + 1).astype(int) for side in images.shape[1:3])
    areas = np.diff(height)[:, None, None] * np.diff(width)[:, None]
    points, contrast = [], []
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.asarray(images[rows[start : start + BLOCK_ROWS]], dtype=np.float32)
        sums = np.add.reduceat(np.add.reduceat(block, height[:-1], axis=1), width[:-1], axis=2)
        means = sums / areas
        contrast.append(means.std(axis=(1, 2)).max(axis=1))
        points.append(np.rint(means).astype(np.uint8).reshape(len(means), -1))
    return np.concatenate(points), np.concatenate(contrast)


def _merge(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The groups, with rows of one label put together (labels below 0 are none; groups are never split)."""
    merged = groups.copy()
    rows = np.flatnonzero(labels >= 0)
    if len(rows):
        first = np.full(labels.max() + 1, len(labels))
        np.minimum.at(first, labels[rows], rows)
        merged[rows] = groups[first[labels[rows]]]
    return merged


def _copies(groups: np.ndarray, what: str) -> Copies:
    numbered = pd.factorize(groups)[0].astype(np.int64)
    sizes = np.bincount(numbered)
    n_groups, n_copies = int((sizes > 1).sum()), int(sizes[sizes > 1].sum())
    if n_groups:
        many = f"{n_groups} groups" if n_groups > 1 else "one group"
        what = (
            f"{n_copies} of {len(groups)} rows are copies or near-copies of others ({what}); they form {many}, "
            "and a group is never split between training and test or between folds."
        )
    elif not what.endswith("."):
        what = ""
    return Copies(numbered, n_copies, n_groups, what, n_groups > 0)
