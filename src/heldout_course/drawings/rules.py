"""Rules: a threshold on grey levels, a tree of questions, the shares of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.pixels import unpacked

INK, ORANGE = "#0b4f8a", "#c55a00"


def _two_panels(ratios: tuple[float, float] = (1.0, 1.3)) -> tuple[Any, Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=ratios)
    left.set_axis_off()
    return figure, left, right


@drawing(
    "grey-histogram", "a flower before dark leaves, and its histogram of grey levels with two modes and a threshold"
)
def grey_histogram(results: Sequence[Shown]) -> Any:
    """The picture and the histogram of its grey levels."""
    one = results[0]
    figure, left, right = _two_panels()
    left.imshow(unpacked(one["grey"]), cmap="gray", vmin=0, vmax=255, interpolation="none")
    right.fill_between(range(256), one["histogram"], step="mid", color=INK)
    right.axvline(one["threshold"], color=ORANGE, linestyle="--", label=f"threshold {one['threshold']}")
    right.set(xlabel="grey level", ylabel="pixels", xlim=(0, 255), ylim=(0, None))
    right.legend(frameon=False, fontsize=8)
    return figure


@drawing("grey-mask", "a flower before dark leaves, and the mask that one threshold of the grey level gives")
def grey_mask(results: Sequence[Shown]) -> Any:
    """The picture and its mask."""
    one = results[0]
    figure, left, right = _two_panels((1.0, 1.0))
    right.set_axis_off()
    grey = unpacked(one["grey"])
    left.imshow(grey, cmap="gray", vmin=0, vmax=255, interpolation="none")
    right.imshow(np.where(grey >= one["threshold"], 255, 0), cmap="gray", vmin=0, vmax=255, interpolation="none")
    return figure


@drawing("tree", "a tree of questions about iris; each node has its Gini index, the counts of the classes and a class")
def tree(results: Sequence[Shown]) -> Any:
    """The upper levels of the tree."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.8))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()
    _node(axes, results[0]["nodes"], 0.42, 0.9, 0.29)
    return figure


def _node(axes: Any, node: Mapping[str, Any], x: float, y: float, step: float) -> None:
    below = y - 0.26
    for name, side in (("yes", -1), ("no", 1)):
        if name in node:
            axes.plot((x, x + side * step), (y, below), color="0.4", lw=1)
            axes.annotate(name, (x + side * step * 0.55, (y + below) / 2 + 0.015), fontsize=8, ha="center")
            _node(axes, node[name], x + side * step, below, step / 2)
    shade = "#dce6ee" if "yes" in node else "white"
    frame = {"boxstyle": "round,pad=0.35", "facecolor": shade, "edgecolor": INK}
    axes.text(x, y, "\n".join(node["words"]), ha="center", va="center", fontsize=7.5, bbox=frame, zorder=3)


@drawing("value-shares", "a bar for each value from 0 to 8 with its share among 100 values; 9 never occurs")
def value_shares(results: Sequence[Shown]) -> Any:
    """Shares of values, without and with one added to each count."""
    from heldout.evaluate.figures import new_figure
    from heldout_course.experiments.recipe import AS_PRINTED, RUN

    figure, axes = new_figure("value of x2", "share", "", width=5.5, height=3.2)
    runs = {one.labels.get(RUN, AS_PRINTED): one["shares"] for one in results}
    for number, (name, shares) in enumerate(runs.items()):
        place = np.arange(len(shares)) + 0.4 * number - 0.2
        hatch = "////" if number else ""
        words = "as counted" if name == AS_PRINTED else name
        axes.bar(place, shares, 0.4, color=(INK, "#e8c9a8")[number % 2], hatch=hatch, edgecolor="white", label=words)
    axes.set_xticks(range(len(next(iter(runs.values())))))
    axes.legend(frameon=False, fontsize=8)
    return figure


@drawing("normal-density", "25 values as ticks under the normal curve of their mean and standard deviation")
def normal_density(results: Sequence[Shown]) -> Any:
    """Values and the normal density that is fitted to them."""
    from heldout.evaluate.figures import new_figure

    one = results[0]
    figure, axes = new_figure("value of x3", "density", "", width=5.5, height=3.2)
    x = np.linspace(one["mean"] - 3.5 * one["std"], one["mean"] + 3.5 * one["std"], 200)
    axes.plot(x, np.exp(-(((x - one["mean"]) / one["std"]) ** 2) / 2) * one["density_at_mean"], color=INK)
    axes.plot(one["values"], np.zeros(len(one["values"])), "|", color="black", markersize=14)
    axes.set_ylim(0, None)
    return figure
