"""The confusion matrix as a drawing: shades by row percent, counts where there is room, cells that are links."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from markupsafe import Markup

from heldout.report.svg import Drawing
from heldout.report.words import percent, shorten

MOST_CLASSES_WITH_PERCENT = 12
MOST_CLASSES_WITH_COUNTS = 26

STEPS = (0.06, 0.14, 0.21, 0.29, 0.36, 0.43, 0.50)
"""Opacities of pale cells, under the ink of the page."""

MIDDLE = {True: 0.73, False: 0.77}
"""Opacity of a half-dark cell, under ink that is dark by day and by night (True: a cell of the diagonal)."""

STRONG = (0.90, 0.95, 1.0)
"""Opacities of dark cells of the diagonal, under the colour of the paper. Orange never gets there: no ink could be
read on it by day and by night."""


def shade(share: float, right: bool) -> tuple[float, str]:
    """Opacity of a cell and the class of its ink, so that text can be read (contrast 4.5 : 1) in both colour schemes.

    Parameters
    ----------
    share : float in [0, 1]
    right : bool
        Whether the cell is on the diagonal; elsewhere a square root keeps rare errors visible.
    """
    strength = share if right else math.sqrt(share)
    pale = 0.7 if right else 0.8
    if strength < pale:
        return STEPS[min(int(strength / pale * len(STEPS)), len(STEPS) - 1)], "on-light"
    if not right or strength < 0.78:
        return MIDDLE[right], "on-middle"
    return STRONG[min(int((strength - 0.78) / 0.22 * len(STRONG)), len(STRONG) - 1)], "on-dark"


def cell_id(truth: int, predicted: int) -> str:
    """The place on the page where the rows of a cell are shown."""
    return f"cell-{truth}-{predicted}"


def confusion_map(
    matrix: Sequence[Sequence[int]] | np.ndarray, names: Sequence[str], linked: Collection[tuple[int, int]] = ()
) -> Markup:
    """The confusion matrix as a heat map.

    Parameters
    ----------
    matrix : int array, shape (n_classes, n_classes), rows = truth
    names : sequence of str
    linked : collection of (truth, predicted)
        Cells that lead to `cell_id`.
    """
    counts = np.asarray(matrix, dtype=np.int64)
    k = len(counts)
    cell = _cell_size(k)
    letters = 16 if k <= MOST_CLASSES_WITH_PERCENT else 10
    labels = [shorten(name, letters) for name in names]
    step = 1 if cell >= 11 else math.ceil(11 / cell)
    left = 30.0 + 7.0 * max(len(label) for label in labels)
    turned = max(len(label) for label in labels) * 7.0 > cell - 4
    top = 28.0 + (min(left - 30.0, 120.0) if turned else 16.0)
    drawing = Drawing(left + cell * k + 4, top + cell * k + 4, _confusion_in_words(counts, names), "figure confusion")
    drawing.text(left, 14, "predicted →", "tick")
    drawing.text(12, top + cell * k / 2, "truth", "tick", anchor="middle", turn=-90)
    drawing.rect(left, top, cell * k, cell * k, "empty")
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    for i, j in zip(*np.nonzero(counts), strict=True):
        place = (int(i), int(j))
        if place in linked:
            drawing.start_link(cell_id(*place), cell_in_words(names[i], names[j], int(counts[place])))
        _cell(drawing, left + j * cell, top + i * cell, cell, int(counts[place]), float(shares[place]), i == j, k)
        if place in linked:
            drawing.end_link()
    for position in range(0, k, step):
        middle = (position + 0.5) * cell
        full = str(names[position]) if labels[position] != names[position] else ""
        drawing.text(left - 8, top + middle + 4, labels[position], "tick", anchor="end", full=full)
        if turned:
            drawing.text(left + middle + 4, top - 6, labels[position], "tick", turn=-90, full=full)
        else:
            drawing.text(left + middle, top - 8, labels[position], "tick", anchor="middle", full=full)
    return drawing.done()


def _cell_size(n_classes: int) -> float:
    """Pixels of a cell's side: room for two lines, for one, or for none."""
    if n_classes <= 6:
        return 84.0 if n_classes <= 3 else 58.0
    if n_classes <= MOST_CLASSES_WITH_PERCENT:
        return 46.0
    return 30.0 if n_classes <= MOST_CLASSES_WITH_COUNTS else max(6.0, 640.0 / n_classes)


def _cell(
    drawing: Drawing, x: float, y: float, size: float, rows: int, share: float, right: bool, n_classes: int
) -> None:
    gap = 1.0 if size > 12 else 0.0
    opacity, ink = shade(share, right)
    drawing.rect(x, y, size - gap, size - gap, "right" if right else "wrong", opacity=opacity)
    if n_classes > MOST_CLASSES_WITH_COUNTS:
        return
    middle = x + (size - gap) / 2
    if n_classes > MOST_CLASSES_WITH_PERCENT:
        drawing.text(
            middle,
            y + size / 2 + 4,
            f"{rows}" if rows < 10_000 else f"{rows // 1000}k",
            f"small {ink}",
            anchor="middle",
        )
        return
    drawing.text(middle, y + size / 2 - 1, f"{rows:,}", f"count {ink}", anchor="middle")
    drawing.text(middle, y + size / 2 + 13, percent(share, 1 if share < 0.1 else 0), f"small {ink}", anchor="middle")


def cell_in_words(truth: str, predicted: str, rows: int) -> str:
    """What a cell says, for those who cannot see it."""
    if truth == predicted:
        return f"{shorten(truth, 40)}, correct: {rows:,}"
    return f"{shorten(truth, 40)} mistaken for {shorten(predicted, 40)}: {rows:,}"


def _confusion_in_words(counts: np.ndarray, names: Sequence[str]) -> str:
    right, n = int(np.trace(counts)), int(counts.sum())
    return f"Confusion matrix of {len(names)} classes, rows are the truth: {right} of {n} on the diagonal"
