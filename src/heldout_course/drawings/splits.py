"""Parts of data: sizes, folds, and how class counts vary between splits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.recipe import AS_PRINTED, RUN

PARTS = {"train": "#9dbad5", "validation": "#e8c9a8", "test": "#0b4f8a"}
HATCHES = {"train": "", "validation": "////", "test": ""}


@drawing("split-parts", "a bar for each preset, cut into training, validation and test part by their sizes")
def split_parts(results: Sequence[Shown]) -> Any:
    """Sizes of the parts of each preset."""
    figure, axes = new_figure("percent of the rows", "", "", width=6.0, height=2.6)
    for line, one in enumerate(results):
        start = 0.0
        for part, colour in PARTS.items():
            axes.barh(
                -line,
                one[part],
                left=start,
                height=0.6,
                color=colour,
                hatch=HATCHES[part],
                edgecolor="white",
                label=part if not line else None,
            )
            start += one[part]
    axes.set_yticks([-line for line in range(len(results))], [one.labels["preset"] for one in results])
    axes.grid(axis="y", visible=False)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


@drawing("fold-bars", "seven folds: in each of seven rounds another seventh of the rows is tested on")
def fold_bars(results: Sequence[Shown]) -> Any:
    """Which fold is tested on in each round, for k = 7."""
    k = next(one["models"] for one in results if one["models"] == 7)
    figure, axes = new_figure("fold", "round", "", width=5.5, height=3.2)
    for line in range(k):
        for fold in range(k):
            part = "test" if fold == line else "train"
            axes.barh(line + 1, 1, left=fold + 0.5, height=0.7, color=PARTS[part], edgecolor="white")
    for part in ("train", "test"):
        axes.barh([1], [0], color=PARTS[part], label=part)
    axes.set_xticks(range(1, k + 1))
    axes.set_yticks(range(1, k + 1))
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


@drawing("ten-splits", "percent of class 1 in ten training parts, close together, and in ten test parts, far apart")
def ten_splits(results: Sequence[Shown]) -> Any:
    """Share of class 1 in ten splits, for each part and way of splitting."""
    figure, axes = new_figure("run", "percent of class 1", "", width=6.0, height=3.4)
    styles = {("train", "printed"): ("o", "#0b4f8a", "full"), ("test", "printed"): ("s", "#c55a00", "full")}
    styles |= {("train", "by class"): ("o", "#0b4f8a", "none"), ("test", "by class"): ("s", "#c55a00", "none")}
    for one in results:
        key = (one.labels["part"], one.labels.get(RUN, AS_PRINTED))
        if key not in styles:
            continue
        marker, colour, fill = styles[key]
        share = 100 * np.array(one["counts_1"]) / one["rows"]
        name = f"{key[0]} part, {'at random' if key[1] == AS_PRINTED else 'by class'}"
        runs = np.arange(1, len(share) + 1)
        axes.plot(runs, share, marker, color=colour, fillstyle=fill, markersize=5, linestyle="none", label=name)
    axes.axhline(10.4, color="0.5", linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate("to expect", (10.2, 10.4), fontsize=8, va="bottom", ha="right")
    axes.set_xticks(range(1, 11))
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
