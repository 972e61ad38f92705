"""Pictures among results, small enough for the store."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from heldout.errors import DataError, ShapeError

MOST_BYTES = 2**24


def packed(pictures: np.ndarray) -> dict[str, object]:
    """Pixels as text: their shape, and the compressed bytes in base 64.

    Raises
    ------
    ShapeError
        If they are not uint8.
    """
    if pictures.dtype != np.uint8:
        raise ShapeError(f"Pictures of type {pictures.dtype}", fix="give uint8")
    data = base64.b64encode(zlib.compress(np.ascontiguousarray(pictures).tobytes(), 9)).decode("ascii")
    return {"shape": list(pictures.shape), "zlib": data}


def unpacked(values: object) -> np.ndarray:
    """The pixels of `packed`.

    Raises
    ------
    DataError
        If they are damaged, or more than 16 MB.
    """
    if not isinstance(values, dict) or not {"shape", "zlib"} <= set(values):
        raise DataError("These are not packed pictures", fix="run the experiment again")
    shape = tuple(int(side) for side in values["shape"])
    n_bytes = int(np.prod(shape, dtype=np.int64)) if all(side >= 0 for side in shape) else -1
    if not 0 <= n_bytes <= MOST_BYTES:
        raise DataError(f"Pictures of shape {shape}", fix="run the experiment again")
    try:
        pixels = zlib.decompressobj().decompress(base64.b64decode(values["zlib"], validate=True), n_bytes + 1)
    except (ValueError, zlib.error) as error:
        raise DataError(f"Packed pictures are damaged: {error}", fix="run the experiment again") from error
    if len(pixels) != n_bytes:
        raise DataError(f"Packed pictures have {len(pixels)} bytes, not {n_bytes}", fix="run the experiment again")
    return np.frombuffer(pixels, np.uint8).reshape(shape)
