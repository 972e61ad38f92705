"""The rows of a run, found again in its data: by where they stood, or else by their content."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.fingerprint import row_digests
from heldout.data.groups import number_groups
from heldout.errors import ArtifactError
from heldout.kinds.copies.find import find_copies
from heldout.kinds.copies.groups import Copies
from heldout.kinds.registry import kind_of
from heldout.run.identity import match_rows, short
from heldout.run.split import FILE, PARTS, CopiesRecord, RunSplit
from heldout.split.partition import join_groups
from heldout.split.sealed import SealedTest, seal
from heldout.split.sketch import fingerprint_of


@dataclass(frozen=True)
class Digests:
    """What each row of a data set is known by.

    Attributes
    ----------
    rows : array of str, shape (n_rows,)
        Of content and label (`short`).
    content : array of bytes, shape (n_rows,)
        Of the content alone, numbers rounded.
    fingerprint : str
        Of all rows, in any order.
    """

    rows: np.ndarray
    content: np.ndarray
    fingerprint: str


def digests_of(data: Dataset) -> Digests:
    """Digest every row."""
    digests = row_digests(data)
    return Digests(short(digests), kind_of(data).content_digests(data), fingerprint_of(digests))


@dataclass(frozen=True)
class FoundRows:
    """Rows of a data set that are those of a run.

    Attributes
    ----------
    train, test, left_out : int64 arrays
        Positions, ascending.
    groups : int64 array, shape (n_rows,), or None
        As the run had them; None if it keeps none (a run of schema 1).
    in_order : bool
        Whether the rows of each part follow each other as they did when the run began.
    """

    train: np.ndarray
    test: np.ndarray
    left_out: np.ndarray
    groups: np.ndarray | None
    in_order: bool = True


def split_of(
    data: Dataset,
    digests: Digests,
    *,
    is_test: np.ndarray,
    left_out: np.ndarray,
    copies: Copies,
    notes: Sequence[str],
) -> RunSplit:
    """Write down a split; ``data.groups`` holds declared and detected groups together."""
    assert data.groups is not None, "the job joins declared and detected groups before the split"
    rows = {"train": ~is_test & ~left_out, "test": is_test, "left_out": left_out}
    ids = np.asarray(data.ids).astype(str)
    content = short(digests.content)
    numbers = number_groups(data.groups)
    shared = len(data) > 0 and int(numbers.max()) + 1 < len(data)
    return RunSplit(
        **{part: ids[own].tolist() for part, own in rows.items()},
        test_digests=digests.rows[is_test].tolist(),
        left_out_digests=digests.rows[left_out].tolist(),
        train_content=content[rows["train"]].tolist(),
        test_content=content[is_test].tolist(),
        fingerprint=digests.fingerprint,
        groups={part: numbers[own].tolist() for part, own in rows.items()} if shared else {},
        copies=CopiesRecord.of(copies),
        notes=tuple(notes),
    )


def find_rows_of(split: RunSplit, data: Dataset, digests: Digests, *, where: str = FILE) -> FoundRows:
    """Find the rows of a run in the data set that it was trained on, however these are sorted and named by now.

    Raises
    ------
    ArtifactError
        If the split does not fit the data; ``where`` names it.
    """
    places = _where_they_were(split, data, digests) or _by_content(split, digests)
    if any(len(rows) < len(getattr(split, part)) for part, rows in places.items()):
        raise ArtifactError(
            "its rows are not those that this run sealed and trained on", where=where, fix="train again"
        )
    groups = None if split.groups is None else _groups_at(split.groups, places, len(data))
    in_order = all((np.diff(rows) > 0).all() for rows in places.values())
    train, test, left_out = (np.sort(places[part]) for part in PARTS)
    return FoundRows(train, test, left_out, groups, in_order)


def with_groups_of(split: RunSplit, data: Dataset, found: FoundRows, *, seed: int) -> Dataset:
    """The data with the groups that the run had.

    A run of schema 1 keeps none: declared groups are joined with copies that are searched for anew, and a group that
    would have rows on both sides counts as two, since the split was honest when it was made.
    """
    groups = found.groups
    if groups is None:
        is_test = np.zeros(len(data), bool)
        is_test[found.test] = True
        groups = number_groups(2 * number_groups(all_groups(data, seed)) + is_test)
    return dataclasses.replace(data, groups=groups, group_names=())


def all_groups(data: Dataset, seed: int) -> np.ndarray:
    """Declared and detected groups together."""
    return join_groups(data.groups, find_copies(data, seed=seed).groups)


def seal_rows(data: Dataset, found: FoundRows, content: np.ndarray) -> tuple[Dataset, SealedTest]:
    """The training rows, and the sealed ones; rows that are left out are in neither."""
    kept = np.sort(np.concatenate([found.train, found.test]))
    return seal(data.take(kept), np.flatnonzero(np.isin(kept, found.test)), digests=content[kept])


def _where_they_were(split: RunSplit, data: Dataset, digests: Digests) -> dict[str, np.ndarray] | None:
    """Positions of each part's ids, in their order, if the rows of these ids are still the same."""
    position = {name: row for row, name in enumerate(np.asarray(data.ids).astype(str).tolist())}
    named = [*split.train, *split.test, *split.left_out]
    if len(position) < len(data) or set(named) != position.keys() or len(named) != len(data):
        return None
    places = {part: np.array([position[name] for name in getattr(split, part)], np.int64) for part in PARTS}
    same = (
        np.array_equal(digests.rows[places["test"]], split.test_digests)
        and np.array_equal(digests.rows[places["left_out"]], split.left_out_digests)
        and np.array_equal(short(digests.content[places["train"]]), split.train_content)
    )
    return places if same else None


def _by_content(split: RunSplit, digests: Digests) -> dict[str, np.ndarray]:
    """Positions of each part's digests, in their order; rows of one digest are equal."""
    test = match_rows(digests.rows, split.test_digests)
    others = np.setdiff1d(np.arange(len(digests.rows)), test)
    left_out = others[match_rows(digests.rows[others], split.left_out_digests)]
    others = np.setdiff1d(others, left_out)
    train = others[match_rows(short(digests.content[others]), split.train_content)]
    return {"train": train, "test": test, "left_out": left_out}


def _groups_at(groups: Mapping[str, Sequence[int]], places: Mapping[str, np.ndarray], n_rows: int) -> np.ndarray:
    """Group of each row of the data; without groups each row is its own."""
    found = np.arange(n_rows)
    for part, rows in places.items() if groups else ():
        found[rows] = groups[part]
    return found
