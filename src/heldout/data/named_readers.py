"""From the files of a named dataset to its rows."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset
from heldout.data.named import NAMED, obtain, obtain_contents
from heldout.data.settings import Reading
from heldout.errors import DataError


def read_sklearn_table(name: str, reading: Reading) -> Dataset:
    """Read iris or breast-cancer, which come with scikit-learn."""
    from sklearn import datasets

    from heldout.data.columnar import read_frame
    from heldout.data.tables import build

    loader = {"iris": datasets.load_iris, "breast-cancer": datasets.load_breast_cancer}[name]
    bunch = loader(as_frame=True)
    target = "species" if name == "iris" else "diagnosis"
    frame = bunch.data.assign(**{target: bunch.target_names[bunch.target]})
    made = build(read_frame(frame, where=name), name=name, target=target, group=None)
    return replace(made, origin={"data": name, "target": None, "group": None})


def read_digits(name: str, reading: Reading) -> Dataset:
    """Read the 8 x 8 digits that come with scikit-learn; 0..16 becomes 0..255 (rounded)."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    ids = np.arange(len(images)).astype(str)
    return _images(name, images, bunch.target, ids, None)


def read_idx_dataset(name: str, reading: Reading) -> Dataset:
    """Read MNIST or Fashion-MNIST: the 60,000 training images, then the 10,000 of the official test."""
    contents = [_decompressed(content) for content in obtain_contents(name, reading.mirror, reading.progress)]
    train_x, train_y, test_x, test_y = (parse_idx(content, where=name) for content in contents)
    ids = np.array(
        [f"train/{row:05d}" for row in range(len(train_y))] + [f"test/{row:05d}" for row in range(len(test_y))]
    )
    official_test = np.arange(len(ids)) >= len(train_y)
    images = np.concatenate([train_x, test_x])[..., np.newaxis]
    return _images(name, images, np.concatenate([train_y, test_y]), ids, official_test)


def _decompressed(content: bytes) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    import gzip

    return gzip.decompress(content)  # its sum was checked: this is the official file


def parse_idx(content: bytes, *, where: str) -> np.ndarray:
    """Read an IDX file of unsigned bytes: two zero bytes, type 8, number of dimensions, sizes (big-endian), data.

    Raises
    ------
    DataError
        If the header is not that, or disagrees with the number of bytes.
    """
    n_dims = content[3] if len(content) > 3 else 0
    if content[:3] != b"\0\0\x08" or not 1 <= n_dims <= 4 or len(content) < 4 + 4 * n_dims:
        raise DataError("not an IDX file of bytes", where=where, fix="get the file again")
    shape = struct.unpack(f">{n_dims}I", content[4 : 4 + 4 * n_dims])
    expected = 1
    for size in shape:
        expected *= size
    if expected != len(content) - 4 - 4 * n_dims:
        raise DataError(f"an IDX file of shape {shape} with {len(content):,} bytes", where=where)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_dims).reshape(shape)


def _images(
    name: str, images: np.ndarray, numbers: np.ndarray, ids: np.ndarray, official_test: np.ndarray | None
) -> Dataset:
    y, classes = labels.encode(np.array(NAMED[name].classes, dtype=object)[numbers])
    _, height, width, channels = images.shape
    return Dataset(
        name=name,
        kind="images",
        x=images,
        y=y,
        classes=classes,
        ids=ids,
        official_test=official_test,
        origin={"data": name, "target": None, "group": None},
        input={"kind": "images", "height": height, "width": width, "channels": channels, "rule": "keep"},
    )


def read_cifar10(name: str, reading: Reading) -> Dataset:
    """Read CIFAR-10 from its official binary archive, or from the zip of PNG files of a mirror; both in place."""
    [(path, content)] = obtain(name, reading.mirror, reading.progress)
    if path.suffix == ".zip":
        from heldout.data.zipped import load_zip

        return load_zip(name, path, reading.progress)
    from heldout.data.cifar_binary import read_binary_archive

    images, numbers = read_binary_archive(content, where=str(path))
    n_test = NAMED[name].n_test
    ids = [f"{'test' if row >= len(images) - n_test else 'train'}/{row:05d}" for row in range(len(images))]
    return _images(name, images, numbers, np.array(ids), np.arange(len(images)) >= len(images) - n_test)


Reader = Callable[[str, Reading], Dataset]

READERS: dict[str, Reader] = {
    "iris": read_sklearn_table,
    "breast-cancer": read_sklearn_table,
    "digits": read_digits,
    "mnist": read_idx_dataset,
    "fashion-mnist": read_idx_dataset,
    "cifar10": read_cifar10,
}
