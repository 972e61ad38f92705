"""Decoding in a process of its own: ``python -m heldout.data.decode_worker``, driven by `heldout.data.decoding`.

A job comes as one JSON line on standard input, then one line for each chunk of files; each chunk is answered by one
JSON line. Pixels go straight into the output file and never through a pipe. The process ends with its input, so that
none outlives its parent.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from heldout.data.cache import read_whole
from heldout.data.images import MAX_FILE_BYTES, BadImageError, Form, MismatchError, decode


class Reader:
    """Gives the bytes of a file below a folder, or of a member of a zip."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._zip = zipfile.ZipFile(root) if Path(root).is_file() else None

    def read(self, name: str, expected: int | None = None) -> bytes:
        """All bytes of one file, of which the size may be known."""
        if self._zip is None:
            return read_whole(f"{self._root}/{name}", MAX_FILE_BYTES, expected)
        with self._zip.open(name) as member:
            return member.read(MAX_FILE_BYTES + 1)

    def close(self) -> None:
        """Let go of the zip."""
        if self._zip is not None:
            self._zip.close()


def decode_chunk(reader: Reader, names: list[str], sizes: list[int], form: Form) -> tuple[dict[str, Any], list[bytes]]:
    """Read, hash and decode files, each from one read of its bytes.

    Returns
    -------
    answer : dict
        ``sha256``: hex of each file ('' where unreadable); ``bad``: position -> reason; ``mismatch``: None, 'size' or
        'colour' (then the chunk was left unfinished).
    rows : list of bytes
        Pixels of each file; zeros where it is bad.
    """
    nothing = bytes(form.height * form.width * form.channels)
    sums: list[str] = []
    rows: list[bytes] = []
    bad: dict[str, str] = {}
    for position, (name, size) in enumerate(zip(names, sizes, strict=True)):
        pixels = nothing
        sums.append("")
        try:
            data = reader.read(name, size)
            sums[position] = hashlib.sha256(data).hexdigest()
            pixels = decode(data, form, insist=True).tobytes()
        except MismatchError as mismatch:
            return {"sha256": [], "bad": {}, "mismatch": str(mismatch)}, []
        except BadImageError as error:
            bad[str(position)] = str(error)
        except (OSError, zipfile.BadZipFile, KeyError, RuntimeError) as error:
            bad[str(position)] = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        rows.append(pixels)
    return {"sha256": sums, "bad": bad, "mismatch": None}, rows


def write_rows(output: BinaryIO, offset: int, rows: list[bytes]) -> str:
    """Put decoded rows in their place; the message of the error if the disk is full."""
    try:
        output.seek(offset)
        output.write(b"".join(rows))
        output.flush()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def main() -> None:
    """Serve one parent until its end of the pipe closes."""
    job = json.loads(sys.stdin.readline())
    form = Form(*job["form"])
    reader = Reader(job["root"])
    row_bytes = form.height * form.width * form.channels
    with Path(job["output"]).open("r+b") as output:
        for line in sys.stdin:
            chunk = json.loads(line)
            answer, rows = decode_chunk(reader, chunk["names"], chunk["sizes"], form)
            if answer["mismatch"] is None:
                answer["disk"] = write_rows(output, job["offset"] + row_bytes * chunk["start"], rows)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
