"""CIFAR-10 from its official binary archive, read in place: no file of it is written to disk, and none is unpickled."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib

import numpy as np

from heldout.errors import DataError

PIXELS = 3072
BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def read_binary_archive(content: bytes, *, where: str, rows: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Images and class numbers of ``cifar-10-binary.tar.gz``: five batches to train, then the test batch.

    Each record is one byte for the class and 3,072 for the picture: 32 rows of 32 red values, then green, then blue.

    Parameters
    ----------
    content : bytes
        The archive; its sum has been checked.
    where : str
        Its name in messages.
    rows : int
        Records of each batch.

    Returns
    -------
    images : uint8 array, shape (6 * rows, 32, 32, 3)
    numbers : int64 array, shape (6 * rows,)

    Raises
    ------
    DataError
        If a batch is missing, is not of its size, or holds a class number above 9.
    """
    found: dict[str, np.ndarray] = {}
    size = rows * (1 + PIXELS)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name not in BATCHES or name in found:
                    continue
                stream = archive.extractfile(member) if member.isreg() and member.size == size else None
                if stream is None:
                    raise DataError(f"{name} has {member.size:,} bytes, expected {size:,}", where=where)
                found[name] = np.frombuffer(stream.read(size), np.uint8).reshape(rows, 1 + PIXELS)
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, gzip.BadGzipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"not an archive that can be read ({error})", where=where, fix="get the file again") from None
    missing = [name for name in BATCHES if name not in found]
    if missing:
        raise DataError(f"the archive has no {missing[0]}", where=where, fix="get the file again")
    records = np.concatenate([found[name] for name in BATCHES])
    numbers = records[:, 0].astype(np.int64)
    if numbers.max(initial=0) > 9:
        raise DataError(f"a record has class {numbers.max()}", where=where, fix="get the file again")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), numbers
