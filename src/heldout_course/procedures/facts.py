"""What is in the course's data sets."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure

UCI_ROWS = {34: (4.9, 3.1, 1.5, 0.1), 37: (4.9, 3.1, 1.5, 0.1)}
"""Rows of iris that differ in the UCI file from Fisher's table, which scikit-learn follows."""


def table_of(name: str, copy: str = "uci") -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows, class numbers and feature names of iris or breast cancer.

    Parameters
    ----------
    copy : 'uci' or 'fisher'
        Of iris: the file that the course read, or Fisher's own table.
    """
    from heldout.data.named_loading import load_named

    if name not in ("iris", "breast-cancer") or copy not in ("uci", "fisher"):
        raise SettingError(f"Unknown table {name!r} or copy {copy!r}", fix="iris or breast-cancer, uci or fisher")
    data = load_named(name)
    x = data.x.to_numpy(np.float64).copy()
    if name == "iris" and copy == "uci":
        for row, values in UCI_ROWS.items():
            x[row] = values
    return x, np.asarray(data.y, np.int64), [column.removesuffix(" (cm)") for column in data.x.columns]


@procedure("table-facts")
def table_facts(name: str, copy: str = "uci") -> dict[str, Any]:
    """Rows, features, classes and first values of a table; in how many rows the copies of iris differ."""
    x, y, names = table_of(name, copy)
    counts = np.bincount(y)
    return {
        "samples": len(x),
        "features": x.shape[1],
        "classes": len(counts),
        **{f"class_{label}": int(count) for label, count in enumerate(counts)},
        **{f"first_{number}": float(value) for number, value in enumerate(x[0][:5], 1)},
        **{f"row_{number}": ", ".join(f"{value:g}" for value in row[:5]) for number, row in enumerate(x[:7], 1)},
        "feature_names": ", ".join(names[:4]),
        "sorted_by_class": "yes" if np.all(np.diff(y) >= 0) else "no",
        "rows_unlike_fisher": int((x != table_of(name, "fisher")[0]).any(axis=1).sum()),
        "largest_over_smallest_spread": float(x.std(axis=0).max() / x.std(axis=0).min()),
    }


@lru_cache(maxsize=2)
def images_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Images, class numbers, whether each is of the official test part, and class names."""
    from heldout.data.named_loading import load_named

    data = load_named(name)
    assert data.official_test is not None
    return np.asarray(data.x), data.y, data.official_test, data.classes


@procedure("image-facts", light=False)
def image_facts(name: str, form: str = "images") -> dict[str, Any]:
    """Shapes and types of MNIST or CIFAR-10 as images or vectors, whole or scrambled.

    `neighbours_alike` is the correlation of pixels that lie side by side, `same_pixels` whether each of the first 1,000
    images still holds the same values.
    """
    from heldout.data.variants import scramble_order

    images, _, is_test, _ = images_of(name)
    height, width, channels = images.shape[1:]
    few = images[:1000]
    made = few
    if "scrambled" in form:
        order = scramble_order(height * width)
        made = few.reshape(len(few), height * width, channels)[:, order].reshape(few.shape)
    left, right = made[:, :, :-1].ravel().astype(float), made[:, :, 1:].ravel().astype(float)
    same = np.array_equal(np.sort(few.reshape(1000, -1), axis=1), np.sort(made.reshape(1000, -1), axis=1))
    is_vectors = "vectors" in form
    return {
        "train_rows": int((~is_test).sum()),
        "test_rows": int(is_test.sum()),
        "height": 1 if is_vectors else height,
        "width": height * width * channels if is_vectors else width,
        "channels": 1 if is_vectors else channels,
        "type": str(made.dtype),
        "least": int(images.min()),
        "most": int(images.max()),
        "neighbours_alike": float(np.corrcoef(left, right)[0, 1]),
        "same_pixels": "yes" if same else "no",
        "megabytes": images[~is_test].nbytes / 1e6,
        "megabytes_as_float64": images[~is_test].size * 8 / 1e6,
    }


@procedure("image-class", light=False)
def image_class(name: str, label: int) -> dict[str, Any]:
    """Name and number of images of a class."""
    _, y, is_test, classes = images_of(name)
    return {
        "class_name": classes[label],
        "train_images": int((y[~is_test] == label).sum()),
        "test_images": int((y[is_test] == label).sum()),
        "images": int((y == label).sum()),
    }


@procedure("image-sheet", light=False)
def image_sheet(name: str, label: int, per_class: int = 8, *, seed: int = 0) -> dict[str, Any]:
    """Training images of a class, drawn at random."""
    from heldout_course.experiments.pixels import packed

    images, y, is_test, classes = images_of(name)
    rows = np.flatnonzero((y == label) & ~is_test)
    shown = np.sort(np.random.default_rng([seed, label]).choice(rows, per_class, replace=False))
    return {
        "class_name": classes[label],
        "shown": len(shown),
        "grey_level": float(images[rows].mean()),
        "pictures": packed(images[shown]),
    }
