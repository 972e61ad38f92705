"""Which rows of a data set get copies, what the files are called, and to which group each belongs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heldout.augment.drawing import Draws, draw
from heldout.augment.operations import Step
from heldout.augment.sources import pair_groups, tied_groups
from heldout.data.dataset import Dataset
from heldout.errors import SettingError

_RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}


@dataclass(frozen=True)
class Plan:
    """What will be made of a data set, before any of it is.

    Attributes
    ----------
    draws : Draws
        Of every row; those of rows without copies are not used.
    copied : bool array, shape (n_rows,)
        Which rows get copies.
    originals : bool
        Whether the originals are written, too.
    group_names : list of str
        Name of the group of each row and its copies; mixtures have tied groups together.
    """

    draws: Draws
    copied: np.ndarray
    originals: bool
    group_names: list[str]

    @property
    def n_new(self) -> int:
        """Number of new samples."""
        return int(self.copied.sum()) * self.draws.copies

    @property
    def n_samples(self) -> int:
        """Number of samples in all."""
        return self.n_new + (len(self.copied) if self.originals else 0)


def make_plan(
    data: Dataset,
    operations: Sequence[Step],
    *,
    copies: int,
    seed: int,
    originals: bool = True,
    only: Sequence[str] | None = None,
    groups: np.ndarray | None = None,
) -> Plan:
    """Draw what each copy undergoes, and say which groups follow.

    Parameters
    ----------
    data : Dataset
        Only the rows that may be augmented.
    operations : sequence of Step
    copies, seed : int
    originals : bool, default=True
    only : sequence of str, optional
        Classes that get copies; default: all.
    groups : int array, shape (n_rows,), optional
        Default: those of the data; without any, each row is a group of its own.

    Raises
    ------
    SettingError
        If a class is not there or nothing would be written.
    """
    copied = np.isin(data.y, _class_numbers(data, only))
    if copies < 0 or (copies == 0 and not originals):
        raise SettingError(f"{copies} copies{'' if originals else ' and no originals'}", fix="--copies 9")
    start = groups if groups is not None else data.groups
    start = np.arange(len(data)) if start is None else np.unique(start, return_inverse=True)[1]
    pool = mixing_pool(data, start, seed)
    draws = draw(operations, len(data), copies, seed, pool=np.where(copied, pool, -1 - np.arange(len(data))))
    partner = draws.mixed()[:, copied]
    source = np.broadcast_to(np.flatnonzero(copied), partner.shape)
    tied = tied_groups(start, source.ravel(), partner.ravel())
    return Plan(draws, copied, originals, name_groups(data, tied))


def mixing_pool(data: Dataset, groups: np.ndarray, seed: int) -> np.ndarray:
    """Rows of one class in one pair of groups; groups of different published folds are never paired."""
    sort = data.y if data.folds is None else data.y + data.n_classes * data.folds
    pair = pair_groups(groups, sort, seed)
    pool: np.ndarray = np.unique(np.stack([pair, sort]), axis=1, return_inverse=True)[1].ravel()
    return pool


def _class_numbers(data: Dataset, only: Sequence[str] | None) -> list[int]:
    if only is None:
        return list(range(data.n_classes))
    unknown = [name for name in only if name not in data.classes]
    if unknown:
        raise SettingError(
            f"Unknown class {unknown[0]!r}",
            where="--only-classes",
            fix=f"one of {', '.join(map(repr, data.classes[:20]))}",
        )
    return [data.classes.index(name) for name in only]


def name_groups(data: Dataset, groups: np.ndarray) -> list[str]:
    """Give each group the name of the declared group, or else of the row, that comes first in it."""
    first = np.unique(groups, return_index=True)[1]
    back = np.unique(groups, return_inverse=True)[1]
    if data.groups is None:
        names = [str(data.ids[row]) for row in first]
    else:
        known = dict(enumerate(data.group_names))
        names = [known.get(int(data.groups[row]), f"group {int(data.groups[row])}") for row in first]
    return [names[number] for number in back.tolist()]


def folder_names(classes: Sequence[str]) -> list[str]:
    """A folder's name for each class that every file system takes, different without regard to case."""
    taken: set[str] = set()
    names = []
    for number, label in enumerate(classes):
        plain = unicodedata.normalize("NFKC", label)
        slug = re.sub(r"[^\w-]+", "_", plain)[:60].strip("_") or "class"
        if slug.casefold() in taken | _RESERVED or len(slug.encode()) > 200:
            slug = f"{slug[:40]}_{number}"
        taken.add(slug.casefold())
        names.append(slug)
    return names


def file_name(folder: str, row: int, copy: int, suffix: str) -> str:
    """Where a sample lies: copy 0 is the original."""
    return f"{folder}/{row:06d}-{copy:02d}.{suffix}"
