"""Nets as graphs: nodes in layers, edges for weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from heldout.evaluate.figures import new_figure
from heldout_course.drawings.registry import Shown, drawing

INK, FILL, QUIET, FAINT = "#0b4f8a", "#dce6ee", "#8a8a8a", "#d5d5d5"


def _empty(width: float, height: float) -> tuple[Any, Any]:
    figure, axes = new_figure("", "", "", width=width, height=height)
    axes.set_axis_off()
    return figure, axes


def _places(sizes: Sequence[int]) -> list[list[tuple[float, float]]]:
    """Where the nodes of each layer stand, left to right, the first on top."""
    return [[(2.0 * layer, (n - 1) / 2 - node) for node in range(n)] for layer, n in enumerate(sizes)]


def _edge(axes: Any, a: tuple[float, float], b: tuple[float, float], strong: bool, colour: str = QUIET) -> None:
    axes.plot([a[0], b[0]], [a[1], b[1]], color=INK if strong else colour, linewidth=3.2 if strong else 1.0, zorder=1)


def _node(axes: Any, at: tuple[float, float], words: str = "", *, off: bool = False) -> None:
    colours = {"facecolors": "white", "edgecolors": FAINT} if off else {"facecolors": FILL, "edgecolors": INK}
    axes.scatter([at[0]], [at[1]], s=460, linewidths=1.6, zorder=2, **colours)
    axes.text(*at, words, ha="center", va="center", fontsize=9, zorder=3, color="#8a8a8a" if off else "black")


def _names(sizes: Sequence[int]) -> list[str]:
    return ["inputs", *(f"hidden {number}" for number in range(1, len(sizes) - 1)), "output"]


@drawing("net-graph", "nodes of a net in layers from left to right, each joined to all of the next layer")
def net_graph(results: Sequence[Shown]) -> Any:
    """A fully connected net; a `highlight` of layer, source and target is drawn strongly."""
    shown = results[0]
    sizes = shown["sizes"]
    chosen = tuple(shown.values.get("highlight", ()))
    places = _places(sizes)
    figure, axes = _empty(6.0, 3.4)
    for layer, (left, right) in enumerate(pairwise(places), start=1):
        for source, a in enumerate(left):
            for target, b in enumerate(right):
                _edge(axes, a, b, (layer, source, target) == chosen)
    for layer, (nodes, name) in enumerate(zip(places, _names(sizes), strict=True)):
        for number, at in enumerate(nodes):
            _node(axes, at, f"x{number}" if layer == 0 else str(number))
        axes.text(2.0 * layer, (max(sizes) - 1) / 2 + 0.65, name, ha="center", fontsize=10)
    if chosen:
        layer, source, target = chosen
        (x, y), (u, v) = places[layer - 1][source], places[layer][target]
        axes.text((x + u) / 2, (y + v) / 2 + 0.28, f"$w^{{({layer})}}_{{{source}{target}}}$", ha="center", fontsize=12)
    axes.set_ylim(-(max(sizes) - 1) / 2 - 0.5, (max(sizes) - 1) / 2 + 0.9)
    return figure


@drawing("dropout-nets", "six copies of a net, each with other hidden nodes left out with all of their edges")
def dropout_nets(results: Sequence[Shown]) -> Any:
    """Sub-nets that dropout trains; 1 marks a node that stays and 0 one that is left out."""
    from matplotlib.figure import Figure

    shown = next((one for one in results if one.labels.get("share") == "0.5"), results[0])
    sizes, masks = shown["sizes"], shown["masks"]
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    for number, mask in enumerate(masks):
        axes = figure.add_subplot(2, 3, number + 1)
        axes.set_axis_off()
        kept = [[1] * sizes[0], mask[: sizes[1]], mask[sizes[1] :], [1]]
        places = _places(sizes)
        for layer in range(len(sizes) - 1):
            for source, a in enumerate(places[layer]):
                for target, b in enumerate(places[layer + 1]):
                    both = kept[layer][source] and kept[layer + 1][target]
                    axes.plot([a[0], b[0]], [a[1], b[1]], color=INK if both else FAINT, linewidth=1.8 if both else 0.6)
        for layer, nodes in enumerate(places):
            for node, at in enumerate(nodes):
                inner = 0 < layer < len(sizes) - 1
                axes.scatter(*at, s=190, zorder=2, facecolors=FILL if kept[layer][node] else "white", edgecolors=INK)
                axes.text(*at, str(kept[layer][node]) if inner else "", ha="center", va="center", fontsize=8, zorder=3)
        axes.margins(0.15)
    return figure


@drawing("one-node", "two inputs with their weights and a bias meet in a node, whose activation gives the output")
def one_node(results: Sequence[Shown]) -> Any:
    """A node and its formula, with the numbers of each activation."""
    figure, axes = _empty(6.4, 2.8)
    for number, at in enumerate([(0.0, 1.0), (0.0, -1.0)]):
        _edge(axes, at, (2.0, 0.0), False)
        _node(axes, at, f"$x_{number}$")
        axes.text(1.0, at[1] * 0.5 + (0.18 if number == 0 else -0.32), f"$w_{number}$", ha="center", fontsize=11)
    for a, b in (((2.0, 1.0), (2.0, 0.0)), ((2.0, 0.0), (3.4, 0.0))):
        _edge(axes, a, b, False)
    axes.text(2.0, 1.08, "$b_0$", ha="center", fontsize=11)
    _node(axes, (2.0, 0.0), "$h$")
    axes.text(3.5, 0.0, r"$a = h(w_0 x_0 + w_1 x_1 + b_0)$", va="center", fontsize=11)
    words = [f"{one.labels['activation']}: h({one['z']:.2f}) = {one['a']:.3f}" for one in results]
    axes.text(3.5, -0.45, "\n".join(words), va="top", fontsize=9)
    axes.set_xlim(-0.4, 6.2)
    axes.set_ylim(-1.6, 1.5)
    return figure


@drawing("softmax-layer", "a last hidden layer, four output nodes with their values, and the softmax of them")
def softmax_layer(results: Sequence[Shown]) -> Any:
    """From hidden nodes to outputs to probabilities, with the numbers of one row."""
    shown = results[0]
    hidden, outputs, p = shown["hidden"], shown["outputs"], shown["probabilities"]
    places = _places([len(hidden), len(outputs)])
    figure, axes = _empty(6.6, 3.4)
    for a in places[0]:
        for b in places[1]:
            _edge(axes, a, b, False)
    for at, value in zip(places[0], hidden, strict=True):
        _node(axes, at)
        axes.text(*at, f"{value:.2f}", ha="center", va="center", fontsize=7.5, zorder=3)
    largest = max(p)
    for at, z, share in zip(places[1], outputs, p, strict=True):
        _node(axes, at)
        axes.text(*at, f"{z:.2f}", ha="center", va="center", fontsize=7.5, zorder=3)
        axes.annotate("", (3.1, at[1]), (2.3, at[1]), arrowprops={"arrowstyle": "->", "color": QUIET})
        weight = "bold" if share == largest else "normal"
        axes.text(3.2, at[1], f"p = {share:.4f}", va="center", fontsize=10, fontweight=weight)
    top = (len(hidden) - 1) / 2 + 0.6
    for x, words in ((0.0, "last hidden layer"), (2.0, "outputs"), (3.6, "softmax")):
        axes.text(x, top, words, ha="center", fontsize=10)
    axes.set_xlim(-0.6, 4.6)
    axes.set_ylim(-top, top + 0.4)
    return figure


@drawing("chain", "a chain x, h1, h2, y of nodes joined by the weights w1, w2 and w3")
def chain(results: Sequence[Shown]) -> Any:
    """Three weights in a row, and the slopes of the first repeat."""
    figure, axes = _empty(6.4, 2.2)
    names = ("$x$", "$h_1$", "$h_2$", "$y$")
    places = [(2.0 * number, 0.0) for number in range(4)]
    for number, (a, b) in enumerate(pairwise(places), start=1):
        _edge(axes, a, b, False)
        axes.text((a[0] + b[0]) / 2, 0.16, f"$w_{number}$", ha="center", fontsize=11)
        words = f"dL/dw{number} = {results[0][f'dL_dw{number}']:.4f}"
        axes.text((a[0] + b[0]) / 2, -0.42, words, ha="center", fontsize=9)
    for at, name in zip(places, names, strict=True):
        _node(axes, at, name)
    axes.set_ylim(-0.7, 0.6)
    axes.set_xlim(-0.5, 6.5)
    return figure
