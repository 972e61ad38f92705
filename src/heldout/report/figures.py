"""The figures of the report, each a function from plain data to inline SVG.

Two hues carry meaning throughout, blue for right and orange for wrong (after Okabe & Ito, which people with
any colour vision can tell apart), and nothing is told by hue alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from heldout.evaluate.curves import Curve, Reliability
from heldout.report.content import History, LadderRow
from heldout.report.svg import Drawing
from heldout.report.words import number, percent, shorten

MOST_CLASSES_WITH_PERCENT = 12
MOST_CLASSES_WITH_COUNTS = 26
MOST_POINTS = 250
"""Longer curves are thinned: nobody sees more, and the page stays small."""


class LadderScale:
    """The common scale of the ladder's dots: the better models fill it, the others are cut off at its left.

    Parameters
    ----------
    rows : sequence of LadderRow
    width : float, default=200
        Pixels.
    """

    def __init__(self, rows: Sequence[LadderRow], width: float = 200.0) -> None:
        self.width = width
        finished = sorted((row for row in rows if row.mcc is not None), key=lambda row: -(row.mcc or 0.0))
        self.best = finished[0] if finished else None
        top = finished[: max(2, math.ceil(len(finished) * 0.6))]
        ends = [(row.mcc or 0.0) + sign * (row.mcc_se or 0.0) for row in top for sign in (-1, 1)] or [
            0.0,
            1.0,
        ]
        low, high = min(ends), max(ends)
        pad = max(0.06 * (high - low), 0.005)
        self.low, self.high = max(-1.0, low - pad), min(1.0, high + pad) + 1e-9

    def at(self, value: float) -> float:
        """Position of a value, in pixels."""
        return 6 + (self.width - 12) * (min(value, self.high) - self.low) / (self.high - self.low)

    def row(self, row: LadderRow) -> Markup:
        """One model's mean ± standard error, with the band of "within one standard error of the best"."""
        if row.mcc is None or self.best is None or self.best.mcc is None:
            return Markup("")
        se = row.mcc_se or 0.0
        drawing = Drawing(self.width, 22, f"MCC {number(row.mcc)} ± {number(se)}", "dots")
        band = self.at(max(self.low, self.best.mcc - (self.best.mcc_se or 0.0)))
        drawing.rect(band, 0, self.at(self.best.mcc) - band, 22, "band")
        drawing.line(0, 11, self.width, 11, "hair")
        css = "right" if row.chosen else "plain"
        if row.mcc < self.low:
            drawing.path([(8, 6), (2, 11), (8, 16)], f"arrow {css}")
        else:
            drawing.line(self.at(max(self.low, row.mcc - se)), 11, self.at(row.mcc + se), 11, f"bar {css}")
            drawing.circle(self.at(row.mcc), 11, 5.0 if row.chosen else 4.0, f"dot {css}")
        return drawing.done()

    def axis(self) -> Markup:
        """The ends of the scale, for the head of the column."""
        drawing = Drawing(self.width, 14, f"Scale from {number(self.low, 2)} to {number(self.high, 2)}", "dots")
        drawing.text(0, 11, number(self.low, 2), "tick")
        drawing.text(self.width, 11, f"{self.high:.2f}", "tick", anchor="end")
        return drawing.done()


def confusion_map(matrix: Sequence[Sequence[int]] | np.ndarray, names: Sequence[str]) -> Markup:
    """The confusion matrix as a heat map: shade by row percent; counts as text where there is room."""
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
        _cell(drawing, left + j * cell, top + i * cell, cell, int(counts[i, j]), float(shares[i, j]), i == j, k)
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
    # a square root keeps rare errors visible
    shade = share if right else math.sqrt(share)
    gap = 1.0 if size > 12 else 0.0
    drawing.rect(x, y, size - gap, size - gap, "right" if right else "wrong", opacity=round(0.06 + 0.94 * shade, 2))
    if n_classes > MOST_CLASSES_WITH_COUNTS:
        return
    ink = "on-dark" if shade > 0.6 else "on-light"
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


def _confusion_in_words(counts: np.ndarray, names: Sequence[str]) -> str:
    right, n = int(np.trace(counts)), int(counts.sum())
    return f"Confusion matrix of {len(names)} classes, rows are the truth: {right} of {n} on the diagonal"


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values within a range, at most ``most``; the ends alone if it has no width."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * unit for unit in (1, 2, 5, 10, 20) if (high - low) / (power * unit) <= most - 1)
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 12) for i in range(most) if (first + i) * step <= high + step * 1e-9]


class Axes:
    """A square of axes from 0 to 1, or any other range, on which curves are drawn."""

    def __init__(
        self,
        label: str,
        x_name: str,
        y_name: str,
        *,
        x: tuple[float, float] = (0, 1),
        y: tuple[float, float] = (0, 1),
    ) -> None:
        self.drawing = Drawing(340, 300, label, "figure plot")
        self.x_range, self.y_range = x, y
        self.left, self.right, self.top, self.bottom = 46.0, 330.0, 10.0, 256.0
        for value in nice_ticks(*y):
            up = self.at(x[0], value)[1]
            self.drawing.line(self.left, up, self.right, up, "hair")
            self.drawing.text(self.left - 6, up + 4, f"{value:.6g}", "tick", anchor="end")
        for value in nice_ticks(*x):
            across = self.at(value, y[0])[0]
            self.drawing.text(across, self.bottom + 17, f"{value:.6g}", "tick", anchor="middle")
        self.drawing.text((self.left + self.right) / 2, 294, x_name, "tick", anchor="middle")
        self.drawing.text(12, (self.top + self.bottom) / 2, y_name, "tick", anchor="middle", turn=-90)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point."""
        across = (x - self.x_range[0]) / ((self.x_range[1] - self.x_range[0]) or 1.0)
        up = (y - self.y_range[0]) / ((self.y_range[1] - self.y_range[0]) or 1.0)
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def curve(self, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, css: str) -> None:
        """A line through the points."""
        self.drawing.path([self.at(float(a), float(b)) for a, b in zip(x, y, strict=True)], css)


def _thinned(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    rows = np.unique(np.linspace(0, len(curve.x) - 1, MOST_POINTS).round().astype(int))
    return curve.x[rows], curve.y[rows]


def roc_plot(curve: Curve) -> Markup:
    """ROC with the diagonal of guessing."""
    axes = Axes(f"ROC curve, area {number(curve.area)}", "false positive rate", "true positive rate")
    axes.curve([0, 1], [0, 1], "guess")
    axes.curve(*_thinned(curve), "curve right")
    axes.drawing.text(322, 246, f"area {number(curve.area)}", "label", anchor="end")
    return axes.drawing.done()


def precision_recall_plot(curve: Curve, share_positive: float) -> Markup:
    """Precision against recall, with the precision of guessing."""
    axes = Axes(f"Precision-recall curve, average precision {number(curve.area)}", "recall", "precision")
    axes.curve([0, 1], [share_positive, share_positive], "guess")
    axes.curve(*_thinned(curve), "curve right")
    above = 246 if share_positive < 0.85 else 30
    axes.drawing.text(56, above, f"average precision {number(curve.area)}", "label")
    return axes.drawing.done()


def reliability_plot(found: Reliability) -> Markup:
    """Stated confidence against accuracy; the area of a dot is the share of rows."""
    axes = Axes(
        f"Reliability, expected calibration error {number(found.error)}",
        "stated confidence",
        "share that is right",
    )
    axes.curve([0, 1], [0, 1], "guess")
    for confidence, accuracy, rows in zip(found.confidence, found.accuracy, found.count, strict=True):
        radius = 2.5 + 8 * math.sqrt(rows / found.count.sum())
        axes.drawing.circle(*axes.at(float(confidence), float(accuracy)), radius, "dot right seen-through")
    axes.drawing.text(56, 30, f"calibration error {percent(found.error)}", "label")
    return axes.drawing.done()


def history_plot(history: History) -> Markup:
    """Mean ± standard error of each series, epoch by epoch."""
    arrays = {
        name: (np.asarray(mean, dtype=float), None if se is None else np.asarray(se, dtype=float))
        for name, (mean, se) in history.series.items()
    }
    finite = [mean[np.isfinite(mean)] for mean, _ in arrays.values()]
    values = np.concatenate([*finite, np.zeros(0)])
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    pad = 0.05 * (high - low) or 0.05
    n_epochs = max((len(mean) for mean, _ in arrays.values()), default=1)
    axes = Axes(history.title, "epoch", "", x=(0, max(2, n_epochs)), y=(low - pad, high + pad))
    for position, (name, (mean, se)) in enumerate(arrays.items()):
        css = ("right", "wrong", "plain")[position % 3]
        epochs = np.flatnonzero(np.isfinite(mean))
        if se is not None and epochs.size:
            edge = np.nan_to_num(se[epochs])
            ends = [(e, mean[e] + d) for e, d in zip(epochs, edge, strict=True)]
            ends += [(e, mean[e] - d) for e, d in zip(epochs[::-1], edge[::-1], strict=True)]
            inside = [axes.at(float(e + 1), float(np.clip(v, low - pad, high + pad))) for e, v in ends]
            axes.drawing.path(inside, f"around {css}", closed=True)
        axes.curve(epochs + 1, mean[epochs], f"curve {css}" + (" dashed" if position else ""))
        axes.drawing.line(
            200, 24 + 16 * position, 222, 24 + 16 * position, f"curve {css}" + (" dashed" if position else "")
        )
        axes.drawing.text(228, 28 + 16 * position, shorten(name, 16), "label")
    return axes.drawing.done()
