"""The curves of the report, each a function from plain data to inline SVG.

Two hues carry meaning throughout, blue for right and orange for wrong (after Okabe & Ito, which people with
everybody can distinguish), and no meaning rests on hue alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from heldout.evaluate.abstaining import Abstention
from heldout.evaluate.curves import Curve, Reliability
from heldout.evaluate.intervals import accuracy_interval
from heldout.report.content import History
from heldout.report.svg import Drawing
from heldout.report.words import number, percent, shorten

MARKED_THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
MOST_POINTS = 250
"""Longer curves are thinned: nobody sees more, and the page stays small."""


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values within a range, at most ``most``; the ends alone if it has no width."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * unit for unit in (1, 2, 5, 10, 20) if (high - low) / (power * unit) <= most - 1)
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 12) for i in range(most) if (first + i) * step <= high + step * 1e-9]


class Axes:
    """A square of axes from 0 to 1, or any other range, on which curves are drawn.

    Parameters
    ----------
    label, x_name, y_name : str
    x, y : (low, high)
    drawing : Drawing, optional
        Draw into this one, in a frame of its own, without names.
    box : (left, right, top, bottom)
        Where, in pixels.
    """

    def __init__(
        self,
        label: str,
        x_name: str,
        y_name: str,
        *,
        x: tuple[float, float] = (0, 1),
        y: tuple[float, float] = (0, 1),
        drawing: Drawing | None = None,
        box: tuple[float, float, float, float] = (54.0, 330.0, 10.0, 256.0),
    ) -> None:
        self.drawing = drawing or Drawing(340, 300, label, "figure plot")
        self.x_range, self.y_range = x, y
        self.left, self.right, self.top, self.bottom = box
        if drawing is not None:
            self.drawing.rect(
                self.left - 34, self.top - 8, self.right - self.left + 42, self.bottom - self.top + 30, "inset"
            )
        for value in nice_ticks(*y, most=6 if drawing is None else 4):
            up = self.at(x[0], value)[1]
            self.drawing.line(self.left, up, self.right, up, "hair")
            self.drawing.text(self.left - 6, up + 4, f"{value:.6g}", "tick", anchor="end")
        for value in nice_ticks(*x, most=6 if drawing is None else 4):
            across = self.at(value, y[0])[0]
            self.drawing.text(across, self.bottom + 17, f"{value:.6g}", "tick", anchor="middle")
        if drawing is None:
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


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most `MOST_POINTS` points, evenly along the path, so that steep parts keep theirs."""
    path = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    rows = np.unique(np.searchsorted(path, np.linspace(0, path[-1], MOST_POINTS)))
    rows = np.unique([0, *rows, len(x) - 1])
    return x[rows], y[rows]


def roc_plot(curve: Curve, *, used: float | None = None, ends: str = "") -> Markup:
    """ROC with the diagonal of guessing, thresholds as dots, and the upper left corner again, larger.

    Parameters
    ----------
    curve : Curve
    used : float, optional
        The threshold in use, which is marked.
    ends : str
        The interval of the area in words.
    """
    words = f"area {number(curve.area)}" + (f" ({ends})" if ends else "")
    axes = Axes(f"ROC curve, {words}", "false positive rate", "true positive rate")
    axes.curve([0, 1], [0, 1], "guess")
    axes.curve(*_thinned(curve.x, curve.y), "curve right")
    marks = _marks(curve, used)
    corner = _corner(curve)
    if corner is None:
        _draw_marks(axes, marks, named=True)
        axes.drawing.text(322, 246, words, "label", anchor="end")
        return axes.drawing.done()
    _draw_marks(axes, marks, named=False)
    inset = Axes("", "", "", x=(0, corner), y=(1 - corner, 1), drawing=axes.drawing, box=(150.0, 322.0, 82.0, 226.0))
    inside = curve.x <= corner
    last = int(np.flatnonzero(inside)[-1])
    x, y = np.append(curve.x[: last + 1], corner), np.append(curve.y[: last + 1], curve.y[last])
    if last + 1 < len(curve.x):  # a slanting piece leaves the box somewhere on its way
        share = (corner - curve.x[last]) / (curve.x[last + 1] - curve.x[last])
        y[-1] = curve.y[last] + share * (curve.y[last + 1] - curve.y[last])
    first = int(np.flatnonzero(y >= 1 - corner)[0])
    start = (x[first], 1 - corner) if first else (x[0], y[0])
    inset.curve(*_thinned(np.append(start[0], x[first:]), np.append(start[1], y[first:])), "curve right")
    _draw_marks(inset, marks, named=True)
    axes.drawing.text(322, 72, words, "label", anchor="end")
    return axes.drawing.done()


def _marks(curve: Curve, used: float | None) -> list[tuple[float, float, str, bool]]:
    """False and true positive rate, name, and whether in use, of thresholds that have a place of their own."""
    found: dict[int, tuple[float, float, str, bool]] = {}
    for threshold in (*MARKED_THRESHOLDS, *(() if used is None else (used,))):
        place = int(np.searchsorted(-curve.thresholds, -threshold, side="right")) - 1
        if place > 0 or threshold == used:
            found[place] = (float(curve.x[place]), float(curve.y[place]), f"{threshold:.2g}", threshold == used)
    return list(found.values())


def _corner(curve: Curve) -> float | None:
    """Side of the upper left corner that shows where the curve bends; None if the whole plot does."""
    bend = int(np.argmax(curve.y - curve.x))
    needed = 1.6 * max(float(curve.x[bend]), float(1 - curve.y[bend]), 0.01)
    return next((side for side in (0.05, 0.1, 0.2, 0.3) if needed <= side), None)


def _draw_marks(axes: Axes, marks: list[tuple[float, float, str, bool]], *, named: bool) -> None:
    taken: list[tuple[float, float]] = []
    for x, y, name, is_used in sorted(marks, key=lambda mark: not mark[3]):
        if not (axes.x_range[0] <= x <= axes.x_range[1] and axes.y_range[0] <= y <= axes.y_range[1]):
            continue
        at = axes.at(x, y)
        axes.drawing.circle(*at, 4.5 if is_used else 3.0, "dot wrong" if is_used else "dot right")
        if named and all(abs(at[0] - px) > 26 or abs(at[1] - py) > 12 for px, py in taken):
            axes.drawing.text(at[0] + 7, at[1] + 13, name + (" in use" if is_used else ""), "tick")
            taken.append(at)


def precision_recall_plot(curve: Curve, share_positive: float, *, ends: str = "") -> Markup:
    """Precision against recall, with the precision of guessing; ``ends`` is the interval of its area in words."""
    area = f"average precision {number(curve.area)}"
    axes = Axes(f"Precision-recall curve, {area} {ends}", "recall", "precision")
    axes.curve([0, 1], [share_positive, share_positive], "guess")
    axes.curve(*_thinned(curve.x, curve.y), "curve right")
    above = 230 if share_positive < 0.75 else 30
    axes.drawing.text(64, above, area, "label")
    axes.drawing.text(64, above + 16, ends, "tick")
    return axes.drawing.done()


def reliability_plot(found: Reliability, *, level: float = 0.95) -> Markup:
    """Stated confidence against accuracy with Wilson's intervals; the area of a dot is the share of rows."""
    axes = Axes(
        f"Reliability, expected calibration error {percent(found.error)}",
        "stated confidence",
        "observed accuracy",
    )
    axes.curve([0, 1], [0, 1], "guess")
    for confidence, accuracy, rows in zip(found.confidence, found.accuracy, found.count, strict=True):
        low, high = accuracy_interval(round(accuracy * rows), int(rows), level)
        axes.drawing.line(*axes.at(confidence, low), *axes.at(confidence, high), "bar thin right")
        radius = 2.5 + 8 * math.sqrt(rows / found.count.sum())
        axes.drawing.circle(*axes.at(float(confidence), float(accuracy)), radius, "dot right seen-through")
    axes.drawing.text(322, 246, f"calibration error {percent(found.error)}", "label", anchor="end")
    return axes.drawing.done()


def coverage_plot(found: Abstention) -> Markup:
    """Accuracy of the surest answers against the share of rows that they are, with Wilson's interval."""
    solid = found.coverage >= min(0.02, float(found.coverage[-1]))
    low = float(min(found.low[found.coverage >= 0.1], default=0.0))
    axes = Axes(
        f"Accuracy against coverage: {percent(float(found.accuracy[0]))} with all rows answered",
        "share of rows answered, most confident first",
        "accuracy of the answers",
        y=(max(0.0, math.floor(low * 20) / 20), 1.0),
    )
    kept = np.flatnonzero(solid)
    kept = kept[np.unique(np.linspace(0, len(kept) - 1, MOST_POINTS).round().astype(int))]
    x = found.coverage[kept]
    band = [(*pair,) for pair in zip(x, found.high[kept], strict=True)]
    band += list(zip(x[::-1], found.low[kept][::-1], strict=True))
    least = axes.y_range[0]
    axes.drawing.path([axes.at(float(a), max(least, float(b))) for a, b in band], "around right", closed=True)
    axes.curve(x, np.maximum(found.accuracy[kept], least), "curve right")
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
