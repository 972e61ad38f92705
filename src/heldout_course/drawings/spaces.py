"""Points in a space, and a line beyond its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing

INK, ORANGE, QUIET = "#0b4f8a", "#c55a00", "#4d4d4d"


@drawing("covered-space", "100 uniform points in a square and in a cube of which each axis is cut into ten")
def covered_space(results: Sequence[Shown]) -> Any:
    """The points of two and of three dimensions."""
    from matplotlib.figure import Figure

    by_number = {one.labels["dimensions"]: one for one in results if one.labels["points"] == "100"}
    flat, deep = (np.array(by_number[name]["points"]) for name in ("2", "3"))
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    left = figure.add_subplot(1, 2, 1)
    left.scatter(flat[:, 0], flat[:, 1], s=12, color=INK)
    left.set(xlim=(0, 1), ylim=(0, 1), xlabel="x0", ylabel="x1", aspect="equal")
    left.set_xticks(np.arange(0, 1.01, 0.1), minor=True)
    left.set_yticks(np.arange(0, 1.01, 0.1), minor=True)
    left.grid(which="both", color="0.85", linewidth=0.5)
    left.set_title(f"{by_number['2']['covered']:.0%} of 100 cells", fontsize=10)
    right = figure.add_subplot(1, 2, 2, projection="3d")
    right.scatter(*deep.T, s=12, color=INK, depthshade=False)
    right.set(xlim=(0, 1), ylim=(0, 1), zlim=(0, 1), xlabel="x0", ylabel="x1", zlabel="x2")
    right.set_box_aspect(None, zoom=0.85)
    right.set_title(f"{by_number['3']['covered']:.1%} of 1,000 cells", fontsize=10)
    return figure


@drawing("population-line", "world population 1910 to 1960 with a fitted line that falls far below the value of 2000")
def population_line(results: Sequence[Shown]) -> Any:
    """The years that were fitted, the line, and the years that were asked."""
    first = results[0]
    figure, axes = new_figure("year", "world population in billions", "", width=5.5, height=3.6)
    ends = np.array([min(first["years"]), 2005])
    axes.plot(ends, first["slope"] * ends + first["intercept"], color=QUIET, linewidth=1.2, label="fitted line")
    axes.plot(first["years"], first["people"], "o", color=INK, markersize=5, label="fitted")
    shown = {one["year"]: one for one in results}
    asked = [one["actual"] for one in shown.values()]
    axes.plot(list(shown), asked, "s", color=ORANGE, markersize=6, label="asked: what it was")
    predicted = [one["predicted"] for one in shown.values()]
    axes.plot(list(shown), predicted, "x", color=ORANGE, markersize=7, label="asked: what the line says")
    axes.legend(frameon=False, fontsize=8)
    return figure
