"""Planes of numbers: scores over two settings, and digits as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing


@drawing("c-gamma-plane", "accuracy for each pair of C and gamma as shades of a grid, with its number in percent")
def c_gamma_plane(results: Sequence[Shown]) -> Any:
    """Mean accuracy of each cell over the searches; the best cell of each search is marked."""
    repeats = results[0].repeats
    mean = 100 * np.mean([one["scores"] for one in repeats], axis=0)
    columns, rows = repeats[0]["gammas"], repeats[0]["C_values"]
    figure, axes = new_figure("gamma", "C", "", width=7.0, height=4.2)
    axes.imshow(mean, cmap="Greys_r", vmin=60, vmax=105, aspect="auto")
    for i in range(len(rows)):
        for j in range(len(columns)):
            dark = mean[i, j] < 78
            axes.text(
                j, i, f"{mean[i, j]:.1f}", ha="center", va="center", fontsize=8, color="white" if dark else "black"
            )
    for one in repeats:
        i, j = rows.index(one["C"]), columns.index(one["gamma"])
        axes.plot([j], [i], "o", markersize=26, markerfacecolor="none", markeredgecolor="#c55a00", markeredgewidth=1.5)
    axes.set_xticks(range(len(columns)), [f"{value:.4f}" for value in columns], fontsize=8)
    axes.set_yticks(range(len(rows)), [f"{value:g}" for value in rows], fontsize=8)
    axes.grid(visible=False)
    return figure


@drawing("digit-rows", "rows of handwritten digits, one row for each way of showing them")
def digit_rows(results: Sequence[Shown]) -> Any:
    """The same digits in each row, as its variant shows them."""
    n = len(results[0]["pictures"])
    figure, axes = new_figure("", "", "", width=0.95 * n + 1.2, height=1.05 * len(results))
    rows = [
        np.concatenate([np.pad(255 - np.array(p), 2, constant_values=255) for p in one["pictures"]], axis=1)
        for one in results
    ]
    axes.imshow(np.concatenate(rows), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_yticks([32 * number + 16 for number in range(len(results))], [one.labels["way"] for one in results])
    axes.set_xticks([])
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure
