"""The arrays of a bundle: the safetensors layout, written by its library and read by ourselves.

The reader is small enough to be checked by eye: 8 bytes length, a JSON header, then the bytes of the arrays
without gaps or overlaps. Every claim of the header is compared with the size of the file before an array is
made, and arrays are views into the bytes, so reading costs no memory beyond the file's own size.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from heldout.deploy.strict_json import MAX_BYTES, read_strict
from heldout.errors import ArtifactError

DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_MAX_AXES = 8
_MAX_EMPTY = 2**31  # product of the other axes of an array that has an axis of length 0


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Give the content of a safetensors file with these arrays.

    Raises
    ------
    ArtifactError
        If an array's type has no place in the format.
    """
    from safetensors.numpy import save

    for name, array in arrays.items():
        if array.dtype not in DTYPES.values():
            raise ArtifactError(f"array {name!r} has the type {array.dtype}, which a bundle cannot hold")
    return save({name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()})


def unpack_arrays(content: bytes, *, where: str) -> dict[str, np.ndarray]:
    """Give the arrays of a safetensors file as read-only views into `content`.

    Raises
    ------
    ArtifactError
        If the header is larger than the file or our limit, names an unknown type, disagrees with itself, or
        leaves bytes unused.
    """
    if len(content) < 8:
        raise ArtifactError(f"{len(content)} bytes, too short for a safetensors file", where=where)
    length = int.from_bytes(content[:8], "little")
    if length > min(len(content) - 8, MAX_BYTES):
        raise ArtifactError(
            f"claims a header of {length} bytes; the file has {len(content)}, at most {MAX_BYTES} are read",
            where=where,
        )
    header = read_strict(content[8 : 8 + length], where=f"{where} (header)")
    if not isinstance(header, dict):
        raise ArtifactError("the header is not a JSON object", where=where)
    start = 8 + length
    entries = sorted((_checked(name, entry, where), name) for name, entry in header.items())
    arrays = {}
    position = 0
    for (begin, end, code, shape), name in entries:
        if begin != position:
            raise ArtifactError(f"array {name[:80]!r} begins at {begin}, expected {position}", where=where)
        if end > len(content) - start:
            raise ArtifactError(f"array {name[:80]!r} ends beyond the file", where=where)
        arrays[name] = _view(content, start + begin, code, shape, name, where)
        position = end
    if position != len(content) - start:
        raise ArtifactError(f"{len(content) - start - position} bytes after the last array", where=where)
    return arrays


def _checked(name: str, entry: Any, where: str) -> tuple[int, int, str, tuple[int, ...]]:
    """Begin, end, type and shape of one array, if they agree with each other."""
    problem = ""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        problem = "is not described by dtype, shape and data_offsets"
    elif not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPES:
        problem = f"has the unknown type {str(entry['dtype'])[:40]!r}"
    elif not _are_sizes(entry["shape"]) or len(entry["shape"]) > _MAX_AXES:
        problem = "has an impossible shape"
    elif not _are_sizes(entry["data_offsets"]) or len(entry["data_offsets"]) != 2:
        problem = "has impossible offsets"
    elif prod(size for size in entry["shape"] if size) > _MAX_EMPTY and 0 in entry["shape"]:
        problem = "is empty, with an impossible shape"
    if problem:
        raise ArtifactError(f"array {name[:80]!r} {problem}", where=where)
    begin, end = entry["data_offsets"]
    wanted = prod(entry["shape"]) * DTYPES[entry["dtype"]].itemsize
    if end - begin != wanted:
        raise ArtifactError(f"array {name[:80]!r} has {end - begin} bytes, its shape needs {wanted}", where=where)
    return begin, end, entry["dtype"], tuple(entry["shape"])


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 2**62 for size in value)


def _view(content: bytes, begin: int, code: str, shape: tuple[int, ...], name: str, where: str) -> np.ndarray:
    dtype = DTYPES[code]
    raw = np.frombuffer(content, dtype=np.uint8, count=prod(shape) * dtype.itemsize, offset=begin)
    if code == "BOOL" and raw.size and raw.max() > 1:
        raise ArtifactError(f"array {name[:80]!r} has truth values that are neither 0 nor 1", where=where)
    array = raw.view(dtype).reshape(shape)
    return array if array.flags.aligned else array.copy()
