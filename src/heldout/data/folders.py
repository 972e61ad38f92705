"""Folders of labelled images: a sub-folder a class, the same below train/ and test/, or a list in labels.csv."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset, Skipped
from heldout.data.delimited import read_delimited
from heldout.data.images import SUFFIXES
from heldout.data.importing import Imported, Progress, import_images
from heldout.data.listing import Listing, walk
from heldout.errors import DataError, LabelError, SettingError

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aiff", ".aif")
_VALIDATION = ("val", "valid", "validation")
_TRAINING = ("train", "training")
_PARTS = {**dict.fromkeys((*_TRAINING, *_VALIDATION), "train"), "test": "test", "testing": "test"}
_LAYOUT = (
    "lay it out as FOLDER/CLASS/image.png, or FOLDER/train/CLASS/image.png and FOLDER/test/CLASS/image.png, or put a "
    "labels.csv with the columns file,label beside the images"
)


@dataclass
class _Plan:
    """Which file has which label, before any is decoded."""

    labels: dict[str, str]
    test: set[str] | None = None
    groups: dict[str, str] | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def load_folder(
    path: Path,
    *,
    strict: bool = False,
    progress: Progress | None = None,
    image_size: int | tuple[int, int] | None = None,
) -> Dataset:
    """Load a folder of labelled images.

    Parameters
    ----------
    path : Path
    strict : bool, default=False
        The first file that cannot be used is an error.
    progress : callable, optional
        Called with (files done, files in all, what).
    image_size : int or (height, width), optional
        See `heldout.data.loading.load`.

    Raises
    ------
    DataError
        If the folder has no labelled images, or, with `strict`, a file cannot be used.
    LabelError
        If there are fewer than two classes, or labels in ``test/`` that ``train/`` never has.
    SettingError
        If the folder holds sounds, which this version does not read yet.
    """
    size = _checked_size(image_size)
    listing = walk(path)
    _refuse_sounds(path, listing)
    plan = _from_list(path, listing) if "labels.csv" in listing.names else _from_folders(path, listing)
    plan.skipped = [*listing.skipped, *plan.skipped]
    _refuse_skipped(path, plan.skipped, strict)
    _check_labels(path, plan)
    imported = import_images(path, listing.only(set(plan.labels)), image_size=size, progress=progress)
    _refuse_skipped(path, imported.skipped, strict)
    return _dataset(path, plan, imported, size)


def _checked_size(image_size: int | Sequence[int] | None) -> tuple[int, int] | None:
    if image_size is None:
        return None
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(side, int) and 1 <= side <= 4096 for side in size):
        raise SettingError(f"image_size is {image_size!r}", fix="give a side in pixels (1 to 4096), or (height, width)")
    return size[0], size[1]


def _suffix(name: str) -> str:
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")  # pathlib takes a second for 60,000 names
    return dot + ending.lower() if stem else ""


def _refuse_sounds(path: Path, listing: Listing) -> None:
    kinds = Counter(_suffix(name) for name in listing.names)
    n_sounds = sum(kinds[suffix] for suffix in SOUND_SUFFIXES)
    if n_sounds and not any(kinds[suffix] for suffix in SUFFIXES):
        raise SettingError(
            f"the folder holds {n_sounds:,} sounds, and this version of heldout does not read sounds yet",
            where=str(path),
            fix="give a table or a folder of images",
        )


def _refuse_skipped(path: Path, skipped: list[Skipped], strict: bool) -> None:
    if strict and skipped:
        first = skipped[0]
        raise DataError(
            f"{first.reason} ({len(skipped):,} files cannot be used)",
            where=f"{path}/{first.id}",
            fix="repair or remove these files, or leave out --strict to skip and count them",
        )


def _from_folders(path: Path, listing: Listing) -> _Plan:
    images = [name for name in listing.names if _suffix(name) in SUFFIXES]
    if not images:
        what = "the folder is empty" if not listing.names else f"none of {len(listing.names):,} files is an image"
        raise DataError(what, where=str(path), fix=_LAYOUT)
    plan = _Plan({})
    _note_other_files(listing, plan)
    parts = _parts(images)
    if not parts:
        _refuse_parts_as_classes(path, images)
    loose = 0
    for name in images:
        pieces = name.split("/")
        part = parts.get(pieces[0])
        label_at = 0 if part is None else 1
        if len(pieces) < label_at + 2:
            loose += 1
            continue
        plan.labels[name] = pieces[label_at]
    if not plan.labels:
        raise DataError(
            f"{loose:,} images lie in no class folder, so that they have no label",
            where=str(path),
            fix=_LAYOUT,
        )
    if loose:
        plan.notes.append(f"{loose:,} images lie in no class folder and are left out")
    if parts:
        _split_parts(plan, parts)
    _note_empty_folders(listing, plan, parts)
    return plan


def _parts(images: list[str]) -> dict[str, str]:
    """Top folder -> 'train' or 'test', if the folder is already split; else nothing. Only those with images count."""
    tops = sorted({name.split("/")[0] for name in images if "/" in name})
    parts = {top: _PARTS[top.casefold()] for top in tops if top.casefold() in _PARTS}
    has_train = any(top.casefold() in _TRAINING for top in parts)
    nested = any(name.count("/") >= 2 for name in images)
    return parts if has_train and len(parts) == len(tops) and nested else {}


def _refuse_parts_as_classes(path: Path, images: list[str]) -> None:
    """A class that is named as a part and holds folders of images is a split that was not understood."""
    nested = sorted({name.split("/")[0] for name in images if name.count("/") >= 2})
    found = [top for top in nested if top.casefold() in _PARTS]
    if not found:
        return
    inner = sorted({name.split("/")[1] for name in images if name.count("/") >= 2 and name.split("/")[0] == found[0]})
    others = sorted({name.split("/")[0] for name in images if "/" in name} - set(found))
    has_train = any(top.casefold() in _TRAINING for top in found)
    beside = f", and beside it lie images in {', '.join(f'{top}/' for top in others[:5])}" if others else ""
    missing = "" if has_train else ", and there is no train/ with class folders"
    raise DataError(
        f"{found[0]}/ would be taken for a class, but holds {len(inner):,} folders with images "
        f"(first {found[0]}/{inner[0]}/){beside}{missing}",
        where=str(path),
        fix="give a folder with train/CLASS/image.png and test/CLASS/image.png and no other images (move the rest "
        f"out); if {found[0]!r} is a class indeed, put its images directly into {found[0]}/",
    )


def _split_parts(plan: _Plan, parts: dict[str, str]) -> None:
    if "test" in parts.values():
        plan.test = {name for name in plan.labels if parts[name.split("/")[0]] == "test"}
    for top in parts:
        if top.casefold() in _VALIDATION:
            count = sum(name.split("/")[0] == top for name in plan.labels)
            plan.notes.append(f"the {count:,} images of {top}/ count as training rows; folds are drawn anew")


def _note_other_files(listing: Listing, plan: _Plan) -> None:
    others = Counter(_suffix(name) or "no ending" for name in listing.names if _suffix(name) not in SUFFIXES)
    if others:
        kinds = ", ".join(f"{suffix} {count:,}" for suffix, count in others.most_common(5))
        plan.notes.append(f"{others.total():,} files that are no images are left out ({kinds})")


def _note_empty_folders(listing: Listing, plan: _Plan, parts: dict[str, str]) -> None:
    filled = set(plan.labels.values())
    for name in listing.folders:
        pieces = name.split("/")
        if parts and pieces[0] not in parts:
            if len(pieces) == 1:
                plan.notes.append(f"folder {name!r} holds no image and is left out")
        elif len(pieces) == (2 if parts else 1) and pieces[-1] not in filled and name not in parts:
            plan.notes.append(f"class folder {name!r} holds no image and is left out")


def _from_list(path: Path, listing: Listing) -> _Plan:
    """The plan of a labels.csv: file, label, optional group, optional fold."""
    where = str(path / "labels.csv")
    raw = read_delimited(path / "labels.csv", where=where)
    for needed in ("file", "label"):
        if needed not in raw.names:
            raise DataError(
                f"there is no column {needed!r}; the columns are {', '.join(raw.names)}",
                where=where,
                fix="name the columns file,label (and group, fold if there are any)",
            )
    columns = {name: column.to_pylist() for name, column in zip(raw.names, raw.columns, strict=True)}
    plan = _Plan({}, notes=list(raw.notes))
    if "group" in columns:
        plan.groups = {}
    present = set(listing.names)
    for row, name in enumerate(columns["file"]):
        _check_listed(name, plan, where, raw.place(row))
        if name not in present:
            plan.skipped.append(Skipped(name, f"listed on {raw.place(row)} of labels.csv, and not in the folder"))
            continue
        plan.labels[name] = columns["label"][row]
        if plan.groups is not None:
            plan.groups[name] = columns["group"][row]
    _check_list_labels(columns["label"], where, raw.place)
    if not plan.labels:
        raise DataError(
            f"none of the {len(columns['file']):,} listed files is in the folder",
            where=where,
            fix="the column file holds paths below the folder, such as cats/1.png",
        )
    if "fold" in columns:
        plan.notes.append("the column fold of labels.csv is not used by this version; folds are drawn anew")
    unlisted = sum(_suffix(name) in SUFFIXES and name not in plan.labels for name in listing.names)
    if unlisted:
        plan.notes.append(f"{unlisted:,} images that labels.csv does not list are left out")
    return plan


def _check_listed(name: str, plan: _Plan, where: str, place: str) -> None:
    pieces = PurePosixPath(name)
    if not name or pieces.is_absolute() or ".." in pieces.parts or "\\" in name:
        raise DataError(
            f"{place} names the file {name!r}",
            where=where,
            fix="give a path below the folder, with '/' and no '..'",
        )
    if name in plan.labels:
        raise DataError(f"{place} lists {name!r} a second time", where=where, fix="list each file once")


def _check_list_labels(written: list[str], where: str, place: Callable[[int], str]) -> None:
    codes, classes = labels.encode(written)
    labels.check_target(codes, classes, where=where, place=place, what="label")


def _check_labels(path: Path, plan: _Plan) -> None:
    found = sorted(set(plan.labels.values()))
    if len(found) < 2:
        raise LabelError(
            f"one class only: {found[0]!r} ({len(plan.labels):,} images)",
            where=str(path),
            fix="a classifier needs at least two class folders with images",
        )
    if plan.test is not None:
        in_train = {label for name, label in plan.labels.items() if name not in plan.test}
        strangers = Counter(plan.labels[name] for name in plan.test if plan.labels[name] not in in_train)
        if strangers:
            shown = ", ".join(f"{label!r} ({count:,} images)" for label, count in strangers.most_common(5))
            raise LabelError(
                f"test/ has {len(strangers):,} labels that train/ never has: {shown}",
                where=str(path),
                fix="add training images of these classes, or take them out of test/",
            )
    normal = [unicodedata.normalize("NFC", name) for name in found]
    if len(set(normal)) < len(normal):
        plan.notes.append("some class names differ only in their Unicode form")
    plan.notes += labels.near_equal_notes(found)


def _dataset(path: Path, plan: _Plan, imported: Imported, size: tuple[int, int] | None) -> Dataset:
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
    groups = None
    if plan.groups is not None:
        groups = labels.encode([plan.groups[name] for name in imported.names])[0]
    ids = np.array(imported.names)
    official_test = None
    if plan.test:
        official_test = np.array([name in plan.test for name in imported.names])
    return Dataset(
        name=path.resolve().name,
        kind="images",
        x=imported.x,
        y=y,
        classes=classes,
        ids=ids,
        groups=groups,
        official_test=official_test,
        origin={"data": str(path), "target": None, "group": None, "image_size": size and list(size)},
        input=imported.form.as_input(),
        skipped=(*plan.skipped, *imported.skipped),
        notes=tuple(notes),
    )
