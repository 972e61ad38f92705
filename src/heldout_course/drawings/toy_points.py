"""Points of a few classes in a plane, and what classifiers make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing

STYLES = {
    "circle": ("o", "#0b4f8a"),
    "square": ("s", "#c55a00"),
    "star": ("*", "#4d4d4d"),
    "triangle": ("^", "#1b7f5c"),
}


def _scatter(axes: Any, one: Shown) -> None:
    points, labels = np.array(one["points"]), np.array(one["labels"])
    for name, (marker, colour) in STYLES.items():
        own = points[labels == name]
        size = 60 if marker == "*" else 32
        axes.scatter(own[:, 0], own[:, 1], s=size, marker=marker, facecolor="none", edgecolor=colour, label=name)
    axes.set_aspect("equal", adjustable="datalim")


def _centres(axes: Any, one: Shown) -> None:
    for centre, (marker, colour) in zip(one["centres"], STYLES.values(), strict=True):
        axes.scatter(*centre, s=150, marker=marker, color=colour, edgecolor="black", linewidth=0.8, zorder=3)


@drawing("four-classes", "four tight groups of ten points, each with a marker of its own")
def four_classes(results: Sequence[Shown]) -> Any:
    """The tight groups."""
    figure, axes = new_figure("x0", "x1", "", width=5.0, height=4.4)
    _scatter(axes, results[0])
    axes.legend(frameon=False, fontsize=8)
    return figure


@drawing("four-centres", "four tight groups of points with a large filled marker at the mean of each")
def four_centres(results: Sequence[Shown]) -> Any:
    """The groups and their mean points."""
    figure, axes = new_figure("x0", "x1", "", width=5.0, height=4.4)
    _scatter(axes, results[0])
    _centres(axes, results[0])
    return figure


@drawing("nearest-centre", "an unknown point with a line to the mean of each of four groups")
def nearest_centre(results: Sequence[Shown]) -> Any:
    """An unknown point, and its way to every mean point; the shortest is thick."""
    one = results[0]
    figure, axes = new_figure("x0", "x1", "", width=5.0, height=4.4)
    _scatter(axes, one)
    _centres(axes, one)
    point = np.array(one["unknown"][0])
    for name, centre in zip(STYLES, one["centres"], strict=True):
        nearest = name == one["assigned"]
        axes.plot(
            *zip(point, centre, strict=True), color="black", lw=2.2 if nearest else 0.8, ls="-" if nearest else ":"
        )
    axes.scatter(*point, s=90, marker="X", color="black", zorder=4)
    axes.annotate("?", point, textcoords="offset points", xytext=(7, 5))
    return figure


@drawing("three-votes", "three unknown points A, B and C among four loose groups, with lines to their three neighbours")
def three_votes(results: Sequence[Shown]) -> Any:
    """Unknown points and the neighbours that vote."""
    figure, axes = new_figure("x0", "x1", "", width=5.4, height=4.8)
    _scatter(axes, results[0])
    for name in dict.fromkeys(one.labels["point"] for one in results):
        one = next(shown for shown in results if shown.labels["point"] == name)
        point = np.array(one["unknown"][0])
        for neighbour in one["neighbour_points"]:
            axes.plot(*zip(point, neighbour, strict=True), color="black", lw=1)
        axes.scatter(*point, s=70, marker="X", color="black", zorder=4)
        axes.annotate(name, point, textcoords="offset points", xytext=(7, 5), weight="bold")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _two_classes(axes: Any, one: Shown) -> None:
    points, signs = np.array(one["points"]), np.array(one["signs"])
    for sign, marker, colour, name in ((-1, "o", "#0b4f8a", "circles"), (1, "D", "#c55a00", "diamonds")):
        own = points[signs == sign]
        axes.scatter(own[:, 0], own[:, 1], s=36, marker=marker, facecolor="none", edgecolor=colour, label=name)
    axes.set(xlim=(-0.5, 5.0), ylim=(-0.5, 5.0), aspect="equal")


def _line(axes: Any, line: Sequence[float], **style: Any) -> None:
    """All points p with a p[0] + b p[1] = level."""
    a, b, level = line
    foot = np.array([a, b]) * level
    along = np.array([-b, a]) * 10
    axes.plot(*zip(foot - along, foot + along, strict=True), **style)


@drawing("separating-lines", "two classes of points and five different lines that part them")
def separating_lines(results: Sequence[Shown]) -> Any:
    """Some of the lines that part the classes."""
    figure, axes = new_figure("x0", "x1", "", width=4.8, height=4.4)
    _two_classes(axes, results[0])
    for number, line in enumerate(results[0]["shown"]):
        _line(axes, line, color="0.35", lw=1.1, ls=("-", "--", ":", "-.", (0, (6, 2)))[number])
    axes.legend(frameon=False, fontsize=8)
    return figure


@drawing("widest-margin", "a line between two classes with a dotted line on each side through the nearest four points")
def widest_margin(results: Sequence[Shown]) -> Any:
    """The widest street, its kerbs and the points on them."""
    one = results[0]
    figure, axes = new_figure("x0", "x1", "", width=4.8, height=4.4)
    _two_classes(axes, one)
    a, b, level = one["line"]
    _line(axes, one["line"], color="black", lw=2.4)
    for side in (-1, 1):
        _line(axes, (a, b, level + side * one["margin"] / 2), color="black", lw=1.0, ls=":")
    kerb = np.array(one["points"])[np.array(one["kerb"], bool)]
    axes.scatter(kerb[:, 0], kerb[:, 1], s=130, facecolor="none", edgecolor="black", label="support vectors")
    axes.legend(frameon=False, fontsize=8)
    return figure
