"""Arrays that worker processes read from files instead of getting a copy each."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

SHARE_ABOVE_BYTES = 2**20
"""Larger arrays are shared."""


@dataclass(frozen=True)
class SharedArray:
    """Where the bytes of an array lie."""

    path: Path
    offset: int
    dtype: str
    shape: tuple[int, ...]
    order: Literal["C", "F"] = "C"

    def open(self) -> np.ndarray:
        """The array, mapped from its file, read only."""
        return np.asarray(np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order))


def share(value: Any, folder: Path) -> Any:
    """The same value with references in place of the large arrays among a dataclass's fields.

    An array that is memory-mapped already is named where it lies; others are written into the folder.
    """
    if not is_dataclass(value) or isinstance(value, type):
        return value
    own = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    shared = {name: _reference(folder, name, array) for name, array in own.items() if _is_large(array)}
    return replace(value, **shared) if shared else value


def open_shared(value: Any) -> Any:
    """What `share` was given, with arrays mapped from their files."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    own = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    opened = {name: array.open() for name, array in own.items() if isinstance(array, SharedArray)}
    return replace(value, **opened) if opened else value


def _is_large(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes > SHARE_ABOVE_BYTES and not value.dtype.hasobject


def _reference(folder: Path, name: str, array: np.ndarray) -> SharedArray:
    return _mapped(array) or _written(folder / f"{name}.bin", array)


def _mapped(array: np.ndarray) -> SharedArray | None:
    """Where a memory-mapped array lies in its file; None if it is not one, or not whole and in order."""
    base: Any = array
    while isinstance(base.base, np.ndarray):  # a view of a memmap repeats the offset of the whole: go to the root
        base = base.base
    if not (isinstance(base, np.memmap) and base.filename is not None and base.mode in ("r", "r+")):
        return None
    shift = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    offset, path = base.offset + shift, Path(base.filename)
    if not array.flags.c_contiguous or shift < 0 or offset + array.nbytes > path.stat().st_size:
        return None
    return SharedArray(path.absolute(), offset, array.dtype.str, array.shape)


def _written(path: Path, array: np.ndarray) -> SharedArray:
    """Write an array in the order that it has in memory: sums over the other order differ in their last bits."""
    by_columns = array.flags.f_contiguous and not array.flags.c_contiguous
    np.ascontiguousarray(array.T if by_columns else array).tofile(path)
    return SharedArray(path, 0, array.dtype.str, array.shape, "F" if by_columns else "C")
