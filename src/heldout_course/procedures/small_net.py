"""The net of 2-3-2-1 nodes: its arrays, which number is which weight, and what dropout makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure
from heldout_course.scratch.activations import softmax
from heldout_course.scratch.backpropagation import forward
from heldout_course.scratch.descent import dropout_mask
from heldout_course.scratch.mlp import MLP


@procedure("dense-arrays")
def dense_arrays(inputs: int, hidden: Sequence[int]) -> dict[str, Any]:
    """Arrays of a net with one sigmoid output, as they are drawn, and with the two outputs of a softmax."""
    net = MLP(hidden, activation="sigmoid").start(inputs, np.arange(2))
    shapes = [weights.shape for weights in net.weights_]
    one = [weights.size + biases.size for weights, biases in zip(net.weights_, net.biases_, strict=True)]
    return {
        "parameters": sum(one),
        "by_layer": ", ".join(f"{w.size}+{b.size}" for w, b in zip(net.weights_, net.biases_, strict=True)),
        "weight_matrices": ", ".join(f"{rows}x{columns}" for rows, columns in shapes),
        "bias_lengths": ", ".join(str(len(biases)) for biases in net.biases_),
        "parameters_of_softmax": sum(one) + shapes[-1][1] + 1,
        "sizes": [inputs, *hidden, 1],
    }


@procedure("which-weight")
def which_weight(layer: int, source: int, target: int, hidden: Sequence[int] = (3, 2)) -> dict[str, Any]:
    """A weight by its numbers: what it joins, seen by moving it."""
    net = MLP(hidden, activation="sigmoid").start(2, np.arange(2))
    x = np.array([[0.3, -0.7]])
    before = forward(x, net.weights_, net.biases_, net.activations_)[0]
    net.weights_[layer - 1][target, source] += 1.0
    after = forward(x, net.weights_, net.biases_, net.activations_)
    moved = [np.flatnonzero(np.abs(a - b).ravel() > 1e-12).tolist() for a, b in zip(after[0], before, strict=True)]
    amount = float((after[0][layer - 1] - before[layer - 1])[0, target])
    return {
        **dense_arrays(2, hidden),
        "first_layer_moved": next(number + 1 for number, nodes in enumerate(moved) if nodes),
        "nodes_moved": ", ".join(map(str, moved[layer - 1])),
        "moved_by_output": int(np.argmin(np.abs(after[1][layer - 1][0] - amount))),
        "highlight": [layer, source, target],
    }


@procedure("dropout-variants")
def dropout_variants(share: float, draws: int = 2000, *, seed: int) -> dict[str, Any]:
    """Which sub-networks dropout trains, and whether scaled weights give the mean of them all.

    Gaps are largest differences of probability over 20 inputs, between the weighted geometric mean of all sub-networks
    (rescaled to sum to 1) and the whole net with its weights times 1 - share.
    """
    random = np.random.default_rng(seed)
    net = MLP((3, 2), activation="sigmoid", seed=seed).start(2, np.arange(2))
    x = random.standard_normal((20, 2))
    drawn = np.hstack([dropout_mask((draws, n), share, random) > 0 for n in (3, 2)])
    net.weights_ = [random.standard_normal(w.shape) for w in net.weights_]
    deep = _gap(x, net.weights_, net.biases_, net.activations_, [3, 2], share)
    single = random.standard_normal((2, 5)), random.standard_normal(2)
    inputs = random.random((20, 5))
    masks = np.array(list(product((0, 1), repeat=5)), float)
    chance = np.prod(np.where(masks > 0, 1 - share, share), axis=1)
    logs = np.array([np.log(softmax((inputs * mask) @ single[0].T + single[1])) for mask in masks])
    mean = np.exp(np.tensordot(chance, logs, axes=1))
    whole = softmax((1 - share) * inputs @ single[0].T + single[1])
    return {
        "possible": 2**5,
        "seen": len(np.unique(drawn, axis=0)),
        "share_given": share,
        "mean_dropped": float(1 - drawn.mean()),
        "gap_one_softmax_layer": float(np.abs(mean / mean.sum(axis=1, keepdims=True) - whole).max()),
        "log10_gap_whole_net": float(np.log10(max(deep, 1e-18))),
        "gap_of_inverted": _inverted_gap(x, net, share, random),
        "masks": drawn[:6].astype(int),
        "sizes": [2, 3, 2, 1],
    }


def _gap(
    x: np.ndarray,
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    activations: Sequence[str],
    hidden: Sequence[int],
    share: float,
) -> float:
    """Between the geometric mean of all sub-networks and the net with scaled weights."""
    logs = np.zeros((len(x), 2))
    for bits in product((0, 1), repeat=sum(hidden)):
        masks = np.split(np.array([bits], float), np.cumsum(hidden)[:-1], axis=1)
        p = forward(x, weights, biases, activations, masks)[1][-1]
        chance = (1 - share) ** sum(bits) * share ** (sum(hidden) - sum(bits))
        logs += chance * np.log(np.hstack([1 - p, p]))
    mean = np.exp(logs)
    scaled = [weights[0], *((1 - share) * w for w in weights[1:])]
    whole = forward(x, scaled, biases, activations)[1][-1][:, 0]
    return float(np.abs(mean[:, 1] / mean.sum(axis=1) - whole).max())


def _inverted_gap(x: np.ndarray, net: MLP, share: float, random: np.random.Generator) -> float:
    """Between dropping with 1 / (1 - share) in training, and plain dropping with weights that are as much larger."""
    masks = [dropout_mask((len(x), n), share, random) for n in (3, 2)]
    inverted = forward(x, net.weights_, net.biases_, net.activations_, masks)[1][-1]
    larger = [net.weights_[0], *(w / (1 - share) for w in net.weights_[1:])]
    plain = forward(x, larger, net.biases_, net.activations_, [(mask > 0).astype(float) for mask in masks])[1][-1]
    return float(np.abs(inverted - plain).max())
