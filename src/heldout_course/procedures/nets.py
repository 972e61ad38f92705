"""Facts of nets that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure


@procedure("count-parameters")
def count_parameters(hidden: Sequence[int], inputs: int = 784, outputs: int = 10) -> dict[str, Any]:
    """Weights and biases of a net of dense layers: (inputs + 1) x units, layer by layer."""
    sizes = [inputs, *hidden, outputs]
    return {"parameters": sum((a + 1) * b for a, b in pairwise(sizes))}


@procedure("steps-per-epoch")
def steps_per_epoch(batch: int, rows: int = 16_384) -> dict[str, Any]:
    """Minibatches of an epoch, the last one as large as what is left."""
    return {"steps": -(-rows // batch), "last_batch": rows - (-(-rows // batch) - 1) * batch}


@procedure("initial-weights")
def initial_weights(initializer: str, inputs: int = 784, units: int = 100, *, seed: int = 0) -> dict[str, Any]:
    """Mean and spread of a layer's first weights, by the scheme's formula and drawn."""
    from heldout_course.scratch import initializers

    random = np.random.default_rng(seed)
    draw = {
        "glorot": lambda: initializers.glorot(inputs, units, random),
        "he": lambda: initializers.he(inputs, units, random),
        "xavier": lambda: initializers.xavier(inputs, units, random),
        "small-uniform": lambda: initializers.small_uniform(inputs, units, random),
        "small-gaussian": lambda: initializers.small_gaussian(inputs, units, random),
    }
    weights = draw[initializer]()
    formula = {
        "glorot": np.sqrt(2 / (inputs + units)),
        "he": np.sqrt(2 / inputs),
        "xavier": np.sqrt(1 / inputs),
        "small-uniform": 0.01 / np.sqrt(12),
        "small-gaussian": 0.005,
    }
    return {"mean": weights.mean(), "std": weights.std(), "std_by_formula": formula[initializer]}
