"""Files from a mirror or a public address: checked by content, bounded, whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from heldout import __version__
from heldout.errors import DataError
from heldout.files import atomic_file

Progress = Callable[[int, int, str], None]

TIMEOUT_SECONDS = 20.0  # for connecting, and for each read
STALL_SECONDS = 60.0  # a download that brings less than STALL_BYTES in this time has stalled
STALL_BYTES = 16 * 1024
_BLOCK = 256 * 1024
_ATTEMPTS = 2


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
    """One address did not give the file; the message says why."""


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
        Appears only when the content is whole and checked.
    progress : callable, optional
        Called with (bytes so far, bytes in all, what).

    Raises
    ------
    DataError
        Naming each address and what went wrong there.
    DiskError
        If the disk is full.
    """
    failures = []
    for address in addresses:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                content = _get(address, file, progress)
                _checked_content(io.BytesIO(content), file)
            except _RefusedError as refusal:
                failures.append(f"{address} (attempt {attempt}): {refusal}")
                if not _is_worth_repeating(refusal):
                    break
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                with atomic_file(target) as stream:
                    stream.write(content)
                return target
    raise DataError(
        f"could not download {file.path}:\n  " + "\n  ".join(failures),
        fix="try again later, or get the files elsewhere and give their folder or address: --mirror DIR|URL "
        "(or HELDOUT_MIRROR)",
    )


def _is_worth_repeating(refusal: _RefusedError) -> bool:
    return "SHA-256" in str(refusal) or "damaged" in str(refusal) or "cut off" in str(refusal)


def _get(address: str, file: RemoteFile, progress: Progress | None) -> bytes:
    if not address.startswith(("http://", "https://")):
        raise _RefusedError("only http and https addresses are used")
    request = urllib.request.Request(address, headers={"User-Agent": f"heldout/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return _receive(response, file, progress)
    except urllib.error.HTTPError as error:
        with error:
            raise _RefusedError(f"answered {error.code} {error.reason}") from None
    except TimeoutError:
        raise _RefusedError(f"no answer within {TIMEOUT_SECONDS:g} s") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise _RefusedError(f"no answer within {TIMEOUT_SECONDS:g} s") from None
        raise _RefusedError(f"cannot be reached ({error.reason})") from None
    except (HTTPException, OSError, ValueError) as error:
        raise _RefusedError(f"broken connection ({error or type(error).__name__})") from None


def _receive(response: BinaryIO, file: RemoteFile, progress: Progress | None) -> bytes:
    """Read at most the file's limit; the transfer may be slow, but it may not stand still."""
    blocks: list[bytes] = []
    n_bytes, mark_bytes, mark_time = 0, 0, time.monotonic()
    total = _announced(response, file)
    while block := _read_some(response):
        if not blocks and block.lstrip()[:1] == b"<":
            raise _RefusedError("answered with a web page instead of the data")
        blocks.append(block)
        n_bytes += len(block)
        if n_bytes > file.limit:
            raise _RefusedError(f"sends more than {file.limit:,} bytes; the file has {file.file_bytes:,}")
        now = time.monotonic()
        if now - mark_time > STALL_SECONDS:
            if n_bytes - mark_bytes < STALL_BYTES:
                raise _RefusedError(f"stalled at {n_bytes:,} bytes")
            mark_bytes, mark_time = n_bytes, now
        if progress is not None:
            progress(n_bytes, max(total, n_bytes), file.path)
    if n_bytes == 0:
        raise _RefusedError("sent an empty file")
    return b"".join(blocks)


def _read_some(response: BinaryIO) -> bytes:
    """What has arrived, without waiting for a full block."""
    return response.read1(_BLOCK)  # type: ignore[attr-defined]


def _announced(response: BinaryIO, file: RemoteFile) -> int:
    length = response.headers.get("Content-Length") or ""  # type: ignore[attr-defined]
    announced = int(length) if length.isdigit() else file.file_bytes
    if announced > file.limit:
        raise _RefusedError(f"announces {announced:,} bytes; the file has {file.file_bytes:,}")
    return announced
