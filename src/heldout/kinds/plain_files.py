"""A folder of files that hold a row each, all of one shape: read one by one, and kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from heldout.data.dataset import Dataset, Skipped
from heldout.data.file_rows import dataset_of_files
from heldout.data.folder_plan import plan_folder, refuse_skipped
from heldout.data.listing import Listing
from heldout.data.media import Media
from heldout.data.settings import Reading
from heldout.errors import DataError


@dataclass
class _Rows:
    """The rows that could be read."""

    x: np.ndarray
    names: list[str]
    skipped: list[Skipped]
    notes: list[str] = field(default_factory=list)


def load_plain_folder(
    path: Path, listing: Listing, reading: Reading, *, media: Media, read: Callable[[Path], np.ndarray]
) -> Dataset:
    """Read each file of ``media`` as a row; one of another shape than the first is skipped.

    Raises
    ------
    DataError, LabelError
        If the folder cannot be used; with ``reading.strict``, if a file cannot.
    """
    plan = plan_folder(path, listing, media, strict=reading.strict)
    rows: list[np.ndarray] = []
    kept, skipped = [], []
    for done, name in enumerate(plan.labels, 1):
        try:
            rows.append(_of_shape(read(path / name), rows))
            kept.append(name)
        except DataError as error:
            skipped.append(Skipped(name, error.what))
        if reading.progress is not None:
            reading.progress(done, len(plan.labels), media.many)
    refuse_skipped(path, skipped, reading.strict)
    if not rows:
        raise DataError(
            f"none of {len(skipped):,} files is {media.a_file} that can be used ({skipped[0].id}: {skipped[0].reason})",
            where=str(path),
            fix="repair these files, or give another folder",
        )
    files = _Rows(np.stack(rows), kept, skipped)
    input = {"kind": media.many, "shape": list(files.x.shape[1:]), "dtype": files.x.dtype.str}
    origin = {"data": str(path), "target": None, "group": None}
    return dataset_of_files(media, plan, files, name=path.resolve().name, origin=origin, input=input)


def _of_shape(row: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    if rows and (row.shape, row.dtype) != (rows[0].shape, rows[0].dtype):
        raise DataError(f"shape {row.shape} and type {row.dtype}; the first file has {rows[0].shape}, {rows[0].dtype}")
    return row
