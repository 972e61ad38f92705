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
from heldout.augment.settings import AugmentSettings
from heldout.augment.sources import tied_groups
from heldout.augment.staging import Staging
from heldout.augment.writing import (
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
    settings: AugmentSettings | None = None,
    *,
    groups: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write new samples of a data set, and its originals, where `heldout train` reads them with their groups.

    Parameters
    ----------
    data : Dataset
        The rows that may be augmented: of the training part only.
    out : Path
        A folder for images and sounds, a ``.csv`` file for tables.
    settings : AugmentSettings, optional
        Default: nine copies of each row, by the operations of its kind.
    groups : int array, shape (n_rows,), optional
        Default: those of the data.
    progress : callable, optional
        Called with (samples done, samples in all, what).

    Raises
    ------
    SettingError
        If `out` is there already or a setting does not fit.
    DiskError
        If there is too little room.
    """
    settings = settings or AugmentSettings()
    out = Path(out)
    steps = parse_operations(settings.operations, data.kind)
    _check(data, out)
    plan = _plan(data, steps if data.kind != "table" else (), settings, groups)
    if data.kind == "table":
        return _write_table(data, out, steps, plan, settings, groups)
    staging = Staging(out, _recipe(data, plan, settings), overwrite=settings.overwrite)
    if data.kind == "images":
        jobs = n_jobs(settings.jobs, plan.n_samples, _WORTH_IMAGES)
        write_images(data, plan, staging, fill=settings.fill, jobs=jobs, progress=progress)
    else:
        jobs = n_jobs(settings.jobs, plan.n_samples, _WORTH_SOUNDS)
        form, best = settings.format, settings.best
        write_sounds(data, plan, staging, seed=settings.seed, form=form, best=best, jobs=jobs, progress=progress)
    staging.finish()
    return _written(out, data, plan, plan.n_new, plan.group_names, steps, went_on=staging.goes_on)


def _plan(data: Dataset, steps: Sequence[Step], settings: AugmentSettings, groups: np.ndarray | None) -> Plan:
    return make_plan(
        data,
        steps,
        copies=settings.copies,
        seed=settings.seed,
        originals=settings.originals,
        only=settings.only,
        groups=groups,
    )


def _check(data: Dataset, out: Path) -> None:
    is_csv = out.suffix.lower() == ".csv"
    if (data.kind == "table") != is_csv:
        what = "a table is written into a .csv file" if not is_csv else f"{data.kind} are written into a folder"
        raise SettingError(what, where=str(out), fix=f"name it {out.with_suffix('' if is_csv else '.csv').name}")
    if not out.resolve().parent.is_dir():
        raise SettingError("its folder does not exist", where=str(out), fix=f"mkdir -p '{out.parent}'")
    given = Path(str(data.origin.get("data") or "."))
    if given.exists() and data.kind != "table":
        ours, theirs = out.resolve(), given.resolve()
        if theirs.is_dir() and (ours == theirs or theirs in ours.parents or ours in theirs.parents):
            raise SettingError("OUT and DATA overlap", where=str(out), fix="choose a folder outside DATA")
    if data.kind == "table" and given.exists() and out.exists() and out.resolve() == given.resolve():
        raise SettingError("OUT is DATA itself", where=str(out), fix="choose another name")


def _recipe(data: Dataset, plan: Plan, settings: AugmentSettings) -> dict[str, Any]:
    """What a stopped call must agree on with the one that continues it."""
    from heldout.data.fingerprint import fingerprint

    return {
        "schema": 1,
        "kind": data.kind,
        "data": fingerprint(data),
        "rows": len(data),
        "operations": [str(step) for step in plan.draws.operations],
        "copies": plan.draws.copies,
        "originals": plan.originals,
        "seed": settings.seed,
        "only": None if settings.only is None else list(settings.only),
        "fill": settings.fill,
        "form": settings.format,
        "best": settings.best,
    }


def _write_table(
    data: Dataset,
    out: Path,
    steps: tuple[Step, ...],
    plan: Plan,
    settings: AugmentSettings,
    groups: np.ndarray | None,
) -> Written:
    from heldout.augment.tables import augment_table

    if out.exists() and not settings.overwrite:
        raise SettingError("already exists", where=str(out), fix="choose another OUT, or add --overwrite")
    copies, seed = settings.copies, settings.seed
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
    write_table(out, table_frame(data, made, source, names, plan.originals))
    return _written(out, data, plan, len(source), names, steps)


def _written(
    out: Path,
    data: Dataset,
    plan: Plan,
    n_new: int,
    names: list[str],
    steps: tuple[Step, ...],
    *,
    went_on: bool = False,
) -> Written:
    n_originals = len(data) if plan.originals else 0
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
