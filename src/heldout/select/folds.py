"""From the settings to test rows and folds: the ways of `heldout.split`, with the notes that a person should read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import DataError, LabelError, SettingError
from heldout.run.folder import RunFolder
from heldout.run.settings import TrainSettings
from heldout.split.partition import Fold, folds, split_off_test
from heldout.split.record import SplitRecord, load_split, save_split
from heldout.split.validation import leave_one_group_out, published_folds
from heldout.split.words import SplitWord, parse_split
from heldout.wording import plural

REPEATS_UP_TO_ROWS = 1000


@dataclass(frozen=True)
class TestRows:
    """Which rows to seal. `given`: they came with the data, so that rows of their groups are left out of training."""

    is_test: np.ndarray
    given: bool
    notes: tuple[str, ...] = ()


def choose_test(
    data: Dataset, content: np.ndarray, settings: TrainSettings, declared: list[str] | None = None
) -> TestRows:
    """Choose the rows to seal; `data.groups` holds declared and detected groups together.

    Parameters
    ----------
    data : Dataset
    content : array of bytes, shape (n_rows,)
        Digest of each row without its label.
    settings : TrainSettings
    declared : list of str, optional
        Name of each row's declared group.

    Raises
    ------
    SettingError, DataError, LabelError
        If the data have not what the split goes by, or a class would have no row to learn from.
    """
    groups = data.groups
    assert groups is not None, "the job joins declared and detected groups before the split"
    word = parse_split(settings.split or ("class" if data.official_test is None else "published"))
    if word.way == "class":
        rows = _by_class(data, settings)
        found = TestRows(_mask(data, rows), False)
    elif word.way in ("published", "column"):
        found = _published(data, word.way)
    else:
        found = _other_way(data, word, content, settings, declared)
    return _checked(data, found)


def _by_class(data: Dataset, settings: TrainSettings) -> np.ndarray:
    assert data.groups is not None
    try:
        return split_off_test(data.y, data.groups, share=settings.test_share, seed=settings.seed, names=data.classes)[1]
    except LabelError as error:
        raise LabelError(error.what, where=error.where or place_of(data), fix=error.fix) from None


def _published(data: Dataset, way: str) -> TestRows:
    if data.official_test is not None:
        return TestRows(np.asarray(data.official_test, bool), True)
    if way == "column" or data.folds is None:
        raise SettingError(
            "the data came with no split: there is neither a test part nor a column fold",
            where="--split " + way,
            fix="use --split class, or lay the images out as train/CLASS and test/CLASS",
        )
    last = int(data.folds.max())
    note = f"the last of the {last + 1} folds that came with the data is sealed as the test part"
    return TestRows(data.folds == last, True, (note,))


def _other_way(
    data: Dataset, word: SplitWord, content: np.ndarray, settings: TrainSettings, declared: list[str] | None
) -> TestRows:
    from heldout.split.ways import split_at_random, split_by_hash, split_by_time

    (way, by), groups = word, data.groups
    assert groups is not None
    shares = {"train": 1 - settings.test_share, "test": settings.test_share}
    if way == "random":
        return TestRows(_mask(data, split_at_random(groups, shares=shares, seed=settings.seed)["test"]), False)
    if way == "hash":
        keys = _hash_keys(data, by, content, declared)
        return TestRows(_mask(data, split_by_hash(keys, groups, shares=shares, seed=settings.seed)["test"]), False)
    if way == "time":
        if data.time is None:
            raise SettingError("the data have no times", where="--split time", fix="--split time:COL, for a table")
        note = (
            "the test rows are the latest; folds are drawn by class and not by time, so expect cross-validated scores "
            "to be kinder than the test"
        )
        return TestRows(_mask(data, split_by_time(data.time, groups, shares=shares)["test"]), False, (note,))
    return _from_file(data, Path(by))


def _hash_keys(data: Dataset, by: str, content: np.ndarray, named: list[str] | None) -> list[str | bytes]:
    """What each row is known by: its group's name if groups were declared, else its content."""
    if by == "group" and named is None:
        raise SettingError("no groups were declared to hash by", where="--split hash:group", fix="--group COL")
    if by == "id":
        return [str(name) for name in data.ids]
    if named is None or by == "content":
        return [bytes(digest) for digest in content]
    return list(named)


def _from_file(data: Dataset, path: Path) -> TestRows:
    split = load_split(path, data.ids)
    if "test" not in split.parts:
        raise DataError("it has no part named test", where=str(path), fix="give a split with train and test")
    return TestRows(_mask(data, split.parts["test"]), True)


def _mask(data: Dataset, rows: np.ndarray) -> np.ndarray:
    is_test = np.zeros(len(data), bool)
    is_test[rows] = True
    return is_test


def _checked(data: Dataset, found: TestRows) -> TestRows:
    """Both sides have rows, and no class is in the test part only; a class that it lacks is said."""
    n_test = int(found.is_test.sum())
    if n_test in (0, len(data)):
        raise DataError(
            f"{n_test:,} of {len(data):,} rows would be sealed, which leaves one side empty",
            where=place_of(data),
            fix="use --split class, or another --test-share or --seed",
        )
    seen = np.bincount(data.y[~found.is_test], minlength=data.n_classes)
    held = np.bincount(data.y[found.is_test], minlength=data.n_classes)
    only = [data.classes[c] for c in np.flatnonzero((seen == 0) & (held > 0))]
    if only:
        raise LabelError(
            f"{len(only)} of {data.n_classes} classes have rows in the test part only (first: {only[0]!r})",
            where=place_of(data),
            fix="use --split class, or leave these classes out",
        )
    lacking = [data.classes[c] for c in np.flatnonzero((seen > 0) & (held == 0))]
    if lacking:
        shown = ", ".join(repr(name) for name in lacking[:5])
        note = f"the test part has no row of {len(lacking)} of {data.n_classes} classes ({shown})"
        return TestRows(found.is_test, found.given, (*found.notes, note))
    return found


def require_rows_for_folds(data: Dataset, is_test: np.ndarray, left_out: np.ndarray, n_folds: int | str) -> None:
    """Make sure that each class has rows and groups enough for the folds, counting all rows and not only those left.

    Raises
    ------
    LabelError
        Naming the file, the column, and what was sealed.
    """
    if not isinstance(n_folds, int):
        return
    assert data.groups is not None
    stays = ~is_test & ~left_out
    pairs = np.unique(np.stack([data.y[stays], data.groups[stays]]), axis=1)[0]
    n_groups = np.bincount(pairs, minlength=data.n_classes)
    small = np.flatnonzero((n_groups < n_folds) & (np.bincount(data.y, minlength=data.n_classes) > 0))
    if len(small) == 0:
        return
    c = int(small[np.argmin(n_groups[small])])
    mine = data.y == c
    total, sealed, rows = int(mine.sum()), int((mine & is_test).sum()), int((mine & stays).sum())
    which = plural(rows, "row") if n_groups[c] == rows else f"{plural(rows, 'row')} in {int(n_groups[c])} groups"
    fewer = f", or use --folds {int(n_groups[c])}" if n_groups[c] >= 2 else ""
    n_more = len(small) - 1
    more = f"; {n_more} more {'class is' if n_more == 1 else 'classes are'} too small as well" if n_more else ""
    raise LabelError(
        f"class {data.classes[c]!r} has {plural(total, 'row')}, of which {sealed} {'is' if sealed == 1 else 'are'} "
        f"sealed as test; the {which} left are too few for {n_folds} folds{more}",
        where=place_of(data),
        fix=f"collect more rows of that class, leave it out, or merge it with another{fewer}",
    )


def fold_notes(data: Dataset, stays: np.ndarray, settings: TrainSettings) -> list[str]:
    """What to say about published folds: rows that had to move to keep groups whole."""
    if settings.folds != "published" or data.folds is None or data.groups is None:
        return []
    n_moved = published_folds(data.y[stays], data.groups[stays], data.folds[stays], names=data.classes)[1]
    if not n_moved:
        return []
    return [
        f"{plural(n_moved, 'row')} moved to another of the published folds, because copies or groups were in several"
    ]


def place_of(data: Dataset) -> str:
    """The file, and the column of its labels where there is one."""
    target = data.origin.get("target")
    where = str(data.origin.get("data") or data.name)
    return f"{where}, column {target!r}" if target else where


def cross_validation(data: Dataset, rows: np.ndarray, settings: TrainSettings) -> list[Fold]:
    """The folds of these rows of the training part, as positions among them.

    Raises
    ------
    SettingError, LabelError
        If the rows do not allow them.
    """
    assert data.groups is not None
    y, groups = data.y[rows], data.groups[rows]
    if settings.folds == "loo-group":
        return leave_one_group_out(y, groups, names=data.classes)
    if settings.folds == "published":
        if data.folds is None:
            raise SettingError(
                "the data came with no folds: there is no column fold",
                where="--folds published",
                fix="use --folds 5, or add a column fold to the table or to labels.csv",
            )
        return published_folds(y, groups, data.folds[rows], names=data.classes)[0]
    repeats = settings.repeats or (3 if len(rows) <= REPEATS_UP_TO_ROWS else 1)
    return folds(y, groups, n_folds=int(settings.folds), repeats=repeats, seed=settings.seed, names=data.classes)


FOLDS = "folds.json"
"""In the run folder: the cross-validated rows and their folds, as `heldout.split.record` writes them."""


def save_folds(
    folder: RunFolder, rows: np.ndarray, parts: list[Fold], settings: TrainSettings, train: Sequence[str]
) -> None:
    """Write the folds of the cross-validated rows, by their ids; ``train`` are those of all training rows."""
    record = SplitRecord({"train": np.arange(len(rows))}, parts, f"folds {settings.folds}", settings.seed)
    save_split(folder.path / FOLDS, record, _fold_ids(train)[rows])


def load_folds(folder: RunFolder, train: Sequence[str]) -> tuple[np.ndarray, list[Fold]]:
    """The cross-validated rows of a run, as positions among its training rows, and the folds, as positions among these.

    Raises
    ------
    ArtifactError, DataError
        If the file is damaged, or names other rows.
    """
    kept = load_split(folder.path / FOLDS, _fold_ids(train))
    rows = kept.parts["train"]
    return rows, [
        (repeat, fold, np.searchsorted(rows, fitted), np.searchsorted(rows, held))
        for repeat, fold, fitted, held in kept.folds
    ]


def _fold_ids(train: Sequence[str]) -> np.ndarray:
    """What the training rows are called: their ids, or their places if ids repeat (a Dataset made by hand)."""
    ids = np.asarray(train, dtype=str)
    return ids if len(np.unique(ids)) == len(ids) else np.arange(len(ids)).astype(str)
