"""Which rows are copies of each other, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.data.groups import join_pairs, number_groups


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


def copies_of(groups: np.ndarray, how: str) -> Copies:
    """Copies by the groups that were found.

    Parameters
    ----------
    groups : int array, shape (n_rows,)
        Copies share a number.
    how : str
        What counted as a copy, for the note.
    """
    numbered, n_copies, n_groups = _counted(groups)
    if not n_groups:
        return Copies(numbered, 0, 0, "")
    many = f"{n_groups} groups" if n_groups > 1 else "one group"
    note = (
        f"{n_copies} of {len(groups)} rows are copies or near-copies of others ({how}); they form {many}, "
        "and a group is never split between training and test or between folds."
    )
    return Copies(numbered, n_copies, n_groups, note)


def no_copies(n_rows: int, note: str = "") -> Copies:
    """Every row stands alone; the note says why, where equal rows were not grouped."""
    return Copies(np.arange(n_rows), 0, 0, note)


def _counted(groups: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Groups numbered from 0 by first appearance, rows in groups of two or more, and such groups."""
    numbered = number_groups(groups)
    sizes = np.bincount(numbered)
    return numbered, int(sizes[sizes > 1].sum()), int((sizes > 1).sum())


def one_of_each(groups: np.ndarray, generator: np.random.Generator, most: int | None) -> np.ndarray:
    """The first row of each group, in order; at most ``most`` of them, drawn at random."""
    first = np.unique(groups, return_index=True)[1]
    if most is not None and len(first) > most:
        first = generator.permutation(first)[:most]
    return np.sort(first)


def spread(groups: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The groups, with those joined whose rows have one number in ``found``."""
    first = np.unique(found, return_index=True)[1]
    number = np.unique(found, return_inverse=True)[1]
    return join_pairs(groups, rows, rows[first[number]])
