"""Which rows of DATA an earlier run trained on, validated with, or sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import DataError, SettingError
from heldout.kinds.registry import kind_of
from heldout.run.folder import RunFolder
from heldout.run.identity import match_rows, short
from heldout.run.rows import all_groups
from heldout.run.settings import settings_of_run
from heldout.run.split import RunSplit, read_split


@dataclass(frozen=True)
class PartOfRun:
    """Rows of one part of a run, in data that may hold more.

    Attributes
    ----------
    data : Dataset
        All of it.
    rows : int64 array
        Positions of the part's rows.
    groups : int64 array, same shape
        Which of them belong together, as the run had it.
    """

    data: Dataset
    rows: np.ndarray
    groups: np.ndarray


def part_of_run(
    run: str,
    source: str,
    part: str,
    *,
    fold: int | None = None,
    given: Mapping[str, Any],
    progress: Callable[[int, int, str], None] | None = None,
) -> PartOfRun:
    """Load DATA as the run did, and find the rows of one of its parts by their content.

    Parameters
    ----------
    run, source : str
        Run folder; data.
    part : 'train', 'validation' or 'sealed'
    fold : int, optional
        Counted from 1, of the first repeat: the part is then that fold's.
    given : mapping
        Keywords of `heldout.load`; those of the run where they are None.

    Raises
    ------
    DataError
        If the rows of the run are not in DATA.
    SettingError
        If the part needs a fold that is not named or not there.
    """
    from heldout.kinds.loading import load

    folder = RunFolder(run).require_run()
    settings = settings_of_run(folder)
    used: dict[str, Any] = {
        key: getattr(settings, key, None) if value is None else value for key, value in given.items()
    }
    data = load(source, progress=progress, **used, **settings.columns())
    split = read_split(folder)
    digests = short(kind_of(data).content_digests(data))
    sealed = match_rows(digests, split.test_content)
    if len(sealed) < len(split.test):
        raise _other_data(run, source, len(split.test) - len(sealed), "sealed")
    groups = _Groups(split, data, settings.seed)
    if part == "sealed":
        return PartOfRun(data, np.sort(sealed), groups.of("test", sealed))
    others = np.setdiff1d(np.arange(len(data)), sealed)
    train = others[match_rows(digests[others], split.train_content)]
    if len(train) < len(split.train):
        raise _other_data(run, source, len(split.train) - len(train), "training")
    own = groups.of("train", train)
    train = np.sort(train)
    if fold is None:
        if part == "validation":
            raise SettingError("validation rows belong to a fold", where="--part", fix="name it: --fold 1")
        return PartOfRun(data, train, own)
    is_validation = np.isin(np.asarray(data.ids)[train].astype(str), _validation_ids(folder, fold))
    if not is_validation.any():
        raise DataError("DATA does not contain the rows of this fold", where=run, fix="give the run's DATA")
    wanted = is_validation == (part == "validation")
    return PartOfRun(data, train[wanted], own[wanted])


@dataclass(frozen=True)
class _Groups:
    """The groups that a run kept; those of a run that keeps none are found anew."""

    split: RunSplit
    data: Dataset
    seed: int

    def of(self, part: str, rows: np.ndarray) -> np.ndarray:
        """Groups of a part's rows in ascending order; ``rows`` are in the order of the part."""
        if self.split.groups is None:
            return all_groups(self.data, self.seed)[np.sort(rows)]
        numbers = np.asarray(self.split.groups[part]) if self.split.groups else np.arange(len(rows))
        return numbers[np.argsort(rows)]


def _validation_ids(folder: RunFolder, fold: int) -> list[str]:
    folds = [found for found in folder.read_json("folds.json")["folds"] if found["repeat"] == 0]
    wanted = [found["validation"] for found in folds if found["fold"] == fold - 1]
    if not wanted:
        raise SettingError(f"the run has only {len(folds)} folds", where="--fold", fix=f"from 1 to {len(folds)}")
    ids: list[str] = wanted[0]
    return ids


def _other_data(run: str, source: str, n: int, which: str) -> DataError:
    return DataError(
        f"{n:,} of the {which} rows of {run} are missing from these data",
        where=source,
        fix="give the data that the run was trained on, unchanged",
    )
