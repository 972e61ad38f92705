"""Files from a mirror or a public address: checked by content, bounded, whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO

from heldout import __version__
from heldout.errors import DataError
from heldout.files import DiskError

Progress = Callable[[int, int, str], None]

TIMEOUT_SECONDS = 20.0  # for connecting, and for each read
STALL_SECONDS = 60.0  # a download that brings less than STALL_BYTES in this time has stalled
STALL_BYTES = 16 * 1024
_BLOCK = 256 * 1024
_ATTEMPTS = 2
PARTIAL = ".part"
"""Ending of a file that is still arriving; a later call goes on with it."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a named dataset.

    Attributes
    ----------
    path : str
        Its place below a mirror, such as ``mnist/train-images-idx3-ubyte.gz``.
    sha256 : str
        Of the content that counts: of the decompressed bytes if `content_bytes` is set, else of the file itself.
    file_bytes : int
        Size of the official file (progress; a mirror's own wrapper may differ).
    content_bytes : int or None
        Exact size after decompression, for gzip files whose wrapper may have been made anew.
    """

    path: str
    sha256: str
    file_bytes: int
    content_bytes: int | None = None

    @property
    def limit(self) -> int:
        """No honest copy of this file is larger."""
        return max(self.file_bytes, self.content_bytes or 0) + 2**20


class _RefusedError(Exception):
    """One address did not give the file; the message says why. `keeps`: what has arrived is good as far as it goes."""

    def __init__(self, message: str, *, keeps: bool = False) -> None:
        super().__init__(message)
        self.keeps = keeps


def read_content(path: Path, file: RemoteFile) -> bytes:
    """The checked content of a file on disk.

    Raises
    ------
    DataError
        If it is unreadable or not what it should be, with both hashes.
    """
    try:
        with path.open("rb") as stream:
            return _checked_content(stream, file)
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror or error}", where=str(path), fix="check the file") from error
    except _RefusedError as error:
        raise DataError(str(error), where=str(path), fix="get the file again; this copy is not the dataset") from None


def _checked_content(stream: BinaryIO, file: RemoteFile) -> bytes:
    content = stream.read(file.limit + 1) if file.content_bytes is None else _gunzip(stream, file.content_bytes)
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise _RefusedError(f"the content has SHA-256 {digest}, expected {file.sha256} ({len(content):,} bytes)")
    return content


def _gunzip(stream: BinaryIO, n_bytes: int) -> bytes:
    """Decompress at most one byte more than expected: a bomb costs no more than the real file."""
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            return unpacked.read(n_bytes + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _RefusedError(f"damaged or not gzip ({error})") from None


def fetch_file(file: RemoteFile, addresses: Sequence[str], target: Path, *, progress: Progress | None = None) -> Path:
    """Download `file` from the first address that gives it intact.

    Parameters
    ----------
    file : RemoteFile
    addresses : sequence of str
        Full http(s) addresses, tried in order; each is tried twice if what it gives is damaged.
    target : Path
        Appears only when the content is whole and checked; until then what has arrived is in a file next to it, whose
        name ends in `PARTIAL`, and a later call goes on there.
    progress : callable, optional
        Called with (bytes so far, bytes in all, what).

    Raises
    ------
    DataError
        Naming each address and what went wrong there.
    DiskError
        If the disk is full.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + PARTIAL)
    failures = []
    for address in addresses:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _receive_whole(address, file, partial, progress)
                with partial.open("rb") as stream:
                    _checked_content(stream, file)
            except _RefusedError as refusal:
                failures.append(f"{address} (attempt {attempt}): {refusal}")
                if not refusal.keeps:
                    partial.unlink(missing_ok=True)
                if not _is_worth_repeating(refusal):
                    break
            else:
                partial.replace(target)
                return target
    raise DataError(
        f"could not download {file.path}:\n  " + "\n  ".join(failures),
        fix=f"try again later: what has arrived is kept; or get the file on a machine that has a connection, put it at "
        f"DIR/{file.path} and give that folder: --mirror DIR (or HELDOUT_MIRROR)",
    )


def _is_worth_repeating(refusal: _RefusedError) -> bool:
    return any(word in str(refusal) for word in ("SHA-256", "damaged", "cut off"))


def _receive_whole(address: str, file: RemoteFile, partial: Path, progress: Progress | None) -> None:
    """Fill `partial`, and go on where a connection broke off, as long as each try brings something."""
    while True:
        before = _size(partial)
        try:
            return _get(address, file, partial, progress)
        except _RefusedError as refusal:
            if not (refusal.keeps and _size(partial) > before):
                raise


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _get(address: str, file: RemoteFile, partial: Path, progress: Progress | None) -> None:
    if not address.startswith(("http://", "https://")):
        raise _RefusedError("only http and https addresses are used")
    headers = {"User-Agent": f"heldout/{__version__}"}
    start = _size(partial)
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=TIMEOUT_SECONDS
        ) as answer:
            return _receive(answer, file, partial, _resumes_at(answer, start), progress)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # what we have is not the beginning of what they have
                partial.unlink(missing_ok=True)
                raise _RefusedError("cut off: cannot be resumed, begun anew") from None
            raise _RefusedError(f"answered {error.code} {error.reason}", keeps=True) from None
    except TimeoutError:
        raise _RefusedError(f"no answer within {TIMEOUT_SECONDS:g} s", keeps=True) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise _RefusedError(f"no answer within {TIMEOUT_SECONDS:g} s", keeps=True) from None
        raise _RefusedError(f"cannot be reached ({error.reason})", keeps=True) from None
    except DiskError:
        raise
    except (HTTPException, OSError, ValueError) as error:
        raise _RefusedError(f"broken connection ({error or type(error).__name__})", keeps=True) from None


def _resumes_at(answer: Any, start: int) -> int:
    """Where the bytes of this answer belong: at `start` if the server says so, else at the beginning."""
    if getattr(answer, "status", 200) != 206:
        return 0
    if not (answer.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
        raise _RefusedError("cut off: answered with another part of the file")
    return start


def _receive(answer: Any, file: RemoteFile, partial: Path, start: int, progress: Progress | None) -> None:
    """Write what comes, at most the file's limit; the transfer may be slow, but it may not stand still."""
    n_bytes, mark_bytes, mark_time = start, start, time.monotonic()
    total = start + _announced(answer, file)
    with _opened(partial, start) as stream:
        while block := _read_some(answer):
            if n_bytes == 0 and block.lstrip()[:1] == b"<":
                raise _RefusedError("answered with a web page instead of the data")
            n_bytes += len(block)
            if n_bytes > file.limit:
                raise _RefusedError(f"sends more than {file.limit:,} bytes; the file has {file.file_bytes:,}")
            _write(stream, block, partial)
            now = time.monotonic()
            if now - mark_time > STALL_SECONDS:
                if n_bytes - mark_bytes < STALL_BYTES:
                    raise _RefusedError(f"stalled at {n_bytes:,} bytes", keeps=True)
                mark_bytes, mark_time = n_bytes, now
            if progress is not None:
                progress(n_bytes, max(total, n_bytes), file.path)
    if answer.headers.get("Content-Length") and n_bytes < total:
        raise _RefusedError(f"broken connection (cut off at {n_bytes:,} of {total:,} bytes)", keeps=True)
    if n_bytes == 0:
        raise _RefusedError("sent an empty file")


def _opened(partial: Path, start: int) -> BinaryIO:
    try:
        stream = partial.open("r+b" if start else "wb")
        stream.seek(start)
    except OSError as error:
        raise _disk_error(error, partial) from error
    return stream


def _write(stream: BinaryIO, block: bytes, partial: Path) -> None:
    try:
        stream.write(block)
    except OSError as error:
        raise _disk_error(error, partial) from error


def _disk_error(error: OSError, path: Path) -> DiskError:
    return DiskError(f"cannot write: {error.strerror or error}", where=str(path), fix="free some space")


def _read_some(response: Any) -> bytes:
    """What has arrived, without waiting for a full block."""
    block: bytes = response.read1(_BLOCK)
    return block


def _announced(response: Any, file: RemoteFile) -> int:
    length = response.headers.get("Content-Length") or ""
    announced = int(length) if length.isdigit() else file.file_bytes
    if announced > file.limit:
        raise _RefusedError(f"announces {announced:,} bytes; the file has {file.file_bytes:,}")
    return announced
