"""Figures of a look at the data: box plots, before and after standardization."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from heldout.look.columns import NumberSummary
from heldout.report.curve_plots import nice_ticks
from heldout.report.svg import Drawing
from heldout.report.words import shorten

MOST_BOXES = 40
_ROW = 22.0
_LEFT = 190.0
_RIGHT = 690.0


def box_plots(columns: Sequence[NumberSummary], *, standardized: bool) -> Markup:
    """Box plots, a line a column: quartiles, median, whiskers to the last value within the fences, outliers as dots.

    Parameters
    ----------
    columns : sequence of NumberSummary
        The first 40 are drawn.
    standardized : bool
        Less their mean, over their deviation; otherwise as measured, all on one axis.
    """
    shown = columns[:MOST_BOXES]
    scales = [(c.mean, c.deviation or 1.0) if standardized else (0.0, 1.0) for c in shown]
    moved = [_moved(column, *scale) for column, scale in zip(shown, scales, strict=True)]
    ends = [value for values, dots in moved for value in (*values, *dots)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if not math.isfinite(high - low) or high <= low:
        low, high = low - 0.5, low + 0.5
    name = "standardized" if standardized else "as measured"
    drawing = Drawing(_RIGHT + 14, _ROW * len(shown) + 34, f"Box plots of {len(shown)} columns, {name}", "figure boxes")

    def at(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (value - low) / (high - low)

    bottom = _ROW * len(shown) + 6
    for tick in nice_ticks(low, high):
        drawing.line(at(tick), 2, at(tick), bottom, "hair")
        drawing.text(at(tick), bottom + 18, f"{tick:.6g}", "tick", anchor="middle")
    for position, (column, (values, dots)) in enumerate(zip(shown, moved, strict=True)):
        middle = _ROW * (position + 0.5) + 4
        drawing.text(_LEFT - 10, middle + 4, shorten(column.name, 26), "tick", anchor="end", full=column.name)
        _box(drawing, middle, [at(value) for value in values])
        for dot in dots:
            drawing.circle(at(dot), middle, 2.2, "dot wrong seen-through")
    return drawing.done()


def _moved(column: NumberSummary, centre: float, spread: float) -> tuple[list[float], list[float]]:
    values = (column.low_whisker, column.q1, column.median, column.q3, column.high_whisker)
    return [(v - centre) / spread for v in values], [(v - centre) / spread for v in column.outliers]


def _box(drawing: Drawing, middle: float, at: Sequence[float]) -> None:
    low, q1, median, q3, high = at
    drawing.line(low, middle, high, middle, "bar plain")
    for end in (low, high):
        drawing.line(end, middle - 4, end, middle + 4, "bar plain")
    drawing.rect(q1, middle - 6, max(1.0, q3 - q1), 12, "right", opacity=0.45)
    drawing.line(median, middle - 7, median, middle + 7, "bar right")
