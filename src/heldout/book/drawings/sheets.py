"""Sheets of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.book.drawings.registry import Shown, drawing
from heldout.book.pixels import unpacked

CELL = 0.52
"""Inches of a picture's side on the page."""


def _sheet(rows: Sequence[tuple[str, Sequence[np.ndarray]]], *, cell: float = CELL, words: float = 1.5) -> Any:
    """A row of pictures for each name; pixels stay as they are (no smoothing), so that a file holds no more."""
    from matplotlib.figure import Figure

    most = max(len(pictures) for _, pictures in rows)
    width, height = words + cell * most, cell * len(rows)
    figure = Figure(figsize=(width, height))
    for line, (name, pictures) in enumerate(rows):
        bottom = 1 - (line + 1) * cell / height
        figure.text(words / width * 0.95, bottom + cell / height / 2, name, ha="right", va="center", fontsize=8)
        for place, picture in enumerate(pictures):
            box = ((words + place * cell) / width, bottom, 0.92 * cell / width, 0.92 * cell / height)
            axes = figure.add_axes(box)
            axes.set_axis_off()
            flat = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
            axes.imshow(flat, cmap="gray", vmin=0, vmax=255, interpolation="none")
    return figure


@drawing("sample-sheet", "a row of sample pictures for each class")
def sample_sheet(results: Sequence[Shown]) -> Any:
    """Samples of each class in a row."""
    return _sheet([(one["class_name"], list(unpacked(one["pictures"]))) for one in results], words=0.9)


@drawing("appearances", "handwritten 8s, the only even digit of one training set, above even digits that it lacks")
def appearances(results: Sequence[Shown]) -> Any:
    """Appearances of a class that were seen, and others."""
    seen, unseen = (np.array(results[0][name], np.uint8) for name in ("seen", "unseen"))
    return _sheet([("seen in training", list(seen)), ("not seen", list(unseen))])


@drawing("backgrounds", "threes before a dark and eights before a light background; below, any background")
def backgrounds(results: Sequence[Shown]) -> Any:
    """Training pictures whose background goes with the class, and some whose background does not."""
    return _sheet(
        [(f"background {one.labels['background']}", list(np.array(one["pictures"], np.uint8))) for one in results],
        words=2.0,
    )
