"""Curves of functions: activations, tangents, chords and fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import STYLES, new_figure
from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.recipe import AS_PRINTED, RUN

INK, QUIET = "#0b4f8a", "#8a8a8a"


def as_printed(results: Sequence[Shown]) -> list[Shown]:
    """Results of the runs as published."""
    return [one for one in results if one.labels.get(RUN, AS_PRINTED) == AS_PRINTED]


def line(number: int, **more: Any) -> dict[str, Any]:
    """A style for a curve without markers."""
    return {
        "color": STYLES[number % 5]["color"],
        "linestyle": STYLES[number % 5]["linestyle"],
        "linewidth": 1.8,
        **more,
    }


def panels(n: int, width: float, height: float) -> tuple[Any, list[Any]]:
    """A figure of several axes side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    found = [figure.add_subplot(1, n, number + 1) for number in range(n)]
    for axes in found:
        axes.grid(color="0.9", linewidth=0.6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return figure, found


@drawing("activations", "a panel for each activation: its value for each input")
def activations(results: Sequence[Shown]) -> Any:
    """Each activation in a panel with a scale of its own."""
    figure, found = panels(len(results), 3.4 * len(results), 3.0)
    for axes, one in zip(found, results, strict=True):
        axes.plot(one["x"], one["y"], **line(0))
        axes.set_title(one.labels["activation"], fontsize=11)
        axes.set_xlabel("x")
        axes.set_ylabel("h(x)")
    return figure


@drawing("tangents", "a curve with two minima and its tangents at four points A to D")
def tangents(results: Sequence[Shown]) -> Any:
    """The polynomial, its tangents, and an arrow from each point to where descent ends."""
    figure, axes = new_figure("x", "f(x)", "", width=6.4, height=4.2)
    axes.plot(results[0]["x"], results[0]["y"], **line(0))
    for one in results:
        at, height, slope = one["at"], one["height"], one["slope"]
        near = np.array([at - 0.55, at + 0.55])
        axes.plot(near, height + slope * (near - at), **line(1))
        axes.plot([at], [height], "o", color="black", markersize=5, zorder=3)
        axes.annotate(one.labels["point"], (at, height), (6, 7), textcoords="offset points", fontsize=11)
        if abs(one["end"] - at) > 0.05:
            axes.annotate(
                "",
                (one["end"], one["height_at_end"] - 0.15),
                (at, height),
                arrowprops={"arrowstyle": "->", "color": QUIET, "linestyle": ":", "connectionstyle": "arc3,rad=0.12"},
            )
    axes.set_ylim(-10.5, 6)
    return figure


@drawing("chords", "a panel for each curve with a chord between two of its points")
def chords(results: Sequence[Shown]) -> Any:
    """Curves and their chords."""
    chosen = as_printed(results)
    figure, found = panels(len(chosen), 3.2 * len(chosen), 3.0)
    for axes, one in zip(found, chosen, strict=True):
        x, y = np.array(one["x"]), np.array(one["y"])
        ends = np.array(one["ends"])
        axes.plot(x, y, **line(0))
        axes.plot(ends, np.interp(ends, x, y), **line(1, marker="o", markersize=5))
        axes.set_title(one.labels["curve"], fontsize=11)
        axes.set_xlabel("x")
        axes.set_ylabel("f(x)")
    return figure


@drawing("polynomial-fits", "17 points, a parabola that follows their trend, and a curve of degree 15 that swings")
def polynomial_fits(results: Sequence[Shown]) -> Any:
    """Points and fitted polynomials; swings beyond the points are cut off."""
    figure, axes = new_figure("x", "y", "", width=6.4, height=4.2)
    points = np.array(results[0]["points"])
    for number, one in enumerate(results):
        axes.plot(one["x"], one["y"], **line(1 - number), label=f"degree {one.labels['degree']}")
    axes.plot(points[:, 0], points[:, 1], "o", color="black", markersize=5, label="points")
    low, high = points[:, 1].min(), points[:, 1].max()
    axes.set_ylim(low - 0.35 * (high - low), high + 0.35 * (high - low))
    axes.legend(frameon=False)
    return figure


@drawing("two-classes", "petal width by petal length: two classes of training rows that touch")
def two_classes(results: Sequence[Shown]) -> Any:
    """Training rows of both classes, by two lengths in cm."""
    figure, axes = new_figure("petal length (cm)", "petal width (cm)", "", width=6.0, height=4.2)
    for name, marker, colour in (("class_0", "o", "#0b4f8a"), ("class_1", "^", "#c55a00")):
        x, y = np.array(results[0][name]).T
        axes.scatter(x, y, s=14, marker=marker, facecolors="none", edgecolors=colour, label=name.replace("_", " "))
    axes.legend(frameon=False)
    return figure


@drawing("answers", "probability of class 1 for each test row, in the order of size, by true class")
def answers(results: Sequence[Shown]) -> Any:
    """Probabilities of the test rows of the first run of each way of training."""
    chosen = as_printed(results)
    figure, found = panels(len(chosen), 3.6 * len(chosen), 3.2)
    for axes, one in zip(found, chosen, strict=True):
        p, labels = np.array(one["probabilities"]), np.array(one["labels"])
        order = np.argsort(p, kind="stable")
        places = np.arange(len(p))
        for label, marker, colour in ((0, "o", "#0b4f8a"), (1, "^", "#c55a00")):
            here = labels[order] == label
            axes.plot(places[here], p[order][here], marker, color=colour, markersize=5, label=f"class {label}")
        axes.axhline(0.5, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_ylim(-0.03, 1.03)
        axes.set_title(one.labels["trained_by"], fontsize=11)
        axes.set_xlabel("test row")
        axes.set_ylabel("probability of class 1")
    found[0].legend(frameon=False)
    return figure
