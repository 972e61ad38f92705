"""Mistakes to look at: which rows, and their pictures as data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import ShapeError
from heldout.report.content import Mistake

LARGEST_SIDE = 192
"""Pixels; larger pictures are reduced, so that a page with a dozen of them stays under a megabyte."""


def most_confident_mistakes(
    y: np.ndarray,
    probabilities: np.ndarray,
    ids: Sequence[str] | np.ndarray,
    classes: Sequence[str],
    x: Any = None,
    *,
    predictions: np.ndarray | None = None,
    n: int = 12,
) -> tuple[Mistake, ...]:
    """The wrong answers that the model was surest of.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
    ids : sequence of str, shape (n_rows,)
    classes : sequence of str
    x : pandas.DataFrame, uint8 array (n_rows, height, width, channels), or None
        The rows themselves: a table's values or the pictures to show. Anything else shows neither.
    predictions : array of int, shape (n_rows,), optional
        Where they are not the most probable class.
    n : int, default=12
        At most so many.
    """
    labels, given = np.asarray(y), np.asarray(probabilities, dtype=float)
    guess = given.argmax(axis=1) if predictions is None else np.asarray(predictions)
    stated = given[np.arange(len(labels)), guess]
    wrong = np.flatnonzero(guess != labels)
    worst = wrong[np.argsort(-stated[wrong], kind="stable")[:n]]
    return tuple(
        Mistake(
            id=str(ids[row]),
            truth=str(classes[labels[row]]),
            predicted=str(classes[guess[row]]),
            probability=float(stated[row]),
            probability_of_truth=float(given[row, labels[row]]),
            picture=_picture_of(x, int(row)),
            row=_values_of(x, int(row)),
        )
        for row in worst
    )


def _picture_of(x: Any, row: int) -> np.ndarray | None:
    if isinstance(x, np.ndarray) and x.dtype == np.uint8 and x.ndim in (3, 4):
        return np.asarray(x[row])
    return None


def _values_of(x: Any, row: int) -> dict[str, Any]:
    return {str(column): value for column, value in x.iloc[row].items()} if hasattr(x, "iloc") else {}


def png_data_uri(picture: np.ndarray) -> str:
    """A picture as ``data:image/png;base64,…``, reduced to at most 192 pixels a side.

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
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
