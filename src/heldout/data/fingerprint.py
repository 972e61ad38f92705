"""What a data set is, whatever the order of its rows: a SHA-256 over what each row holds and its label."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.rows import is_frame

_BLOCK_ROWS = 4096
_WORD = 16  # bytes of a categorical value's digest


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 (hex) of the data set's rows and labels.

    It does not depend on the order of rows, or of a table's columns; neither on file names, ids or groups. Images
    count by their pixels as loaded, so that another ``image_size`` gives another fingerprint.

    Examples
    --------
    >>> from heldout import load
    >>> iris = load("iris")
    >>> fingerprint(iris) == fingerprint(iris.take(np.arange(149, -1, -1)))
    True
    """
    digest = hashlib.sha256(b"heldout fingerprint 1\n")
    digest.update(np.sort(row_digests(dataset)).tobytes())
    return digest.hexdigest()


def row_digests(dataset: Dataset) -> np.ndarray:
    """SHA-256 of each row's content and label, as fixed-width bytes.

    Equal rows with equal labels have equal digests.

    Returns
    -------
    array of dtype V32, shape (n_rows,)
        Raw digests; ``digests[0].tobytes()`` gives the 32 bytes.
    """
    label_digests = [hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest() for name in dataset.classes]
    prefix, blocks = (_frame_rows if is_frame(dataset.x) else _array_rows)(dataset)
    base = hashlib.sha256(prefix)
    out = bytearray()
    labels = dataset.y.tolist()
    row = 0
    for block in blocks:
        view = memoryview(np.ascontiguousarray(block).tobytes())
        width = block.shape[1]
        for start in range(0, len(view), width) if width else [0] * len(block):
            digest = base.copy()
            digest.update(view[start : start + width])
            digest.update(label_digests[labels[row]])
            out += digest.digest()
            row += 1
    return np.frombuffer(bytes(out), dtype="V32")


def _array_rows(dataset: Dataset) -> tuple[bytes, Any]:
    x = dataset.x
    prefix = json.dumps([dataset.kind, list(x.shape[1:]), str(x.dtype)]).encode()
    blocks = (
        np.asarray(x[start : start + _BLOCK_ROWS]).reshape(min(_BLOCK_ROWS, len(x) - start), -1).view(np.uint8)
        for start in range(0, len(x), _BLOCK_ROWS)
    )
    return prefix, blocks


def _frame_rows(dataset: Dataset) -> tuple[bytes, Any]:
    """Columns in the order of their names, each value as 8 bytes (number) or 16 (text)."""
    frame = dataset.x
    names = sorted(frame.columns)
    columns = [_column_bytes(frame[name].to_numpy()) for name in names]
    kinds = [
        [name, "text" if column.shape[1] == _WORD else "number"] for name, column in zip(names, columns, strict=True)
    ]
    blocks = (
        np.concatenate([column[start : start + _BLOCK_ROWS] for column in columns], axis=1)
        for start in range(0, len(frame), _BLOCK_ROWS)
    )
    return json.dumps(["table", kinds]).encode(), blocks


def _column_bytes(values: np.ndarray) -> np.ndarray:
    """uint8 array, shape (n_rows, 8 or 16)."""
    if values.dtype.kind in "fiub":
        numbers = values.astype("<f8") + 0.0  # -0.0 becomes 0.0
        numbers[np.isnan(numbers)] = np.nan  # one NaN of the many
        return numbers.view(np.uint8).reshape(len(numbers), 8)
    seen: dict[Any, int] = {}
    codes = np.array([seen.setdefault(None if _is_missing(value) else value, len(seen)) for value in values.tolist()])
    words = b"".join(_word(value) for value in seen)
    return np.frombuffer(words, np.uint8).reshape(len(seen), _WORD)[codes]


def _is_missing(value: Any) -> bool:
    return value is None or value != value


def _word(value: Any) -> bytes:
    if value is None:
        return b"\0" * _WORD
    return hashlib.sha256(b"text:" + str(value).encode("utf-8", "surrogatepass")).digest()[:_WORD]
