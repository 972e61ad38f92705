"""What lies in a folder: regular files, sorted, with the sizes and times by which a change is noticed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from heldout.data.dataset import Skipped
from heldout.errors import DataError


@dataclass
class Listing:
    """Files below a folder.

    Attributes
    ----------
    names : list of str
        Paths relative to the folder, with '/', sorted.
    stats : list of [size in bytes, mtime_ns, ctime_ns]
        Of each file; links are followed.
    folders : list of str
        Every folder below, sorted (an empty one is a finding).
    skipped : list of Skipped
        What is neither a usable file nor a folder.
    """

    names: list[str] = field(default_factory=list)
    stats: list[list[int]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def sizes(self) -> list[int]:
        """Size of each file in bytes."""
        return [status[0] for status in self.stats]

    def only(self, keep: set[str]) -> Listing:
        """The listing of these names only."""
        pairs = [(name, status) for name, status in zip(self.names, self.stats, strict=True) if name in keep]
        return Listing([n for n, _ in pairs], [s for _, s in pairs], self.folders, self.skipped)


def walk(root: Path) -> Listing:
    """List the files below `root`.

    Hidden files and folders are passed over. Pipes, devices, broken links, names that are not UTF-8, folders that
    cannot be opened and links back to a folder already listed are skipped and named.

    Raises
    ------
    DataError
        If `root` itself cannot be listed.
    """
    found: list[tuple[str, list[int]]] = []
    listing = Listing()
    try:
        status = root.stat()
        _walk(os.fspath(root), "", {(status.st_dev, status.st_ino)}, found, listing)
    except OSError as error:
        raise DataError(
            f"cannot be listed: {error.strerror or error}", where=str(root), fix="check its rights"
        ) from error
    found.sort()
    listing.names = [name for name, _ in found]
    listing.stats = [status for _, status in found]
    listing.folders.sort()
    listing.skipped.sort(key=lambda skipped: skipped.id)
    return listing


def _walk(
    folder: str,
    prefix: str,
    seen: set[tuple[int, int]],
    found: list[tuple[str, list[int]]],
    listing: Listing,
) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = prefix + entry.name
            try:
                name.encode("utf-8")
            except UnicodeEncodeError:
                shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
                listing.skipped.append(Skipped(shown, "its name is not UTF-8"))
                continue
            try:
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    found.append((name, [status.st_size, status.st_mtime_ns, status.st_ctime_ns]))
                elif stat.S_ISDIR(status.st_mode):
                    identity = (status.st_dev, status.st_ino)
                    if os.name != "nt" and identity in seen:
                        listing.skipped.append(Skipped(name, "a link to a folder that is listed already"))
                        continue
                    seen.add(identity)
                    _walk(entry.path, name + "/", seen, found, listing)
                    listing.folders.append(name)
                else:
                    listing.skipped.append(Skipped(name, "a pipe, socket or device"))
            except OSError as error:
                listing.skipped.append(Skipped(name, f"cannot be read: {error.strerror or error}"))
