"""The whole way: a data set in, an augmented one on disk, which reads back with its groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heldout.augment.operations import Step, parse_operations
from heldout.augment.plan import Plan, make_plan, mixing_pool, name_groups
from heldout.augment.sources import tied_groups
from heldout.augment.staging import Staging
from heldout.augment.writing import (
    SOUND_FORMATS,
    Progress,
    n_jobs,
    table_frame,
    write_images,
    write_sounds,
    write_table,
)
from heldout.data.dataset import Dataset
from heldout.errors import SettingError

_WORTH_IMAGES, _WORTH_SOUNDS = 20_000, 100


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path : Path
    n_originals, n_copies, n_groups : int
    operations : tuple of str
    went_on : bool
        Whether it went on with what a stopped call had begun.
    """

    path: Path
    n_originals: int
    n_copies: int
    n_groups: int
    operations: tuple[str, ...]
    went_on: bool = False


def augment_to_disk(
    data: Dataset,
    out: Path,
    *,
    operations: str | None = None,
    copies: int = 9,
    seed: int = 0,
    originals: bool = True,
    only: Sequence[str] | None = None,
    groups: np.ndarray | None = None,
    fill: str = "edge",
    sound_format: str = "flac",
    best: bool = False,
    overwrite: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write new samples of a data set, and its originals, where `heldout train` reads them with their groups.

    Parameters
    ----------
    data : Dataset
        The rows that may be augmented: of the training part only.
    out : Path
        A folder for images and sounds, a ``.csv`` file for tables.
    operations : str, optional
        See `heldout.augment.operations`.
    copies : int, default=9
        New samples of each row.
    seed : int, default=0
    originals : bool, default=True
        Write them, too.
    only : sequence of str, optional
        Classes that get copies.
    groups : int array, shape (n_rows,), optional
        Default: those of the data.
    fill : {'edge', 'mean', 'zero'}, default='edge'
        Images: what appears where a picture was moved away.
    sound_format : {'flac', 'wav', 'ogg'}, default='flac'
    best : bool, default=False
        Sounds: the slower setting of pitch and stretch.
    overwrite : bool, default=False
        Replace what an earlier call wrote.
    jobs : int, optional
        Processes; default: one for each core, where that pays.
    progress : callable, optional
        Called with (samples done, samples in all, what).

    Raises
    ------
    SettingError
        If `out` is there already or a setting does not fit.
    DiskError
        If there is too little room.
    """
    out = Path(out)
    steps = parse_operations(operations, data.kind)
    _check(data, out, copies, sound_format)
    if data.kind == "table":
        return _write_table(
            data, out, steps, copies=copies, seed=seed, originals=originals, only=only, groups=groups,
            overwrite=overwrite,
        )  # fmt: skip
    plan = make_plan(data, steps, copies=copies, seed=seed, originals=originals, only=only, groups=groups)
    recipe = _recipe(data, plan, seed=seed, only=only, fill=fill, form=sound_format, best=best)
    staging = Staging(out, recipe, overwrite=overwrite)
    if data.kind == "images":
        write_images(
            data, plan, staging, fill=fill, jobs=n_jobs(jobs, plan.n_samples, _WORTH_IMAGES), progress=progress
        )
    else:
        workers = n_jobs(jobs, plan.n_samples, _WORTH_SOUNDS)
        write_sounds(
            data, plan, staging, seed=seed, form=sound_format, best=best, jobs=workers, progress=progress
        )  # fmt: skip
    staging.finish()
    return _written(out, data, plan.n_new, plan.group_names, steps, originals, staging.goes_on)


def _check(data: Dataset, out: Path, copies: int, sound_format: str) -> None:
    if not 0 <= copies <= 10_000:
        raise SettingError(f"{copies} copies", where="--copies", fix="from 1 to 10,000")
    if sound_format not in SOUND_FORMATS:
        raise SettingError(f"sounds are not written as {sound_format!r}", fix=f"one of {', '.join(SOUND_FORMATS)}")
    is_csv = out.suffix.lower() == ".csv"
    if (data.kind == "table") != is_csv:
        what = "a table is written into a .csv file" if not is_csv else f"{data.kind} are written into a folder"
        raise SettingError(what, where=str(out), fix=f"name it {out.with_suffix('' if is_csv else '.csv').name}")
    if not out.resolve().parent.is_dir():
        raise SettingError("its folder is not there", where=str(out), fix=f"mkdir -p '{out.parent}'")
    given = Path(str(data.origin.get("data") or "."))
    if given.exists() and data.kind != "table":
        ours, theirs = out.resolve(), given.resolve()
        if theirs.is_dir() and (ours == theirs or theirs in ours.parents or ours in theirs.parents):
            raise SettingError("OUT and DATA lie in one another", where=str(out), fix="choose a folder beside DATA")
    if data.kind == "table" and given.exists() and out.exists() and out.resolve() == given.resolve():
        raise SettingError("OUT is DATA itself", where=str(out), fix="choose another name")


def _recipe(data: Dataset, plan: Plan, **settings: Any) -> dict[str, Any]:
    from heldout.data.fingerprint import fingerprint

    return {
        "schema": 1,
        "kind": data.kind,
        "data": fingerprint(data),
        "rows": len(data),
        "operations": [str(step) for step in plan.draws.operations],
        "copies": plan.draws.copies,
        "originals": plan.originals,
        **{key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()},
    }


def _write_table(
    data: Dataset,
    out: Path,
    steps: tuple[Step, ...],
    *,
    copies: int,
    seed: int,
    originals: bool,
    only: Sequence[str] | None,
    groups: np.ndarray | None,
    overwrite: bool,
) -> Written:
    from heldout.augment.tables import augment_table

    if out.exists() and not overwrite:
        raise SettingError("is there already", where=str(out), fix="choose another OUT, or add --overwrite")
    plan = make_plan(data, (), copies=copies, seed=seed, originals=originals, only=only, groups=groups)
    start = groups if groups is not None else data.groups
    start = np.arange(len(data)) if start is None else np.asarray(start)
    chosen = np.flatnonzero(plan.copied)
    if copies == 0:
        made, source, partner = data.x.iloc[:0], np.zeros(0, np.int64), np.zeros(0, np.int64)
    else:
        ties = mixing_pool(data, start, seed)[chosen]
        made, source, partner = augment_table(
            data.x.iloc[chosen].reset_index(drop=True), data.y[chosen], steps, copies=copies, seed=seed, ties=ties
        )
    source, partner = chosen[source], np.where(partner >= 0, chosen[partner], -1)
    names = name_groups(data, tied_groups(start, source, partner))
    write_table(out, table_frame(data, made, source, names, originals))
    return _written(out, data, len(source), names, steps, originals, False)


def _written(
    out: Path,
    data: Dataset,
    n_new: int,
    names: list[str],
    steps: tuple[Step, ...],
    originals: bool,
    went_on: bool,
) -> Written:
    n_originals = len(data) if originals else 0
    return Written(out, n_originals, n_new, len(set(names)), tuple(map(str, steps)), went_on)


def eligible(data: Dataset, part: str) -> Dataset:
    """The rows of a part: of ``train`` those outside the test part that the data came with, of ``sealed`` those in it.

    Raises
    ------
    SettingError
        If the data came without the part asked for.
    """
    if data.official_test is None:
        if part != "train":
            raise SettingError(
                f"the data came without a {part} part", where="--part", fix="name the run that split them: --run RUN"
            )
        return data
    if part not in ("train", "sealed"):
        raise SettingError(f"which rows are for {part}?", where="--part", fix="name a run and its fold: --run RUN")
    kept = np.flatnonzero(data.official_test == (part == "sealed"))
    return dataclasses.replace(data.take(kept), official_test=None)
