"""Would more data help? The learning curve of the chosen model, drawn and in words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from heldout.report.content import LearningCurve
from heldout.report.curve_plots import Axes
from heldout.report.leaderboard import signed
from heldout.report.words import count

ERRORS = 2.0
"""Standard errors beyond which a gain is called real."""

LEAST_GAIN = 0.005
"""In MCC: less is not worth collecting rows for."""


def learning_curve_words(found: LearningCurve, rows: str) -> str:
    """What the curve says, in a sentence."""
    if found.gain is None or found.gain_se is None:
        return "A learning curve needs two points with known errors."
    before, after = found.points[-2][0], found.points[-1][0]
    change = (
        f"From {count(before)} to {count(after)} {rows}, MCC changed by {signed(found.gain)} ± {found.gain_se:.3f}."
    )
    if found.gain > ERRORS * found.gain_se and found.gain >= LEAST_GAIN:
        return f"{change} It is still rising: more {rows} of the same kind would help."
    if found.gain + ERRORS * found.gain_se < LEAST_GAIN:
        return f"{change} It has levelled off: more {rows} of the same kind would hardly help this model."
    return f"{change} The error is too large to say whether more {rows} would help."


def learning_curve_plot(found: LearningCurve) -> Markup:
    """Mean MCC ± standard error against training rows; each point doubles the one before."""
    ends = [(mean - (se or 0.0), mean + (se or 0.0)) for _, mean, se in found.points]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    pad = 0.05 * (high - low) or 0.05
    most = found.points[-1][0]
    axes = Axes(
        "Learning curve: " + ", ".join(f"{rows} rows {mean:.3f}" for rows, mean, _ in found.points),
        "training rows",
        "MCC, cross-validated",
        x=(0, most * 1.05),
        y=(max(-1.0, low - pad), min(1.0, high + pad)),
    )
    axes.curve(*_columns(found.points), "curve right")
    for (rows, mean, _), (least, largest) in zip(found.points, ends, strict=True):
        bottom, top = max(least, axes.y_range[0]), min(largest, axes.y_range[1])
        axes.drawing.line(*axes.at(rows, bottom), *axes.at(rows, top), "bar thin right")
        axes.drawing.circle(*axes.at(rows, mean), 3.5, "dot right")
    return axes.drawing.done()


def _columns(points: Sequence[tuple[int, float, float | None]]) -> tuple[list[float], list[float]]:
    return [float(rows) for rows, *_ in points], [mean for _, mean, _ in points]
