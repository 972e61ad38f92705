"""Pictures for the page, as data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np

from heldout.errors import ShapeError

LARGEST_SIDE = 160
"""Pixels; larger pictures are reduced, and become JPEG unless they are see-through, so that a page can hold many."""


def picture_data_uri(picture: np.ndarray) -> str:
    """A picture as ``data:image/png;base64,…``, pixel for pixel; a large one reduced, as JPEG.

    Raises
    ------
    ShapeError
        If it isn't uint8, or not of shape (height, width) or (height, width, 1 to 4 channels) with pixels.
    """
    from PIL import Image

    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or not pixels.size:
        raise ShapeError(
            f"a picture has shape {np.shape(picture)} and type {np.asarray(picture).dtype}",
            fix="pass uint8 (height, width, channels) with 1 to 4 channels",
        )
    # two channels: grey and alpha
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    flat = np.ascontiguousarray(pixels[:, :, 0] if mode == "L" else pixels)
    image = Image.frombytes(mode, (flat.shape[1], flat.shape[0]), flat.tobytes())
    stream = io.BytesIO()
    if max(image.size) > LARGEST_SIDE:
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        if mode in ("L", "RGB"):
            image.save(stream, "JPEG", quality=82)
            return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
    image.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
