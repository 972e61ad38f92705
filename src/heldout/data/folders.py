"""Folders of labelled images or sounds: a sub-folder a class, the same below train/ and test/, or a labels.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset
from heldout.data.folder_plan import FolderPlan, Media, plan_folder, refuse_skipped, suffix_of
from heldout.data.images import SUFFIXES
from heldout.data.importing import Imported, Progress, import_images
from heldout.data.listing import Listing, walk
from heldout.data.sounds import SUFFIXES as SOUND_SUFFIXES
from heldout.errors import LabelError, SettingError

IMAGES = Media(SUFFIXES, "an image", "images", "image.png")


def load_folder(
    path: Path,
    *,
    strict: bool = False,
    progress: Progress | None = None,
    image_size: int | tuple[int, int] | None = None,
    sample_rate: int | None = None,
    clip_seconds: float | None = None,
) -> Dataset:
    """Load a folder of labelled images or sounds, whichever there are more of.

    Parameters
    ----------
    path : Path
    strict : bool, default=False
        The first file that cannot be used is an error.
    progress : callable, optional
        Called with (files done, files in all, what).
    image_size, sample_rate, clip_seconds : optional
        See `heldout.data.loading.load`.

    Raises
    ------
    DataError
        If the folder has no labelled files, or, with `strict`, a file cannot be used.
    LabelError
        If there are fewer than two classes, or labels in ``test/`` that ``train/`` never has.
    SettingError
        If an option is out of range, or for the other kind of files.
    """
    size = _checked_size(image_size)
    listing = walk(path)
    if _holds_sounds(listing):
        from heldout.data.sound_folders import load_sound_folder

        if size is not None:
            raise SettingError("image_size is for images; these are sounds", where=str(path), fix="leave it out")
        return load_sound_folder(
            path, listing, strict=strict, progress=progress, sample_rate=sample_rate, clip_seconds=clip_seconds
        )
    if sample_rate is not None or clip_seconds is not None:
        raise SettingError(
            "sample_rate and clip_seconds are for sounds; these are images", where=str(path), fix="leave them out"
        )
    plan = plan_folder(path, listing, IMAGES, strict=strict)
    imported = import_images(path, listing.only(set(plan.labels)), image_size=size, progress=progress)
    refuse_skipped(path, imported.skipped, strict)
    return _dataset(path, plan, imported, size)


def _holds_sounds(listing: Listing) -> bool:
    kinds = Counter(suffix_of(name) for name in listing.names)
    return sum(kinds[suffix] for suffix in SOUND_SUFFIXES) > sum(kinds[suffix] for suffix in SUFFIXES)


def _checked_size(image_size: int | Sequence[int] | None) -> tuple[int, int] | None:
    if image_size is None:
        return None
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(side, int) and 1 <= side <= 4096 for side in size):
        raise SettingError(f"image_size is {image_size!r}", fix="give a side in pixels (1 to 4096), or (height, width)")
    return size[0], size[1]


def _dataset(path: Path, plan: FolderPlan, imported: Imported, size: tuple[int, int] | None) -> Dataset:
    written = [plan.labels[name] for name in imported.names]
    y, classes = labels.encode(written)
    if len(classes) < 2:
        raise LabelError(
            f"one class only is left, {list(classes)!r}: {len(imported.skipped):,} files cannot be used "
            f"({imported.skipped[0].id}: {imported.skipped[0].reason})",
            where=str(path),
            fix="repair these files",
        )
    lost = sorted(set(plan.labels.values()) - set(classes))
    notes = [*plan.notes, *imported.notes, *(f"no image of class {name!r} can be used" for name in lost)]
    groups, group_names = plan.group_numbers(imported.names)
    return Dataset(
        name=path.resolve().name,
        kind="images",
        x=imported.x,
        y=y,
        classes=classes,
        ids=np.array(imported.names),
        groups=groups,
        group_names=group_names,
        official_test=plan.official_test(imported.names),
        folds=plan.fold_numbers(imported.names),
        origin={"data": str(path), "target": None, "group": None, "image_size": size and list(size)},
        input=imported.form.as_input(),
        skipped=(*plan.skipped, *imported.skipped),
        notes=tuple(notes),
    )
