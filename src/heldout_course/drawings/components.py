"""Principal components, and the rows made with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.recipe import AS_PRINTED, RUN

INK, ORANGE, GREY = "#0b4f8a", "#c55a00", "#b8b8b8"


@drawing("pair-components", "centred points of two features, with an arrow along each component, as long as its share")
def pair_components(results: Sequence[Shown]) -> Any:
    """The points as published, and the directions in which they vary."""
    first = results[0]
    points, components, shares = (np.array(first[name]) for name in ("centred", "components", "shares"))
    figure, axes = new_figure(f"{first['names'][0]} (centred)", f"{first['names'][1]} (centred)", "", height=4.6)
    axes.scatter(points[:, 0], points[:, 1], s=14, color=GREY)
    for number, (direction, share) in enumerate(zip(components, shares, strict=True), 1):
        tip = direction * share
        axes.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 2})
        words = f"component {number}: {share:.3f}"
        aside = {"xytext": (6, 6)} if number == 1 else {"xytext": (-6, 8), "ha": "right"}
        axes.annotate(words, tip, textcoords="offset points", fontsize=8, **aside)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


@drawing("new-iris", "sepal length and width of irises as large grey dots, with new rows as small dark dots about them")
def new_iris(results: Sequence[Shown]) -> Any:
    """Rows and new rows, as published and corrected."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    kinds = {one.labels.get(RUN, AS_PRINTED): one for one in reversed(results)}
    shown = [(name, kinds[name]) for name in sorted(kinds, key=lambda name: name != AS_PRINTED)][:2]
    for place, (name, one) in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), place)
        rows, made = np.array(one["rows"]), np.array(one["new_rows"])
        axes.scatter(rows[:, 0], rows[:, 1], s=42, color=GREY, rasterized=True, label="rows")
        axes.scatter(made[:, 0], made[:, 1], s=2.5, color=INK, rasterized=True, label="new rows")
        axes.set(xlabel="sepal length in cm", ylabel="sepal width in cm")
        axes.set_title("as published" if name == AS_PRINTED else name, fontsize=10)
        axes.legend(frameon=False, fontsize=8, loc="upper right")
    return figure
