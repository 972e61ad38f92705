"""Which file of a folder has which label, before any is decoded; images and sounds are laid out alike."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Skipped
from heldout.data.delimited import read_delimited
from heldout.data.listing import Listing
from heldout.data.media import Media, suffix_of
from heldout.errors import DataError, LabelError

_VALIDATION = ("val", "valid", "validation")
_TRAINING = ("train", "training")
_PARTS = {**dict.fromkeys((*_TRAINING, *_VALIDATION), "train"), "test": "test", "testing": "test"}


@dataclass
class FolderPlan:
    """Which file has which label; and its part, group and fold where they are given."""

    labels: dict[str, str]
    test: set[str] | None = None
    groups: dict[str, str] | None = None
    folds: dict[str, str] | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def official_test(self, names: Sequence[str]) -> np.ndarray | None:
        """Which of these files are of the test part that the folder came with."""
        return np.array([name in self.test for name in names]) if self.test else None

    def group_numbers(self, names: Sequence[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Number of each file's group, and the groups' names."""
        if self.groups is None:
            return None, ()
        return labels.encode([self.groups[name] for name in names])

    def fold_numbers(self, names: Sequence[str]) -> np.ndarray | None:
        """Number of each file's published fold, in the order of the folds' names."""
        if self.folds is None:
            return None
        written = [self.folds[name] for name in names]
        if all(name.isascii() and name.isdigit() for name in written):
            return np.unique(np.array(written, dtype=np.int64), return_inverse=True)[1]
        return labels.encode(written)[0]


def plan_folder(path: Path, listing: Listing, media: Media, *, strict: bool) -> FolderPlan:
    """Give each file of `media` its label: from its folder's name, or from labels.csv if there is one.

    Raises
    ------
    DataError
        If there are no labelled files; with `strict`, if any file was skipped.
    LabelError
        If there are fewer than two classes, or labels in ``test/`` that ``train/`` never has.
    """
    plan = _from_list(path, listing, media) if "labels.csv" in listing.names else _from_folders(path, listing, media)
    plan.skipped = [*listing.skipped, *plan.skipped]
    refuse_skipped(path, plan.skipped, strict)
    _check_labels(path, plan, media)
    return plan


def refuse_skipped(path: Path, skipped: list[Skipped], strict: bool) -> None:
    """With `strict`, raise `DataError` for the first file that cannot be used."""
    if strict and skipped:
        first = skipped[0]
        raise DataError(
            f"{first.reason} ({len(skipped):,} files cannot be used)",
            where=f"{path}/{first.id}",
            fix="repair or remove these files, or leave out --strict to skip and count them",
        )


def _from_folders(path: Path, listing: Listing, media: Media) -> FolderPlan:
    files = [name for name in listing.names if suffix_of(name) in media.suffixes]
    if not files:
        what = "the folder is empty" if not listing.names else f"none of {len(listing.names):,} files is {media.a_file}"
        raise DataError(what, where=str(path), fix=media.layout)
    plan = FolderPlan({})
    _note_other_files(listing, plan, media)
    parts = _parts(files)
    if not parts:
        _refuse_parts_as_classes(path, files, media)
    loose = 0
    for name in files:
        pieces = name.split("/")
        part = parts.get(pieces[0])
        label_at = 0 if part is None else 1
        if len(pieces) < label_at + 2:
            loose += 1
            continue
        plan.labels[name] = pieces[label_at]
    if not plan.labels:
        raise DataError(
            f"{loose:,} {media.many} lie in no class folder, so that they have no label",
            where=str(path),
            fix=media.layout,
        )
    if loose:
        plan.notes.append(f"{loose:,} {media.many} lie in no class folder and are left out")
    if parts:
        _split_parts(plan, parts, media)
    _note_empty_folders(listing, plan, parts, media)
    return plan


def _parts(files: list[str]) -> dict[str, str]:
    """Top folder -> 'train' or 'test', if the folder is already split; else nothing. Empty ones do not count."""
    tops = sorted({name.split("/")[0] for name in files if "/" in name})
    parts = {top: _PARTS[top.casefold()] for top in tops if top.casefold() in _PARTS}
    has_train = any(top.casefold() in _TRAINING for top in parts)
    nested = any(name.count("/") >= 2 for name in files)
    return parts if has_train and len(parts) == len(tops) and nested else {}


def _refuse_parts_as_classes(path: Path, files: list[str], media: Media) -> None:
    """A class that is named as a part and holds folders of files is a split that was not understood."""
    nested = sorted({name.split("/")[0] for name in files if name.count("/") >= 2})
    found = [top for top in nested if top.casefold() in _PARTS]
    if not found:
        return
    inner = sorted({name.split("/")[1] for name in files if name.count("/") >= 2 and name.split("/")[0] == found[0]})
    others = sorted({name.split("/")[0] for name in files if "/" in name} - set(found))
    has_train = any(top.casefold() in _TRAINING for top in found)
    others_too = f", and there are {media.many} in {', '.join(f'{top}/' for top in others[:5])}" if others else ""
    missing = "" if has_train else ", and there is no train/ with class folders"
    raise DataError(
        f"{found[0]}/ would be taken for a class, but holds {len(inner):,} folders with {media.many} "
        f"(first {found[0]}/{inner[0]}/){others_too}{missing}",
        where=str(path),
        fix=f"give a folder with train/CLASS/{media.example} and test/CLASS/{media.example} and no other {media.many} "
        f"(move the rest out); if {found[0]!r} is a class indeed, put its {media.many} directly into {found[0]}/",
    )


def _split_parts(plan: FolderPlan, parts: dict[str, str], media: Media) -> None:
    if "test" in parts.values():
        plan.test = {name for name in plan.labels if parts[name.split("/")[0]] == "test"}
    for top in parts:
        if top.casefold() in _VALIDATION:
            count = sum(name.split("/")[0] == top for name in plan.labels)
            plan.notes.append(f"the {count:,} {media.many} of {top}/ count as training rows; folds are drawn anew")


def _note_other_files(listing: Listing, plan: FolderPlan, media: Media) -> None:
    found = [suffix_of(name) for name in listing.names]
    others = Counter(suffix or "no ending" for suffix in found if suffix not in media.suffixes)
    if others:
        kinds = ", ".join(f"{suffix} {count:,}" for suffix, count in others.most_common(5))
        plan.notes.append(f"{others.total():,} files are not {media.many} and are left out ({kinds})")


def _note_empty_folders(listing: Listing, plan: FolderPlan, parts: dict[str, str], media: Media) -> None:
    filled = set(plan.labels.values())
    for name in listing.folders:
        pieces = name.split("/")
        if parts and pieces[0] not in parts:
            if len(pieces) == 1:
                plan.notes.append(f"folder {name!r} holds no {media.one} and is left out")
        elif len(pieces) == (2 if parts else 1) and pieces[-1] not in filled and name not in parts:
            plan.notes.append(f"class folder {name!r} holds no {media.one} and is left out")


def _from_list(path: Path, listing: Listing, media: Media) -> FolderPlan:
    """The plan of a labels.csv: file, label, optional group, optional fold."""
    where = str(path / "labels.csv")
    raw = read_delimited(path / "labels.csv", where=where)
    for needed in ("file", "label"):
        if needed not in raw.names:
            raise DataError(
                f"Unknown column {needed!r}; the columns are {', '.join(raw.names)}",
                where=where,
                fix="name the columns file,label (and group, fold if there are any)",
            )
    columns = {name: column.to_pylist() for name, column in zip(raw.names, raw.columns, strict=True)}
    plan = FolderPlan({}, notes=list(raw.notes))
    if "group" in columns:
        plan.groups = {}
    present = set(listing.names)
    for row, name in enumerate(columns["file"]):
        _check_listed(name, columns["label"][row], plan, where, raw.place(row))
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
            fix=f"the column file holds paths below the folder, such as CLASS/{media.example}",
        )
    if "fold" in columns:
        plan.folds = dict(zip(columns["file"], columns["fold"], strict=True))
    unlisted = sum(suffix_of(name) in media.suffixes and name not in plan.labels for name in listing.names)
    if unlisted:
        plan.notes.append(f"{unlisted:,} {media.many} that labels.csv does not list are left out")
    return plan


def _check_listed(name: str, label: str, plan: FolderPlan, where: str, place: str) -> None:
    pieces = PurePosixPath(name)
    if not name or pieces.is_absolute() or ".." in pieces.parts or "\\" in name:
        raise DataError(
            f"{place} names the file {name!r}",
            where=where,
            fix="give a path below the folder, with '/' and no '..'",
        )
    if name in plan.labels:
        before = plan.labels[name]
        other = "" if label == before else f", with another label: {before!r} and {label!r}"
        raise DataError(f"{place} lists {name!r} a second time{other}", where=where, fix="list each file once")


def _check_list_labels(written: list[str], where: str, place: Callable[[int], str]) -> None:
    codes, classes = labels.encode(written)
    labels.check_target(codes, classes, where=where, place=place, what="label")


def _check_labels(path: Path, plan: FolderPlan, media: Media) -> None:
    found = sorted(set(plan.labels.values()))
    if len(found) < 2:
        raise LabelError(
            f"Only one class: {found[0]!r} ({len(plan.labels):,} {media.many})",
            where=str(path),
            fix=f"a classifier needs at least two class folders with {media.many}",
        )
    if plan.test is not None:
        in_train = {label for name, label in plan.labels.items() if name not in plan.test}
        strangers = Counter(plan.labels[name] for name in plan.test if plan.labels[name] not in in_train)
        if strangers:
            shown = ", ".join(f"{label!r} ({count:,} {media.many})" for label, count in strangers.most_common(5))
            raise LabelError(
                f"test/ has {len(strangers):,} labels that train/ never has: {shown}",
                where=str(path),
                fix=f"add training {media.many} of these classes, or take them out of test/",
            )
    normal = [unicodedata.normalize("NFC", name) for name in found]
    if len(set(normal)) < len(normal):
        plan.notes.append("some class names differ only in their Unicode form")
    plan.notes += labels.near_equal_notes(found)
