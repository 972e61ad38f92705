"""Sheets of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.pixels import unpacked
from heldout_course.experiments.recipe import AS_PRINTED, RUN

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


@drawing("image-steps", "four pairs of pictures: rotated and cut, mirrored and cut, two random cuts, the centre cut")
def image_steps(results: Sequence[Shown]) -> Any:
    """Before and after each operation, with the window of each cut."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(8.8, 1.35), layout="constrained")
    panels = figure.subplots(1, 2 * len(results))
    for number, one in enumerate(results):
        for place, name in enumerate(("first", "second")):
            axes, picture = panels[2 * number + place], unpacked(one[name])
            axes.imshow(picture, interpolation="none")
            axes.set_axis_off()
            if not place and picture.shape[0] > one["side"]:
                top, left = one["windows"][0]
                side = one["side"]
                axes.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor="white", lw=1.6))
                axes.add_patch(
                    Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor="black", lw=1.2, ls="--")
                )
        panels[2 * number].set_title(one.labels["step"], fontsize=9, loc="left")
    return figure


@drawing("tenfold-sheet", "four rows of pictures: the centre cut of an image, then nine variants of it")
def tenfold_sheet(results: Sequence[Shown]) -> Any:
    """Centre cut and variants of four images, as published and with every offset."""
    rows = []
    for one in results:
        pictures = unpacked(one["pictures"])
        name = one.labels.get(RUN, AS_PRINTED)
        name = "as published" if name == AS_PRINTED else name
        rows += [(name if not line else "", list(pictures[10 * line : 10 * line + 10])) for line in range(2)]
    return _sheet(rows, words=1.2)
