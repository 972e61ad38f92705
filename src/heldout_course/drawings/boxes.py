"""Box plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.recipe import AS_PRINTED, RUN

INK, FILL, QUIET = "#0b4f8a", "#dce6ee", "#4d4d4d"


def _boxes(results: Sequence[Shown]) -> list[dict[str, Any]]:
    """Boxes of the variants as published, ready for matplotlib."""
    plain = [one for one in results if one.labels.get(RUN, AS_PRINTED) == AS_PRINTED]
    return [
        {
            "label": next((value for axis, value in one.labels.items() if axis != RUN), one["name"]),
            "whislo": one["low_whisker"],
            "q1": one["q1"],
            "med": one["median"],
            "q3": one["q3"],
            "whishi": one["high_whisker"],
            "fliers": one["outliers"],
        }
        for one in plain
    ]


def _draw_boxes(axes: Any, boxes: list[dict[str, Any]]) -> None:
    axes.bxp(
        boxes,
        patch_artist=True,
        widths=0.6,
        boxprops={"facecolor": FILL, "edgecolor": INK},
        medianprops={"color": INK, "linewidth": 2.0},
        whiskerprops={"color": INK},
        capprops={"color": INK},
        flierprops={"marker": "o", "markersize": 3.5, "markerfacecolor": "none", "markeredgecolor": QUIET},
    )
    axes.grid(axis="x", visible=False)


@drawing("boxes", "a box for each feature from the first to the third quartile with the median, whiskers and outliers")
def boxes(results: Sequence[Shown]) -> Any:
    """Box plots of all features side by side."""
    found = _boxes(results)
    figure, axes = new_figure("feature", "value", "", width=5.5 if len(found) < 12 else 9.0, height=3.6)
    _draw_boxes(axes, found)
    return figure


@drawing("one-box", "one box with the names of its parts: quartiles, fences, whisker ends, and a value beyond a fence")
def one_box(results: Sequence[Shown]) -> Any:
    """A box with its parts named; fence, whisker end and outlier kept apart."""
    box = results[0]
    figure, axes = new_figure("", "standardized value", "", width=5.5, height=4.2)
    _draw_boxes(axes, [{**_boxes(results)[0], "whislo": box["low_inside"], "whishi": box["high_inside"]}])
    for name in ("low_fence", "high_fence"):
        axes.axhline(box[name], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    parts = (
        ("low_fence", "fence: Q1 - 1.5 IQR"),
        ("low_inside", "whisker: least value within the fences"),
        ("q1", "Q1"),
        ("median", "Q2, median"),
        ("q3", "Q3"),
        ("high_inside", "whisker: greatest value within"),
        ("high_fence", "fence: Q3 + 1.5 IQR"),
    )
    for name, words in parts:
        axes.annotate(words, (1.36, box[name]), fontsize=8, va="bottom")
    for value in box["outliers"]:
        axes.annotate("outlier", (1.03, value), fontsize=8, va="bottom")
    axes.set_xlim(0.5, 2.1)
    axes.set_xticks([])
    return figure
