"""The same pictures as rows of numbers, or with their pixels moved about: what a net loses with the neighbourhood.

The pixels of ``mnist-scrambled`` are all moved in the same way, by one fixed permutation: the order of the SHA-256 of
``heldout scramble 1 I`` over the numbers I of the pixels. It needs no generator of random numbers, so it is the same on
every machine and under every version.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from heldout.data.dataset import Dataset

SCRAMBLE_SEED = 1


def scramble_order(n: int) -> np.ndarray:
    """Where each pixel of a scrambled picture comes from: ``scrambled[i] = original[order[i]]``; int64, shape (n,)."""
    keys = [hashlib.sha256(b"heldout scramble %d %d" % (SCRAMBLE_SEED, pixel)).digest() for pixel in range(n)]
    return np.array(sorted(range(n), key=keys.__getitem__), np.int64)


def scramble_pixels(images: np.ndarray) -> np.ndarray:
    """Images, shape (n, height, width, channels), with pixels in `scramble_order`; a pixel's channels stay together."""
    n, height, width, channels = images.shape
    order = scramble_order(height * width)
    return np.asarray(images.reshape(n, height * width, channels)[:, order].reshape(images.shape))


def scrambled(data: Dataset, name: str) -> Dataset:
    """The pictures with their pixels in `scramble_order`."""
    x = scramble_pixels(np.asarray(data.x))
    note = (
        "pixels are scrambled: a new picture must be scrambled in the same way (heldout.data.variants.scramble_order)"
    )
    return replace(data, name=name, x=x, origin={**data.origin, "data": name}, notes=(*data.notes, note))


def vectors(data: Dataset, name: str) -> Dataset:
    """Each picture as a row of a table: float32 columns ``p0``, ``p1``, ... in [0, 255], row by row, channels last."""
    import pandas as pd

    rows = np.asarray(data.x).reshape(len(data), -1).astype(np.float32)
    names = [f"p{number}" for number in range(rows.shape[1])]
    return replace(
        data,
        name=name,
        kind="table",
        x=pd.DataFrame(rows, columns=names),
        origin={**data.origin, "data": name},
        input={
            "kind": "table",
            "columns": [{"name": column, "type": "numeric"} for column in names],
            "target": None,
            "group": None,
        },
    )
