"""A folder of images becomes one memory-mapped array, once; a list of sums shows when a file changes.

Below the cache, ``imports/<hash of the folder's path and the rule>/`` holds ``images.npy`` (uint8, rows of equal size)
and ``manifest.json`` (each file's size, times and SHA-256, and what was skipped). The manifest is taken away before
the array is replaced and written after it, so that a process killed in between leaves no manifest, never a wrong one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.cache import cache_folder
from heldout.data.dataset import Skipped
from heldout.data.decode_worker import Reader
from heldout.data.decoding import Decoded, DiskFullError, decode_files, decode_in_memory
from heldout.data.images import (
    FIT_SIDE,
    KEEP_SIDE,
    BadImageError,
    Form,
    MismatchError,
    decode,
)
from heldout.data.listing import Listing
from heldout.errors import DataError
from heldout.files import DiskError, write_text

Progress = Callable[[int, int, str], None]

_SCHEMA = 1
_HEADER_BYTES = 128  # of a version 1.0 .npy file, for every shape that occurs here
_MOVE_ROWS_BYTES = 8 * 2**20


@dataclass
class Imported:
    """Images in memory or mapped, with what is known of their files.

    Attributes
    ----------
    x : uint8 array, shape (n_images, height, width, channels)
    names : list of str
        The file of each row.
    sha256 : list of str
        Of each row's file.
    form : Form
    skipped, notes : list
    """

    x: np.ndarray
    names: list[str]
    sha256: list[str]
    form: Form
    skipped: list[Skipped]
    notes: list[str]
    folder: Path


def import_images(
    root: Path,
    listing: Listing,
    *,
    image_size: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Decode all files of a listing, or take them from the cache if none changed.

    Parameters
    ----------
    root : Path
        A folder, or a zip file.
    listing : Listing
    image_size : (height, width), optional
        Size to bring all images to; default: see `heldout.data.images`.

    Raises
    ------
    DataError
        If no file is a usable image.
    """
    folder = _import_folder(root, image_size)
    notes: list[str] = []
    manifest = _read_manifest(folder)
    if manifest is not None and _is_current(root, listing, manifest, folder, notes):
        try:
            x = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            x = None
        if x is not None and x.dtype == np.uint8 and x.shape == tuple(manifest["shape"]):
            return _result(x, listing.names, manifest, folder, notes)
    return _import_anew(_Source(root, listing, folder, progress, notes), image_size)


def _import_folder(root: Path, image_size: tuple[int, int] | None) -> Path:
    key = json.dumps([_SCHEMA, os.path.realpath(root), image_size])
    return cache_folder("imports", hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32])


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest, or None if there is none of this form (a cache may always be made anew)."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        lists = [manifest["names"], manifest["stats"], manifest["sha256"]]
        sound = manifest["schema"] == _SCHEMA and len({len(part) for part in lists}) == 1
        n_good = len(manifest["names"]) - len({int(row) for row in manifest["bad"]})
        sound = sound and manifest["shape"] == [n_good, *manifest["form"][:3]]
        return manifest if sound else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_current(root: Path, listing: Listing, manifest: dict[str, Any], folder: Path, notes: list[str]) -> bool:
    """Whether the cache still is what the folder holds; a file that changed is named in `notes`."""
    if listing.names == manifest["names"] and listing.stats == manifest["stats"]:
        return True
    known = dict(zip(manifest["names"], zip(manifest["stats"], manifest["sha256"], strict=True), strict=True))
    present = dict(zip(listing.names, listing.stats, strict=True))
    touched = [name for name, status in present.items() if name in known and known[name][0] != status]
    changed = [name for name in touched if _sum(root, name) != known[name][1]]
    differences = {
        "changed": changed,
        "added": [name for name in present if name not in known],
        "removed": [name for name in known if name not in present],
    }
    if not any(differences.values()):
        with contextlib.suppress(DiskError):
            _write_manifest(folder, {**manifest, "stats": listing.stats})
        return True
    for what, names in differences.items():
        if names:
            files = "1 file was" if len(names) == 1 else f"{len(names):,} files were"
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            notes.append(f"{files} {what} since the import on {manifest['imported']}: {shown}")
    return False


def _sum(root: Path, name: str) -> str:
    reader = Reader(os.fspath(root))
    try:
        return hashlib.sha256(reader.read(name)).hexdigest()
    except (OSError, KeyError):
        return ""
    finally:
        reader.close()


@dataclass(frozen=True)
class _Source:
    """What is decoded, into which folder of the cache, and who listens."""

    root: Path
    listing: Listing
    folder: Path
    progress: Progress | None
    notes: list[str]


def _import_anew(source: _Source, image_size: tuple[int, int] | None) -> Imported:
    form = _first_guess(source.root, source.listing.names, image_size)
    while True:
        try:
            return _decode_into_cache(source, form)
        except MismatchError as mismatch:
            form = _corrected(form, str(mismatch))
        except (DiskFullError, OSError) as error:
            reason = error.what if isinstance(error, DiskError) else getattr(error, "strerror", None) or error
            try:
                made = _decode_into_memory(source, form)
            except MismatchError as mismatch:
                form = _corrected(form, str(mismatch))
                continue
            made.notes.append(
                f"the cache could not be written ({reason}); the images are held in memory and will be decoded anew "
                "next time"
            )
            return made


def _first_guess(root: Path, names: list[str], image_size: tuple[int, int] | None) -> Form:
    """The form of the first usable image; corrected, at most twice, when another one disagrees."""
    reader = Reader(os.fspath(root))
    reason = "no files"
    try:
        for name in names:
            try:
                image = decode(reader.read(name), None)
            except (BadImageError, OSError) as error:
                reason = f"{name}: {error}"
                continue
            channels = 1 if image.mode == "L" else 3
            if image_size is not None:
                return Form(*image_size, channels, False)
            if max(image.size) <= KEEP_SIDE:
                return Form(image.height, image.width, channels, True)
            return Form(FIT_SIDE, FIT_SIDE, channels, False)
    finally:
        reader.close()
    raise DataError(
        f"none of {len(names):,} files is an image that can be used ({reason})",
        where=str(root),
        fix="give PNG, JPEG, BMP, GIF, TIFF or WebP files",
    )


def _corrected(form: Form, mismatch: str) -> Form:
    if mismatch == "colour":
        return Form(form.height, form.width, 3, form.exact)
    return Form(FIT_SIDE, FIT_SIDE, form.channels, False)


def _decode_into_cache(source: _Source, form: Form) -> Imported:
    listing, folder = source.listing, source.folder
    folder.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(folder)
    temporary = folder / f".images.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    row_bytes = form.height * form.width * form.channels
    try:
        _reserve(temporary, _HEADER_BYTES + row_bytes * len(listing.names))
        decoded = decode_files(
            source.root, listing.names, listing.sizes, form, temporary, _HEADER_BYTES, progress=source.progress
        )
        shape = (len(listing.names) - len(decoded.bad), form.height, form.width, form.channels)
        _close_gaps(temporary, row_bytes, len(listing.names), decoded.bad)
        _finish(temporary, shape, row_bytes)
        manifest = _manifest(listing, decoded, form, shape)
        (folder / "manifest.json").unlink(missing_ok=True)
        temporary.replace(folder / "images.npy")
        _write_manifest(folder, manifest)
    finally:
        temporary.unlink(missing_ok=True)
    x = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
    return _result(x, listing.names, manifest, folder, source.notes)


def _decode_into_memory(source: _Source, form: Form) -> Imported:
    listing = source.listing
    x = np.zeros((len(listing.names), form.height, form.width, form.channels), np.uint8)
    rows = memoryview(x.reshape(-1))  # type: ignore[arg-type]
    decoded = decode_in_memory(source.root, listing.names, listing.sizes, form, rows, source.progress)
    good = [row for row in range(len(x)) if row not in decoded.bad]
    if decoded.bad:
        x = x[good]
    return _result(x, listing.names, _manifest(listing, decoded, form, x.shape), source.folder, source.notes)


def _manifest(listing: Listing, decoded: Decoded, form: Form, shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "imported": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "form": [form.height, form.width, form.channels, form.exact],
        "shape": list(shape),
        "names": listing.names,
        "stats": listing.stats,
        "sha256": decoded.sha256,
        "bad": {str(row): reason for row, reason in sorted(decoded.bad.items())},
    }


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    write_text(folder / "manifest.json", json.dumps(manifest, ensure_ascii=False, separators=(",", ":")))


def _result(x: np.ndarray, names: list[str], manifest: dict[str, Any], folder: Path, notes: list[str]) -> Imported:
    bad = {int(row): reason for row, reason in manifest["bad"].items()}
    sums = manifest["sha256"]
    if bad:
        good = [row for row in range(len(names)) if row not in bad]
        kept, sums = [names[row] for row in good], [sums[row] for row in good]
    else:
        kept = names
    skipped = [Skipped(names[row], reason) for row, reason in bad.items()]
    return Imported(x, kept, sums, Form(*manifest["form"]), skipped, notes, folder)


def _clear_leftovers(folder: Path) -> None:
    """Take away what killed imports left; those of living processes stay."""
    for path in folder.glob(".images.*.tmp"):
        owner = path.name.split(".")[2]
        if owner.isdigit() and not _is_alive(int(owner)):
            path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there, asking could end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, and belongs to someone else
    return True


def _reserve(path: Path, n_bytes: int) -> None:
    """Make the file at its full size, so that a disk that is too small is known before the work."""
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, n_bytes)
        else:
            stream.truncate(n_bytes)


def _close_gaps(path: Path, row_bytes: int, n_rows: int, bad: dict[int, str]) -> None:
    """Move good rows together over the places of bad ones, in runs, without holding them all."""
    if not bad:
        return
    with path.open("r+b") as stream:
        write_row = 0
        edges = [*sorted(bad), n_rows]
        start = 0
        for edge in edges:
            while start < edge:
                count = min(edge - start, max(1, _MOVE_ROWS_BYTES // row_bytes))
                if start != write_row:
                    stream.seek(_HEADER_BYTES + start * row_bytes)
                    rows = stream.read(count * row_bytes)
                    stream.seek(_HEADER_BYTES + write_row * row_bytes)
                    stream.write(rows)
                start, write_row = start + count, write_row + count
            start = edge + 1


def _finish(path: Path, shape: tuple[int, ...], row_bytes: int) -> None:
    """Write the .npy header, cut the file to its rows, and flush it to the disk."""
    header = repr({"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}).encode("ascii")
    length = _HEADER_BYTES - 10
    with path.open("r+b") as stream:
        stream.write(b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + header.ljust(length - 1) + b"\n")
        stream.truncate(_HEADER_BYTES + shape[0] * row_bytes)
        stream.flush()
        os.fsync(stream.fileno())
