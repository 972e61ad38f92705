"""Leaderboard as dots on a common scale, and differences from the chosen model with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from heldout.evaluate.comparison import Comparison
from heldout.report.content import LeaderboardRow
from heldout.report.svg import Drawing
from heldout.report.words import number


class LeaderboardScale:
    """The common scale of the leaderboard's dots: the better models fill it, the others are cut off at its left.

    Parameters
    ----------
    rows : sequence of LeaderboardRow
    width : float, default=200
        Pixels.
    """

    def __init__(self, rows: Sequence[LeaderboardRow], width: float = 200.0) -> None:
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

    def row(self, row: LeaderboardRow) -> Markup:
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


class DifferenceScale:
    """The common scale of differences "chosen minus other": 0 is always on it, hopeless models are cut off.

    Parameters
    ----------
    rivals : sequence of Comparison
    width : float, default=200
        Pixels.
    """

    def __init__(self, rivals: Sequence[Comparison], width: float = 200.0) -> None:
        self.width = width
        nearest = sorted(rivals, key=lambda pair: abs(pair.difference))[: max(1, math.floor(len(rivals) * 0.6))]
        ends = [0.0, *(end for pair in nearest for end in (pair.low, pair.high))]
        pad = max(0.06 * (max(ends) - min(ends)), 0.002)
        self.low, self.high = min(ends) - pad, max(ends) + pad

    def at(self, value: float) -> float:
        """Position of a value, in pixels; what is off the scale lies at its end."""
        inside = min(max(value, self.low), self.high)
        return 6 + (self.width - 12) * (inside - self.low) / (self.high - self.low)

    def row(self, pair: Comparison) -> Markup:
        """One difference with its interval, and the line of no difference."""
        label = f"{signed(pair.difference)}, interval {signed(pair.low)} to {signed(pair.high)}"
        drawing = Drawing(self.width, 22, label, "dots")
        drawing.line(self.at(0.0), 0, self.at(0.0), 22, "zero")
        css = "right" if pair.differs and pair.difference > 0 else "wrong" if pair.differs else "plain"
        if self.low <= pair.difference <= self.high:
            drawing.line(self.at(pair.low), 11, self.at(pair.high), 11, f"bar {css}")
            drawing.circle(self.at(pair.difference), 11, 4.0, f"dot {css}")
        else:
            right = pair.difference > self.high
            tip, back = (self.width - 2, self.width - 8) if right else (2.0, 8.0)
            drawing.path([(back, 6), (tip, 11), (back, 16)], f"arrow {css}")
        return drawing.done()

    def axis(self) -> Markup:
        """The ends of the scale and its 0, for the head of the column."""
        ends = f"{signed(self.low, 2)} to {signed(self.high, 2)}"
        drawing = Drawing(self.width, 14, f"Scale from {ends}; right is better than the other model", "dots")
        drawing.text(0, 11, signed(self.low, 2), "tick")
        if 40 < self.at(0.0) < self.width - 40:
            drawing.text(self.at(0.0), 11, "0", "tick", anchor="middle")
        drawing.text(self.width, 11, signed(self.high, 2), "tick", anchor="end")
        return drawing.done()


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign."""
    return f"{value:+.{digits}f}".replace("-", "\u2212")
