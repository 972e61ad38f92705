"""Rows that are copies of each other, exactly or nearly, found before anything is split.

Two rows are near-copies if they are much more alike than either is to anything else: their distance is at most a
small threshold, and nothing else is within several times that. Thresholds come in scales, each a fixed part of the
one before, so that a closer pair may have closer neighbours. Data that are dense everywhere (few columns, points
along a curve, frames of one film) have no such rows, and what chance alone explains is not grouped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from heldout.data.dataset import Dataset
from heldout.look.copies_tables import GAP, SCALES, Scaled, equal_rows, near_points
from heldout.look.merging import join_pairs

TABLE_SCALES = SCALES


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
    """

    groups: np.ndarray
    n_copies: int
    n_groups: int
    note: str

    @property
    def applied(self) -> bool:
        """Whether any rows are grouped; if not, but with a note: there are no more copies than chance explains."""
        return self.n_groups > 0

    def take(self, rows: np.ndarray) -> Copies:
        """Which of these rows are copies of each other."""
        return Copies(*_counted(self.groups[rows]), self.note)


def find_copies(dataset: Dataset, *, seed: int = 0, most_near: int | None = None) -> Copies:
    """Find exact and near copies among all rows; labels are not looked at.

    Tables: numeric columns are divided by their standard deviation, categorical ones and the pattern of missing
    values must be equal; one column may differ as a whole (of more than twelve columns: two). Images: identical
    pixels, nearly so after reduction to at most 16 x 16 by averaging, or the same picture shifted, cropped, mirrored or
    with other brightness and colours. Sounds: the same recording shifted, louder or softer, or with a little noise.

    Parameters
    ----------
    dataset : Dataset
    seed : int, default=0
        Of the shuffles that tell what chance explains, and of the search's short cuts.
    most_near : int, optional
        Among so many rows, drawn at random, near-copies are looked for; equal rows among all. Default: all rows.

    Returns
    -------
    Copies

    Examples
    --------
    >>> from heldout.data import load
    >>> find_copies(load("digits")).n_copies
    0
    """
    if len(dataset) == 0:
        return _copies(np.arange(0), "")
    generator = np.random.Generator(np.random.PCG64(seed))
    if dataset.kind == "table":
        return _copies_in_table(dataset.x, generator, most_near)
    if dataset.kind == "images":
        return _copies_among_images(dataset.x, generator, most_near)
    return _copies_among_sounds(dataset, generator, most_near)


def _copies_in_table(frame: pd.DataFrame, generator: np.random.Generator, most_near: int | None) -> Copies:
    from heldout.look.odd_columns import odd_copies

    equal, by_chance = equal_rows(frame, generator)
    if by_chance:
        return _copies(np.arange(len(frame)), by_chance)
    rows = _one_of_each(equal, generator, most_near)
    points, keys = Scaled(frame.iloc[rows]).points(range(frame.shape[1]), np.arange(len(rows)))
    groups = _spread(equal, rows, near_points(points, keys, generator))
    odd = odd_copies(frame, groups, generator)
    what = (
        f"identical, or within {TABLE_SCALES[0]} standard deviations per column (root mean square) and at least "
        f"{GAP:g} times as far from all others"
    )
    if odd.columns:
        n_odd = sum(count for _, count in odd.columns)
        what += f"; {n_odd:,} differences in whole columns were passed over, most in {odd.columns[0][0]!r}"
    return _copies(odd.groups, what)


def _copies_among_images(images: np.ndarray, generator: np.random.Generator, most_near: int | None) -> Copies:
    from heldout.look.copies_images import WHAT, equal_images, near_images
    from heldout.look.copies_views import view_pairs

    equal = equal_images(images)
    rows = _one_of_each(equal, generator, most_near)
    groups = _spread(equal, rows, near_images(images, rows, generator))
    one_of_each = np.unique(groups, return_index=True)[1]
    one_of_each = one_of_each[np.isin(one_of_each, rows)]
    a, b = view_pairs(images, one_of_each, generator)
    what = WHAT
    if len(a):
        what += f"; {len(a):,} pairs are the same picture shifted, cropped, mirrored or recoloured"
    return _copies(join_pairs(groups, a, b), what)


def _copies_among_sounds(data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
    from heldout.look.copies_sounds import WHAT, equal_sounds, sound_pairs

    equal = equal_sounds(data.x)
    a, b = sound_pairs(data, _one_of_each(equal, generator, most_near), generator)
    return _copies(join_pairs(equal, a, b), WHAT)


def _one_of_each(groups: np.ndarray, generator: np.random.Generator, most: int | None) -> np.ndarray:
    """The first row of each group, or so many of them at random, in order."""
    first = np.unique(groups, return_index=True)[1]
    if most is not None and len(first) > most:
        first = generator.permutation(first)[:most]
    return np.sort(first)


def _spread(groups: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The groups, with those joined whose rows have one number in ``found``."""
    first = np.unique(found, return_index=True)[1]
    number = np.unique(found, return_inverse=True)[1]
    return join_pairs(groups, rows, rows[first[number]])


def _copies(groups: np.ndarray, what: str) -> Copies:
    numbered, n_copies, n_groups = _counted(groups)
    if n_groups:
        many = f"{n_groups} groups" if n_groups > 1 else "one group"
        what = (
            f"{n_copies} of {len(groups)} rows are copies or near-copies of others ({what}); they form {many}, "
            "and a group is never split between training and test or between folds."
        )
    elif not what.endswith("."):
        what = ""
    return Copies(numbered, n_copies, n_groups, what)


def _counted(groups: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Groups numbered from 0 by first appearance, rows in groups of two or more, and such groups."""
    numbered = pd.factorize(groups)[0].astype(np.int64)
    sizes = np.bincount(numbered)
    return numbered, int(sizes[sizes > 1].sum()), int((sizes > 1).sum())
