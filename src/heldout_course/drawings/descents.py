"""Descents and what they are made of: losses by step, paths, subsets, blocks of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.function_curves import as_printed, line
from heldout_course.drawings.registry import Shown, drawing

HIGHEST = 1e6
"""Losses beyond are on their way to infinity, and are not drawn."""
INK, FILL, QUIET = "#0b4f8a", "#dce6ee", "#8a8a8a"


@drawing("losses", "the loss after each step, a line for each variant")
def losses(results: Sequence[Shown]) -> Any:
    """Loss by step (or epoch) of the first repeat of each variant, on a logarithmic scale."""
    figure, axes = new_figure("step", "loss", "", width=6.2, height=3.8)
    if "steps" in results[0].values:
        axes.set_xlabel("epoch")
    for number, one in enumerate(results):
        values = np.array(one["losses"])
        values = np.maximum(values[values < HIGHEST], 1e-12)
        axes.plot(np.arange(len(values)), values, **line(number), label=", ".join(one.labels.values()))
    axes.set_yscale("log")
    axes.legend(frameon=False)
    return figure


@drawing("when-to-stop", "training loss falls, validation loss falls and then rises, by epoch")
def when_to_stop(results: Sequence[Shown]) -> Any:
    """Mean losses over repeats by epoch, and the epoch of the lowest mean validation loss."""
    figure, axes = new_figure("epoch", "loss", "", width=6.2, height=3.8)
    for number, name in enumerate(("train", "validation")):
        mean = np.mean([repeat[f"{name}_losses"] for repeat in results[0].repeats], axis=0)
        axes.plot(np.arange(1, len(mean) + 1), mean, **line(number), label={"train": "training"}.get(name, name))
    best = int(np.argmin(mean)) + 1
    axes.axvline(best, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"lowest at epoch {best}", (best, axes.get_ylim()[1]), (5, -12), textcoords="offset points", fontsize=9
    )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


@drawing("rates", "the learning rate at each step, a line for each schedule")
def rates(results: Sequence[Shown]) -> Any:
    """Rates of the schedules on a logarithmic scale, as far as they can be seen."""
    figure, axes = new_figure("step", "learning rate", "", width=6.2, height=3.8)
    for number, one in enumerate(results):
        values = np.array(one["rates"])
        axes.plot(np.arange(1, len(values) + 1), values, **line(number), label=one.labels["schedule"])
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 5)
    axes.legend(frameon=False)
    return figure


@drawing("momentum-paths", "paths down a long valley with and without momentum, from the same start")
def momentum_paths(results: Sequence[Shown]) -> Any:
    """Paths with a velocity, over the lines of equal height of the valley."""
    chosen = [one for one in results if one.labels.get("run") == "velocity"] or as_printed(results)
    figure, axes = new_figure("x", "y", "", width=6.6, height=3.4)
    x, y = np.meshgrid(np.linspace(-6, 10.5, 120), np.linspace(-1.6, 1.6, 80))
    axes.contour(x, y, (x**2 + 25 * y**2) / 2, levels=[0.5, 2, 5, 10, 20, 35, 50], colors="0.8", linewidths=0.8)
    for number, one in enumerate(chosen):
        path = np.array(one["path"])
        axes.plot(
            path[:, 0], path[:, 1], **line(number, marker=".", markersize=4), label=f"momentum {one.labels['momentum']}"
        )
    axes.plot([0], [0], "+", color="black", markersize=10)
    axes.legend(frameon=False, loc="lower left")
    return figure


@drawing("subset-means", "means of random subsets scattered around the mean of all values")
def subset_means(results: Sequence[Shown]) -> Any:
    """Means of 200 subsets, how many fall in each bin, and the mean of all."""
    shown = results[0]
    figure, axes = new_figure("mean of 10 bytes", "subsets", "", width=6.0, height=3.4)
    axes.hist(shown["means"], bins=24, color=FILL, edgecolor=INK)
    axes.axvline(shown["full_mean"], color="black", linewidth=1.8, linestyle="--", label="mean of all")
    axes.legend(frameon=False)
    return figure


@drawing("epoch-blocks", "the samples of two epochs as bars, cut into minibatches, the last of which is smaller")
def epoch_blocks(results: Sequence[Shown]) -> Any:
    """Two epochs of the same samples in two orders, cut into minibatches; shade is the sample's number."""
    shown = results[0]
    figure, axes = new_figure("place in the order", "", "", width=7.0, height=2.4)
    edges = np.cumsum([0, *shown["blocks"]])
    for row, name in enumerate(("order", "next_order")):
        order = np.array(shown[name], float)[None, :]
        axes.imshow(
            order, cmap="Greys", aspect="auto", extent=(0, order.size, -row - 0.35, -row + 0.35), vmax=2.5 * order.max()
        )
        axes.vlines(edges, -row - 0.35, -row + 0.35, color=INK, linewidth=1.6)
    for number, (left, right) in enumerate(pairwise(edges)):
        axes.text((left + right) / 2, 0.45, str(number + 1), ha="center", fontsize=9)
    axes.set_yticks([0, -1], ["epoch 1", "epoch 2"])
    axes.set_ylim(-1.5, 0.8)
    axes.grid(visible=False)
    return figure
