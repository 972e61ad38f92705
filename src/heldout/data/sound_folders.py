"""Folders of labelled sounds: a sub-folder a class, the same below train/ and test/, or a list in labels.csv."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset, Skipped
from heldout.data.folder_plan import FolderPlan, Media, plan_folder, refuse_skipped, suffix_of
from heldout.data.listing import Listing
from heldout.data.sound_importing import ImportedSounds, Progress, check_options, import_sounds
from heldout.data.sounds import OTHER_SUFFIXES, SUFFIXES
from heldout.errors import LabelError

SOUNDS = Media(SUFFIXES, "a sound", "sounds", "sound.wav")


def load_sound_folder(
    path: Path,
    listing: Listing,
    *,
    strict: bool = False,
    progress: Progress | None = None,
    sample_rate: int | None = None,
    clip_seconds: float | None = None,
) -> Dataset:
    """Load a folder of labelled sounds; see `heldout.data.folders.load_folder`."""
    check_options(sample_rate, clip_seconds)
    listing.skipped += [
        Skipped(name, f"{suffix_of(name)} is not read; convert it: ffmpeg -i IN{suffix_of(name)} OUT.flac")
        for name in listing.names
        if suffix_of(name) in OTHER_SUFFIXES
    ]
    plan = plan_folder(path, listing, SOUNDS, strict=strict)
    imported = import_sounds(
        path,
        listing.only(set(plan.labels)),
        sample_rate=sample_rate,
        clip_seconds=clip_seconds,
        progress=progress,
    )
    refuse_skipped(path, imported.skipped, strict)
    origin = {
        "data": str(path),
        "target": None,
        "group": None,
        "sample_rate": sample_rate,
        "clip_seconds": clip_seconds,
    }
    return sound_dataset(path.resolve().name, plan, imported, origin, where=str(path))


def sound_dataset(
    name: str, plan: FolderPlan, imported: ImportedSounds, origin: Mapping[str, object], *, where: str
) -> Dataset:
    """Imported sounds with their labels.

    Raises
    ------
    LabelError
        If fewer than two classes have usable sounds.
    """
    y, classes = labels.encode([plan.labels[file] for file in imported.names])
    if len(classes) < 2:
        first = imported.skipped[0]
        raise LabelError(
            f"one class only is left, {list(classes)!r}: {len(imported.skipped):,} files cannot be used "
            f"({first.id}: {first.reason})",
            where=where,
            fix="repair these files",
        )
    lost = sorted(set(plan.labels.values()) - set(classes))
    groups, group_names = plan.group_numbers(imported.names)
    return Dataset(
        name=name,
        kind="sounds",
        x=imported.x,
        y=y,
        classes=classes,
        ids=np.array(imported.names),
        groups=groups,
        group_names=group_names,
        official_test=plan.official_test(imported.names),
        folds=plan.fold_numbers(imported.names),
        origin=origin,
        input=imported.form.as_input(),
        skipped=(*plan.skipped, *imported.skipped),
        notes=(*plan.notes, *imported.notes, *(f"no sound of class {c!r} can be used" for c in lost)),
    )
