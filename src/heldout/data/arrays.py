"""Labelled arrays in one .npz file: x and y, checked before anything is allocated."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data import labels
from heldout.data.columnar import RawNumbers
from heldout.data.dataset import Dataset
from heldout.data.delimited import RawTable
from heldout.errors import DataError, ShapeError

MAX_BYTES = 16 * 2**30
_FIX = "np.savez('data.npz', x=features_or_uint8_images, y=labels)"


def load_npz(path: Path) -> Dataset:
    """Load ``x`` and ``y`` (and ``groups``, if there) of an .npz file; Python objects are never read.

    ``x`` of shape (n_rows, n_columns) is a table of numbers, with columns x0, x1, ...; uint8 of shape
    (n_rows, height, width) or (n_rows, height, width, 1 or 3) are images.

    Raises
    ------
    DataError, ShapeError, LabelError
        If the arrays are not there, of a type that is not read, of different lengths or larger than the file allows.
    """
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            for needed in ("x.npy", "y.npy"):
                if needed not in members:
                    raise DataError(f"array {needed[:-4]!r} is missing", where=where, fix=_FIX)
            arrays = {
                name[:-4]: _read_array(archive, members[name], f"{where}:{name[:-4]}")
                for name in ("x.npy", "y.npy", "groups.npy")
                if name in members
            }
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"not an .npz file that can be read ({error})", where=where, fix=_FIX) from None
    return _dataset(path, arrays["x"], arrays["y"], arrays.get("groups"))


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> np.ndarray:
    """One member; its header must agree with its size, and its size with what was compressed."""
    if info.file_size > min(MAX_BYTES, 1100 * info.compress_size + 4096):  # deflate packs 1032 to 1 at most
        raise DataError(f"claims {info.file_size:,} bytes in {info.compress_size:,}", where=where, fix=_FIX)
    with archive.open(info) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            if version not in ((1, 0), (2, 0)):
                raise ValueError(f"format version {version}")
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(stream)
        except ValueError as error:
            raise DataError(f"not an array ({str(error)[:120]})", where=where, fix=_FIX) from None
        n_bytes = dtype.itemsize
        for size in shape:
            n_bytes *= size
        if dtype.hasobject:
            raise DataError("holds Python objects, which are never read", where=where, fix=_FIX)
        if n_bytes > info.file_size or dtype.itemsize == 0:
            raise DataError(f"claims shape {shape}, which its {info.file_size:,} bytes cannot hold", where=where)
        content = stream.read(n_bytes)
    if len(content) != n_bytes:
        raise DataError("is cut off", where=where, fix=_FIX)
    flat = np.frombuffer(content, dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _dataset(path: Path, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> Dataset:
    where = str(path)
    if y.ndim != 1 or len(y) == 0 or x.ndim < 2 or len(x) != len(y):
        raise ShapeError(f"x has shape {x.shape} and y {y.shape}", where=where, fix="one label for each row of x")
    if groups is not None and groups.shape != y.shape:
        raise ShapeError(f"groups has shape {groups.shape} and y {y.shape}", where=where)
    codes, classes = labels.encode(_label_texts(y, where))
    numbers, names = labels.encode([] if groups is None else groups.astype(str))
    notes = labels.check_target(codes, classes, where=where, place=lambda row: f"row {row}", what="y")
    common: dict[str, Any] = {
        "name": path.name,
        "y": codes,
        "classes": classes,
        "ids": np.arange(len(y)).astype(str),
        "groups": None if groups is None else numbers,
        "group_names": () if groups is None else names,
        "origin": {"data": where, "target": None, "group": None},
    }
    if x.ndim == 2:
        return _table(x, notes, common, where)
    return _images(x, notes, common, where)


def _label_texts(y: np.ndarray, where: str) -> np.ndarray:
    if y.dtype.kind not in "iubUf":
        raise DataError(f"y has type {y.dtype}", where=where, fix="labels are integers or text")
    return np.array([str(value) for value in y.tolist()], dtype=object)


def _table(x: np.ndarray, notes: list[str], common: dict[str, Any], where: str) -> Dataset:
    from heldout.data.tables import numeric_features

    if x.dtype.kind not in "iubf":
        raise DataError(f"x has type {x.dtype}", where=where, fix="x holds numbers")
    names = [f"x{number}" for number in range(x.shape[1])]
    raw = RawTable(names, [RawNumbers(np.asarray(column, np.float64)) for column in x.T], None, where)
    frame, columns = numeric_features(raw, notes)
    spec = {"kind": "table", "columns": columns, "target": "y", "group": None}
    return Dataset(kind="table", x=frame, input=spec, notes=tuple(notes), **common)


def _images(x: np.ndarray, notes: list[str], common: dict[str, Any], where: str) -> Dataset:
    images = x[..., np.newaxis] if x.ndim == 3 else x
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8 or 0 in images.shape:
        raise ShapeError(
            f"x has shape {x.shape} and type {x.dtype}",
            where=where,
            fix="images are uint8 of shape (rows, height, width) or (rows, height, width, 1 or 3): "
            "(x * 255).round().astype('uint8')",
        )
    _, height, width, channels = images.shape
    spec = {"kind": "images", "height": height, "width": width, "channels": channels, "rule": "keep"}
    return Dataset(kind="images", x=images, input=spec, notes=tuple(notes), **common)
