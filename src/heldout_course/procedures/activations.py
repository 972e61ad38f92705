"""Nodes, activations and the softmax, worked by hand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure
from heldout_course.scratch.activations import ACTIVATIONS, softmax
from heldout_course.scratch.backpropagation import forward

Polynomial = Counter[tuple[str, ...]]
"""Symbols of each term (sorted) to its coefficient."""


@procedure("one-node")
def one_node(x: Sequence[float], weights: Sequence[float], bias: float, activation: str) -> dict[str, Any]:
    """What a node computes: term by term, and by the forward pass of a layer."""
    total = bias
    for value, weight in zip(x, weights, strict=True):
        total += weight * value
    _, a = forward(np.array([x]), [np.array([weights])], [np.array([bias])], [activation])
    return {"z": total, "a": ACTIVATIONS[activation](np.array(total)), "a_of_layer": a[-1][0, 0]}


@procedure("activation-curve")
def activation_curve(activation: str, reach: float = 6.0) -> dict[str, Any]:
    """An activation from -reach to reach, its limits, and where it is steepest."""
    x = np.linspace(-reach, reach, 241)
    h = ACTIVATIONS[activation]
    y = h(x)
    slopes = np.diff(y)
    bends = np.diff(slopes)
    bends = bends[np.abs(bends) > 1e-12]
    far = 1e3
    return {
        "x": x,
        "y": y,
        "at_0": h(np.array(0.0)),
        "far_left": h(np.array(-far)),
        "far_right": h(np.array(far)),
        "least_slope": slopes.min(),
        "turns_of_bend": int((np.sign(bends[1:]) != np.sign(bends[:-1])).sum()),
    }


@procedure("activation-cost", light=False)
def activation_cost(activation: str, nodes: int = 200_000, rounds: int = 15, *, seed: int) -> dict[str, Any]:
    """Nanoseconds of an activation for each node (least of several rounds), and its curve."""
    z = np.random.default_rng(seed).standard_normal(nodes)
    h = ACTIVATIONS[activation]
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        h(z)
        seconds.append(time.perf_counter() - began)
    return {"nanoseconds": 1e9 * min(seconds) / nodes, **activation_curve(activation)}


@procedure("linear-composition")
def linear_composition(slope: int, intercept: int, rows: int = 200, *, seed: int) -> dict[str, Any]:
    """Two nodes in a row with h(x) = slope x + intercept, in symbols; and how straight deep nets are.

    `bend_linear` and `bend_relu` are the largest distances of a random net of three layers from the best plane.
    """
    inner = _node({("x",): 1}, "0", slope, intercept)
    outer = _node(inner, "1", slope, intercept)
    of_x = Counter({tuple(s for s in term if s != "x"): n for term, n in outer.items() if "x" in term})
    rest = Counter({term: n for term, n in outer.items() if "x" not in term})
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, 2))
    weights = [random.standard_normal(shape) for shape in ((3, 2), (2, 3), (1, 2))]
    biases = [random.standard_normal(n) for n in (3, 2, 1)]
    bends = {}
    for name, activation in (("linear", "identity"), ("relu", "relu")):
        y = forward(x, weights, biases, [activation, activation, "identity"])[1][-1][:, 0]
        plane = np.column_stack([x, np.ones(rows)])
        bends[f"bend_{name}"] = float(np.abs(plane @ np.linalg.lstsq(plane, y, rcond=None)[0] - y).max())
    return {"slope": _written(of_x), "intercept": _written(rest), **bends}


def _node(of: Polynomial | dict[tuple[str, ...], int], number: str, slope: int, intercept: int) -> Polynomial:
    """h(w p + b) of a polynomial p in the symbols."""
    found: Polynomial = Counter()
    for term, n in of.items():
        found[tuple(sorted((*term, "w" + number), reverse=True))] += slope * n
    found[("b" + number,)] += slope
    found[()] += intercept
    return found


def _written(polynomial: Polynomial) -> str:
    """Long terms first."""
    terms = sorted(polynomial.items(), key=lambda item: (len(item[0]), item[0]), reverse=True)
    words = ["*".join([str(abs(n)), *symbols]) for symbols, n in terms]
    signs = ["-" if n < 0 else "+" for _, n in terms]
    first = words[0] if signs[0] == "+" else "-" + words[0]
    return " ".join([first, *(f"{sign} {word}" for sign, word in zip(signs[1:], words[1:], strict=True))])


@procedure("softmax-of")
def softmax_of(outputs: Sequence[float], add: float = 0.0) -> dict[str, Any]:
    """Probabilities of output values, with and without subtracting the largest."""
    z = np.array(outputs, float) + add
    p = softmax(z)
    with np.errstate(over="ignore", invalid="ignore"):
        plain = np.exp(z) / np.exp(z).sum()
    return {
        **{f"p_{number}": float(value) for number, value in enumerate(p)},
        "class": int(p.argmax()),
        "shifted": ", ".join(f"{value:.1f}" for value in z - z.max()),
        "sum": float(p.sum()),
        "unshifted_is_finite": int(np.isfinite(plain).all()),
        "unshifted_gap": float(np.abs(plain - p).max()),
    }


@procedure("softmax-output")
def softmax_output(nodes: int = 5, classes: int = 4, rows: int = 1000, *, seed: int) -> dict[str, Any]:
    """How far the probabilities of a last layer with random weights sum to 1 and keep the order of its outputs."""
    random = np.random.default_rng(seed)
    hidden = random.random((rows, nodes))
    weights, bias = random.standard_normal((classes, nodes)), random.standard_normal(classes)
    z = forward(hidden, [weights], [bias], ["identity"])[1][-1]
    p = softmax(z)
    same = (np.argsort(z, axis=1) == np.argsort(p, axis=1)).all(axis=1)
    return {
        "gap_from_1": float(np.abs(p.sum(axis=1) - 1).max()),
        "order_kept": float(same.mean()),
        "least_probability": float(p.min()),
        "gap_of_two": float(np.abs(softmax(z[:, :2])[:, 1] - ACTIVATIONS["sigmoid"](z[:, 1] - z[:, 0])).max()),
        "hidden": hidden[0],
        "outputs": z[0],
        "probabilities": p[0],
    }
