"""What a dataset is: rows, their labels, and where each row came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from heldout.data.rows import take_rows


class LeftOut(StrEnum):
    """Why a column of a table is no feature; the value says it in words."""

    CONSTANT = "the same value in every row"
    TEXT_ID = "text that differs in every row, as ids do"
    NUMBERS_ROWS = "numbers the rows"


@dataclass(frozen=True)
class Skipped:
    """A file or row that was left out, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """Labelled rows of one kind.

    Attributes
    ----------
    name : str
        What the user called it: a dataset's name, or the last part of its path.
    kind : str
        Name of a kind of `heldout.kinds.registry.KINDS`: ``"table"``, ``"images"``, ``"sounds"``.
    x : pandas.DataFrame or numpy.ndarray
        Rows first. Tables are a DataFrame: float64 columns are numeric, columns of str (missing: None) are
        categorical. Images are uint8, (n_rows, height, width, channels), possibly memory-mapped.
    y : int64 array, shape (n_rows,)
        Position of each row's label in `classes`.
    classes : tuple of str
        Sorted labels, as text exactly as written.
    ids : array of str, shape (n_rows,)
        The file's path within the data folder, or the row number in the file (from 0).
    groups : int64 array, shape (n_rows,), or None
        Rows of one group (source recording, patient) never cross a split. None: none were declared.
    official_test : bool array, shape (n_rows,), or None
        The rows of the test part that the data came with (``test/`` folder, MNIST's 10,000).
    folds : int64 array, shape (n_rows,), or None
        The folds that the data came with (column ``fold``, the five of ESC-10), numbered from 0 in the order of their
        names.
    time : float64 array, shape (n_rows,), or None
        When each row was taken: seconds since 1970, or the numbers of the time column as they are.
    left_out : mapping of str to LeftOut
        Columns of the table that are no features, and why.
    group_names : tuple of str
        Name of each number in `groups`, where it has one; by it a group is known again when the data have grown.
    origin : mapping
        Everything needed to load it again: ``{"data": path or name, "target": ..., "group": ...}``.
    input : mapping
        How one new input becomes a row of `x`, as plain JSON: columns and their kinds, or image size and mode.
        It goes into the bundle, so that prediction needs nothing else.
    skipped : tuple of Skipped
        Files that could not be used.
    notes : tuple of str
        Sentences that a person should read (rules applied, surprises met).
    """

    name: str
    kind: str
    x: Any
    y: np.ndarray
    classes: tuple[str, ...]
    ids: np.ndarray
    groups: np.ndarray | None = None
    official_test: np.ndarray | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    folds: np.ndarray | None = None
    time: np.ndarray | None = None
    group_names: tuple[str, ...] = ()
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def declared_names(self) -> list[str] | None:
        """Name of each row's declared group, or None if groups have no names."""
        if self.groups is None or not self.group_names:
            return None
        return [self.group_names[number] for number in self.groups.tolist()]

    def take(self, rows: np.ndarray) -> Dataset:
        """The dataset of these rows only (positions, in this order); classes stay the same."""
        return replace(
            self,
            x=take_rows(self.x, rows),
            y=self.y[rows],
            ids=self.ids[rows],
            groups=None if self.groups is None else self.groups[rows],
            official_test=None if self.official_test is None else self.official_test[rows],
            folds=None if self.folds is None else self.folds[rows],
            time=None if self.time is None else self.time[rows],
        )
