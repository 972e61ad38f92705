"""An augmented data set on disk: pictures, sounds or a table, with the source and the group of each sample.

A folder gets a ``labels.csv`` with file, label, group, source (and fold where the data have published ones). A table
gets a column with the row each was made of, which `heldout.data.tables` takes as its group and never as a feature.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heldout.augment.making_images import ImageMaker
from heldout.augment.making_sounds import Task, make_clips, run_tasks, tasks
from heldout.augment.plan import Plan, file_name, folder_names
from heldout.augment.staging import Staging, write_whole
from heldout.data.dataset import Dataset
from heldout.errors import require
from heldout.files import write_text
from heldout.processes.cores import n_cores

Progress = Callable[[int, int, str], None]
_BATCH = 512
_SAMPLED = 32  # files by whose size the room needed is estimated
_BLOCK = 4096  # bytes that a file takes at least


@dataclass(frozen=True)
class Batch:
    """Pictures and where they go; a unit of work for a process."""

    images: np.ndarray
    paths: list[str]


@dataclass(frozen=True)
class Clips:
    """A source clip, its task, and where the results go ('' where a file is there already)."""

    task: Task
    paths: list[str]
    original: str


def write_images(
    data: Dataset, plan: Plan, staging: Staging, *, fill: str, jobs: int, progress: Progress | None = None
) -> None:
    """Write a folder of PNG files and its labels.csv.

    Raises
    ------
    DiskError
        If there is too little room, or a file cannot be written.
    """
    maker = ImageMaker(data.x, plan.draws, fill=fill)
    folders = folder_names(data.classes)
    sample = np.unique(np.linspace(0, len(data) - 1, _SAMPLED).astype(np.int64))
    sizes = [max(_BLOCK, len(png_bytes(image))) for image in maker.original(sample)]
    staging.begin(int(np.mean(sizes) * plan.n_samples), folders)
    done = 0
    for batch, count in run_tasks(_image_batches(data, plan, maker, folders, staging), write_batch, jobs=jobs):
        done += count
        if progress:
            progress(done, plan.n_samples, f"writing {len(batch.paths)} images at once")
    write_labels(data, plan, staging, "png")


def _image_batches(
    data: Dataset, plan: Plan, maker: ImageMaker, folders: list[str], staging: Staging
) -> Iterator[Batch]:
    for copy in range(0 if plan.originals else 1, plan.draws.copies + 1):
        wanted = np.arange(len(data)) if copy == 0 else np.flatnonzero(plan.copied)
        for start in range(0, len(wanted), _BATCH):
            rows = wanted[start : start + _BATCH]
            names = [file_name(folders[data.y[row]], row, copy, "png") for row in rows.tolist()]
            if all(staging.has(name) for name in names):
                yield Batch(np.empty((0, 1, 1, 1), np.uint8), [""] * len(names))
                continue
            images = maker.original(rows) if copy == 0 else maker.make(rows, np.full(len(rows), copy - 1))
            yield Batch(images, [str(staging.folder / name) for name in names])


def png_bytes(image: np.ndarray) -> bytes:
    """A picture of shape (height, width, channels) as PNG; quickly packed, which costs a few percent of size."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def write_batch(batch: Batch) -> int:
    """Write the pictures of a batch; returns how many samples it stands for."""
    for image, path in zip(batch.images, batch.paths, strict=False):
        content = png_bytes(image)
        write_whole(Path(path), lambda temporary, content=content: temporary.write_bytes(content) and None)  # type: ignore[misc]
    return len(batch.paths)


def write_sounds(
    data: Dataset,
    plan: Plan,
    staging: Staging,
    *,
    seed: int,
    form: str = "flac",
    best: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> None:
    """Write a folder of 16-bit sounds and its labels.csv; `form` is flac, wav or ogg (Vorbis, lossy).

    Raises
    ------
    MissingExtraError
        If soundfile is not installed.
    DiskError
        If there is too little room, or a file cannot be written.
    """
    require("soundfile", extra="sounds", needed_by="writing sounds")
    folders = folder_names(data.classes)
    # A quarter for Vorbis is a little more than its default quality takes; FLAC of noise is as long as WAV.
    staging.begin(int(plan.n_samples * max(_BLOCK, 2 * data.x.shape[1] * (0.25 if form == "ogg" else 1.0))), folders)
    rate, done = int(data.input["rate"]), 0
    given = tasks(data.x, plan.draws, rate=rate, seed=seed, best=best)
    work = (_clips(task, data, plan, folders, staging, form) for task in given)
    for _, count in run_tasks(work, write_clips, jobs=jobs):
        done += count
        if progress:
            progress(done, plan.n_samples, "writing sounds")
    write_labels(data, plan, staging, form)


def _clips(task: Task, data: Dataset, plan: Plan, folders: list[str], staging: Staging, form: str) -> Clips:
    folder = folders[data.y[task.row]]
    wanted = range(1, plan.draws.copies + 1) if plan.copied[task.row] else ()
    names = [file_name(folder, task.row, copy, form) for copy in wanted]
    original = file_name(folder, task.row, 0, form) if plan.originals else ""
    where = ["" if staging.has(name) else str(staging.folder / name) for name in names]
    return Clips(task, where, "" if not original or staging.has(original) else str(staging.folder / original))


def write_clips(clips: Clips) -> int:
    """Make and write the clips that are not there yet; returns how many were written."""
    if clips.original:
        write_sound(Path(clips.original), clips.task.clip, clips.task.rate)
    missing = [copy for copy, path in enumerate(clips.paths) if path]
    made = make_clips(clips.task, missing)
    for clip, copy in zip(made, missing, strict=True):
        write_sound(Path(clips.paths[copy]), clip, clips.task.rate)
    return len(missing) + bool(clips.original)


def write_sound(path: Path, clip: np.ndarray, rate: int) -> None:
    """Write int16 samples, shape (length,), in the format that the ending names, whole or not at all."""
    import soundfile

    form = path.suffix[1:].upper()
    write_whole(path, lambda temporary: soundfile.write(temporary, clip, rate, format=form))


def write_labels(data: Dataset, plan: Plan, staging: Staging, suffix: str) -> None:
    """Write labels.csv, last of all files, so that a folder without it is known to be half."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "label", "group", "source", *(["fold"] if data.folds is not None else [])])
    folders = folder_names(data.classes)
    for row in range(len(data)):
        label, fold = int(data.y[row]), [] if data.folds is None else [int(data.folds[row]) + 1]
        for copy in range(0 if plan.originals else 1, (plan.draws.copies if plan.copied[row] else 0) + 1):
            name = file_name(folders[label], row, copy, suffix)
            writer.writerow([name, data.classes[label], plan.group_names[row], str(data.ids[row]), *fold])
    write_text(staging.folder / "labels.csv", text.getvalue())


def table_frame(data: Dataset, made: Any, source: np.ndarray, plan_groups: list[str], originals: bool) -> Any:
    """The augmented table: features, target, group (if declared), and the row that each was made of."""
    import pandas as pd

    from heldout.data.tables import SOURCE_COLUMN

    rows = np.concatenate([np.arange(len(data)), source]) if originals else source
    whole = pd.concat([data.x, made], ignore_index=True) if originals else made
    whole = whole.copy()
    whole[data.input["target"]] = np.array(data.classes, dtype=object)[data.y[rows]]
    group = data.input.get("group")
    if group and data.groups is not None:
        known = dict(enumerate(data.group_names))
        whole[group] = [known.get(int(code), f"group {int(code)}") for code in data.groups[rows]]
    # Rows that a mixture has tied together share this name.
    whole[SOURCE_COLUMN] = [plan_groups[row] for row in rows.tolist()]
    return whole


def write_table(path: Path, frame: Any) -> None:
    """Write a table as CSV, whole or not at all."""
    from heldout.augment.staging import require_room
    from heldout.files import atomic_file

    head = len(frame.head(1000).to_csv(index=False).encode())
    require_room(path.parent, head * max(1, len(frame) // 1000))
    with atomic_file(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        frame.to_csv(text, index=False, lineterminator="\n")
        text.flush()
        text.detach()


def n_jobs(asked: int | None, n_samples: int, worth: int) -> int:
    """Processes to use: as asked, or one for each core if there are `worth` samples or more."""
    if asked is not None:
        return max(1, asked)
    return n_cores() if n_samples >= worth else 1
