"""What comes before cross-validation: find copies, split, and seal; or find the split of a run that goes on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import DataError, LeakageError
from heldout.kinds.copies.find import find_copies
from heldout.kinds.copies.groups import Copies
from heldout.run.rows import (
    FoundRows,
    digests_of,
    find_rows_of,
    seal_rows,
    split_of,
    with_groups_of,
)
from heldout.run.settings import TrainSettings
from heldout.run.split import CopiesRecord, RunSplit
from heldout.select.folds import choose_test, fold_notes, require_rows_for_folds
from heldout.split.partition import join_groups
from heldout.split.sealed import SealedTest


@dataclass(frozen=True)
class Prepared:
    """The data, split and sealed: what training may see, and what it may not.

    Attributes
    ----------
    train : Dataset
        With declared and detected groups together.
    sealed : SealedTest
    split : RunSplit
        What was decided.
    copies : Copies or None
        Among the training rows; None in a run that goes on.
    """

    train: Dataset
    sealed: SealedTest
    split: RunSplit
    copies: Copies | None = None


def prepare(data: Dataset, settings: TrainSettings) -> Prepared:
    """Find copies, split as the settings say with whole groups, and seal the test part.

    A test part that came with the data stays as it is; training rows that share a group with it are left out.

    Raises
    ------
    LabelError, LeakageError
        If the data cannot be split.
    """
    digests = digests_of(data)
    copies = find_copies(data, seed=settings.seed)
    groups = join_groups(data.groups, copies.groups)
    notes = [*data.notes, *([copies.note] if copies.note else [])]
    declared = data.declared_names
    data = dataclasses.replace(data, groups=groups, group_names=())  # joined groups have no names
    chosen = choose_test(data, digests.content, settings, declared)
    is_test, left_out = chosen.is_test, np.zeros(len(data), bool)
    notes += chosen.notes
    if chosen.given:
        left_out = ~is_test & np.isin(groups, groups[is_test])
        if left_out.any():
            notes.append(_leak_note(data, left_out, is_test))
    require_rows_for_folds(data, is_test, left_out, settings.folds)
    notes += fold_notes(data, ~is_test & ~left_out, settings)
    split = split_of(data, digests, is_test=is_test, left_out=left_out, copies=copies, notes=notes)
    trained = np.flatnonzero(~is_test & ~left_out)
    found = FoundRows(trained, np.flatnonzero(is_test), np.flatnonzero(left_out), groups)
    train, sealed = seal_rows(data, found, digests.content)
    return Prepared(train, sealed, split, copies.take(trained))


def prepare_again(data: Dataset, settings: TrainSettings, split: RunSplit, *, where: str) -> Prepared:
    """Take the split that a run began with; ``where`` is the path of its file.

    Raises
    ------
    DataError
        If the data have changed, or their rows have moved.
    """
    digests = digests_of(data)
    if digests.fingerprint != split.fingerprint:
        raise DataError(
            "the data have changed since this run began",
            where=settings.data,
            fix="start a new run with another --out",
        )
    found = find_rows_of(split, data, digests, where=where)
    if not found.in_order:
        raise DataError(
            "the rows are in a different order than when this run began",
            where=settings.data,
            fix="restore their order, or start a new run with another --out",
        )
    if split.copies is None:  # begun by a version that did not keep them
        copies = find_copies(data, seed=settings.seed)
        notes = (*data.notes, *([copies.note] if copies.note else []))
        split = dataclasses.replace(split, copies=CopiesRecord.of(copies), notes=notes)
    data = with_groups_of(split, data, found, seed=settings.seed)
    return Prepared(*seal_rows(data, found, digests.content), split)


def _leak_note(data: Dataset, left_out: np.ndarray, is_test: np.ndarray) -> str:
    n, first = int(left_out.sum()), data.ids[np.flatnonzero(left_out)[0]]
    missing = set(np.unique(data.y[~is_test])) - set(np.unique(data.y[~is_test & ~left_out]))
    if missing or n > 0.5 * int((~is_test).sum()):
        raise LeakageError(
            f"{n} of {int((~is_test).sum())} training rows share a group with the test part that came with the data",
            where=str(first),
            fix="merge the train and test folders, and let heldout split them by group",
        )
    return (
        f"{n} training rows are left out, because they are copies of rows of the test part that came with the data, "
        f"or share a group with them (first: {first})"
    )
