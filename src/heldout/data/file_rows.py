"""Imported files and their labels become a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset, Skipped
from heldout.data.folder_plan import FolderPlan
from heldout.data.media import Media
from heldout.errors import LabelError


class FileRows(Protocol):
    """Files that were read: a row each, in the order of their names, and those that could not be used."""

    x: np.ndarray
    names: list[str]
    skipped: list[Skipped]
    notes: list[str]


def dataset_of_files(
    media: Media, plan: FolderPlan, files: FileRows, *, name: str, origin: Mapping[str, Any], input: Mapping[str, Any]
) -> Dataset:
    """The dataset of these files, with the labels, parts, groups and folds of the plan.

    Parameters
    ----------
    media : Media
        Its plural is the kind of the dataset.
    plan : FolderPlan
    files : FileRows
    name : str
    origin, input : mapping
        See `heldout.data.dataset.Dataset`.

    Raises
    ------
    LabelError
        If fewer than two classes have files that can be used.
    """
    y, classes = labels.encode([plan.labels[file] for file in files.names])
    if len(classes) < 2:
        raise _one_class(classes, files.skipped, str(origin["data"]))
    groups, group_names = plan.group_numbers(files.names)
    lost = sorted(set(plan.labels.values()) - set(classes))
    return Dataset(
        name=name,
        kind=media.many,
        x=files.x,
        y=y,
        classes=classes,
        ids=np.array(files.names),
        groups=groups,
        group_names=group_names,
        official_test=plan.official_test(files.names),
        folds=plan.fold_numbers(files.names),
        origin=origin,
        input=input,
        skipped=(*plan.skipped, *files.skipped),
        notes=(*plan.notes, *files.notes, *(f"no {media.one} of class {c!r} can be used" for c in lost)),
    )


def _one_class(classes: Sequence[str], skipped: Sequence[Skipped], where: str) -> LabelError:
    return LabelError(
        f"only one class is left, {list(classes)!r}: {len(skipped):,} files cannot be used "
        f"({skipped[0].id}: {skipped[0].reason})",
        where=where,
        fix="repair these files",
    )
