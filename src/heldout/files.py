"""Files that are written whole or not at all.

Temporary file beside the target, flush, fsync, rename, fsync of the folder: a process that is killed, or a disk that
fills up, leaves the earlier file as it was (Pillai et al., OSDI 2014).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from heldout.errors import HeldoutError


class DiskError(HeldoutError, OSError):
    """A file could not be written; what stood there before is intact."""


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file for writing bytes that becomes ``path`` when the block ends without an error.

    Raises
    ------
    DiskError
        If the disk is full or the folder cannot be written; the earlier file is left as it was.
    """
    path = Path(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _match_umask(temporary)
        os.replace(temporary, path)  # noqa: PTH105 - both names are strings here
        _fsync_folder(path.parent)
    except BaseException as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, HeldoutError):
            raise DiskError(
                f"cannot write: {error.strerror or error}",
                where=str(path),
                fix="free some space or choose another folder; the earlier file is intact",
            ) from error
        raise


def _match_umask(path: str) -> None:
    """Give the file the rights an ordinary new file would get (mkstemp makes it private)."""
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(0o666 & ~mask)


def _fsync_folder(folder: Path) -> None:
    """Make a rename durable, where the system can open folders (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all."""
    with atomic_file(path) as stream:
        stream.write(content)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path``, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as readable, strict JSON (no NaN), whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
