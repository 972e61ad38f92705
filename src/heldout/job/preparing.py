"""What comes before cross-validation: load, find copies, split, and seal."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import LeakageError
from heldout.kinds.copies.groups import Copies
from heldout.run.identity import short
from heldout.run.settings import TrainSettings
from heldout.split.sealed import SealedTest


def load_data(settings: TrainSettings, progress: Callable[[int, int, str], None] | None) -> Dataset:
    """Load what the settings name."""
    from heldout.kinds.loading import load

    return load(settings.data, progress=progress, **settings.loading(), **settings.columns())


@dataclass
class Prepared:
    """The data, split and sealed: what training may see, and what it may not."""

    train: Dataset
    sealed: SealedTest
    fingerprint: str
    digests: np.ndarray
    content: np.ndarray
    is_test: np.ndarray
    ids: np.ndarray
    n_rows: int
    left_out: np.ndarray
    notes: tuple[str, ...]
    copies: Copies
    """Of all rows."""
    kept: np.ndarray
    """Positions of the training rows among all."""


def prepare(data: Dataset, settings: TrainSettings) -> Prepared:
    """Find copies, split as the settings say with whole groups, and seal the test part.

    A test part that came with the data stays as it is; training rows that share a group with it are left out.

    Raises
    ------
    LabelError, LeakageError
        If the data cannot be split.
    """
    from heldout.data.fingerprint import row_digests
    from heldout.kinds.copies.find import find_copies
    from heldout.kinds.registry import kind_of
    from heldout.select.folds import choose_test, fold_notes, require_rows_for_folds
    from heldout.split.partition import join_groups
    from heldout.split.sealed import seal
    from heldout.split.sketch import fingerprint_of

    digests, content = row_digests(data), kind_of(data).content_digests(data)
    copies = find_copies(data, seed=settings.seed)
    groups = join_groups(data.groups, copies.groups)
    notes = [*data.notes, *([copies.note] if copies.note else [])]
    declared = data.declared_names
    data = dataclasses.replace(data, groups=groups, group_names=())  # joined groups have no names
    chosen = choose_test(data, content, settings, declared)
    is_test, left_out = chosen.is_test, np.zeros(len(data), bool)
    notes += chosen.notes
    if chosen.given:
        left_out = ~is_test & np.isin(groups, groups[is_test])
        if left_out.any():
            notes.append(_leak_note(data, left_out, is_test))
    require_rows_for_folds(data, is_test, left_out, settings.folds)
    notes += fold_notes(data, ~is_test & ~left_out, settings)
    kept = np.flatnonzero(~left_out)
    train, sealed = seal(data.take(kept), np.flatnonzero(is_test[kept]), digests=content[kept])
    return Prepared(
        train,
        sealed,
        fingerprint_of(digests),
        short(digests),
        short(content),
        is_test,
        data.ids,
        len(data),
        left_out,
        tuple(notes),
        copies,
        kept[~is_test[kept]],
    )


def _leak_note(data: Dataset, left_out: np.ndarray, is_test: np.ndarray) -> str:
    n, first = int(left_out.sum()), data.ids[np.flatnonzero(left_out)[0]]
    missing = set(np.unique(data.y[~is_test])) - set(np.unique(data.y[~is_test & ~left_out]))
    if missing or n > 0.5 * int((~is_test).sum()):
        raise LeakageError(
            f"{n} of {int((~is_test).sum())} training rows share a group with the test part that came with the data",
            where=str(first),
            fix="put the train and test folders together and let heldout split them by group",
        )
    return (
        f"{n} training rows are left out, because they are copies of rows of the test part that came with the data, "
        f"or share a group with them (first: {first})"
    )
