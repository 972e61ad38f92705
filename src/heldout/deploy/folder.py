"""The three files of a bundle: put in place at once, and read only if their sums are right."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
from pathlib import Path

from heldout.deploy.strict_json import MAX_BYTES
from heldout.errors import ArtifactError, SettingError
from heldout.files import DiskError, write_bytes

HEADER, ARRAYS, SUMS = "header.json", "arrays.safetensors", "SHA256SUMS"
REMEDY = "copy the folder again from where it was made, or train again"


def write_folder(folder: Path, header: bytes, arrays: bytes) -> None:
    """Write a bundle's files and their sums, whole or not at all; an earlier bundle there is replaced.

    Raises
    ------
    SettingError
        If the folder holds something else than a bundle.
    DiskError
        If it cannot be written; an earlier bundle stays as it was.
    """
    _must_be_replaceable(folder)
    contents = {HEADER: header, ARRAYS: arrays}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents.items())
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    except OSError as error:
        raise DiskError(f"cannot write: {error.strerror}", where=str(folder), fix="choose another folder") from error
    try:
        for name, content in {**contents, SUMS: sums.encode("ascii")}.items():
            write_bytes(fresh / name, content)
        fresh.chmod(0o755)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def read_folder(folder: Path) -> tuple[bytes, bytes]:
    """Content of a bundle's header and arrays, after their sums were checked.

    Raises
    ------
    ArtifactError
        If a file is missing, unknown, too large, no regular file, or has another sum.
    """
    if not folder.exists() and _spare(folder).is_dir():
        folder = _spare(folder)  # a process was killed while replacing
    _check_listing(folder)
    return _read_summed(folder)


def _must_be_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    strange = [] if folder.is_dir() else [folder.name]
    if folder.is_dir():
        strange = sorted(path.name for path in folder.iterdir() if path.name not in {HEADER, ARRAYS, SUMS})
    if strange:
        raise SettingError(
            f"not a bundle, it holds {', '.join(strange[:3])}; it is left alone",
            where=str(folder),
            fix="choose another folder",
        )


def _spare(folder: Path) -> Path:
    """Where the earlier bundle stands for the moment between two renames."""
    return folder.with_name(f".{folder.name}.old")


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; a kill in between leaves the earlier one in `_spare`."""
    spare = _spare(folder)
    try:
        if folder.exists():
            shutil.rmtree(spare, ignore_errors=True)
            folder.rename(spare)
        fresh.rename(folder)
    except OSError as error:
        if spare.exists() and not folder.exists():
            spare.rename(folder)
        raise DiskError(f"cannot replace: {error.strerror}", where=str(folder), fix="choose another folder") from error
    shutil.rmtree(spare, ignore_errors=True)


def _check_listing(folder: Path) -> None:
    if not folder.is_dir():
        raise ArtifactError(
            "there is no bundle here", where=str(folder), fix="give the folder `model/` of a finished run"
        )
    names = {path.name for path in folder.iterdir()}
    wanted = {HEADER, ARRAYS, SUMS}
    if names != wanted:
        missing, extra = sorted(wanted - names), sorted(names - wanted)
        what = [f"{', '.join(missing)} missing"] * bool(missing) + [f"unknown file {extra[:1]}"] * bool(extra)
        raise ArtifactError("; ".join(what), where=str(folder), fix="a bundle is exactly three files; " + REMEDY)


def _read_summed(folder: Path) -> tuple[bytes, bytes]:
    """Content of header and arrays, if their sums are those of the list."""
    sums = _read_regular(folder / SUMS, 4096)
    contents = [_read_regular(folder / HEADER, MAX_BYTES), _read_regular(folder / ARRAYS, None)]
    for name, content in zip((HEADER, ARRAYS), contents, strict=True):
        line = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode("ascii")
        if line not in sums.splitlines(keepends=True):
            raise ArtifactError(
                "does not have the SHA-256 sum that the bundle lists; the file was changed or damaged",
                where=str(folder / name),
                fix=REMEDY,
            )
    if len(sums.splitlines()) != 2:
        raise ArtifactError("lists more than two files", where=str(folder / SUMS), fix=REMEDY)
    return contents[0], contents[1]


def _read_regular(path: Path, limit: int | None) -> bytes:
    """Content of a regular file (no link, no device), whose size is looked at first."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ArtifactError("not a regular file", where=str(path), fix=REMEDY)
        size = path.stat().st_size
        if limit is not None and size > limit:
            raise ArtifactError(f"{size} bytes, at most {limit} are read", where=str(path), fix=REMEDY)
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise ArtifactError(f"cannot read: {error.strerror}", where=str(path)) from error
