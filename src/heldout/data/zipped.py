"""CIFAR-10 from a zip of PNG files, read in place and never unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset
from heldout.data.download import Progress
from heldout.data.importing import import_images
from heldout.data.listing import Listing
from heldout.errors import DataError


def load_zip(name: str, path: Path, progress: Progress | None) -> Dataset:
    """Load ``train/CLASS/file.png`` and ``test/CLASS/file.png`` of the checked zip, training images first."""
    listing = list_zip(path)
    imported = import_images(path, listing, progress=progress)
    y, classes = labels.encode([member.split("/")[1] for member in imported.names])
    return Dataset(
        name=name,
        kind="images",
        x=imported.x,
        y=y,
        classes=classes,
        ids=np.array(imported.names),
        official_test=np.array([member.startswith("test/") for member in imported.names]),
        origin={"data": name, "target": None, "group": None},
        input=imported.form.as_input(),
        notes=tuple(imported.notes),
    )


def list_zip(path: Path) -> Listing:
    """The PNG members of a zip, sorted, with their size and CRC-32 in place of times.

    Raises
    ------
    DataError
        If it is no zip, or holds a member whose name leaves its folder, or two of one name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".png")]
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"not a zip that can be read ({error})", where=str(path)) from None
    names = [info.filename for info in members]
    strange = [n for n in names if n.startswith("/") or ".." in n.split("/") or n.count("/") != 2]
    if strange or len(set(names)) != len(names):
        raise DataError(f"unexpected members, such as {(strange or names)[0]!r}", where=str(path))
    # training images first, as in the other named datasets; both parts sorted
    members.sort(key=lambda info: (info.filename.startswith("test/"), info.filename))
    stats = [[info.file_size, info.CRC, 0] for info in members]
    return Listing([info.filename for info in members], stats)
