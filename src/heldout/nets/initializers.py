"""First weights: the schemes of Glorot and He and the older ones, with their formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from heldout.nets.fit.streams import WEIGHTS, generator
from heldout.nets.layers.base import Parameter, Step


def first_values(
    parameter: Parameter, *, seed: int, position: int, initializer: str, before_sigmoid: bool = False
) -> np.ndarray:
    """Starting values of one array.

    Parameters
    ----------
    parameter : Parameter
    seed : int
        The replicate's key.
    position : int
        Number of the array within the net.
    initializer : str
        ``glorot`` uniform in ±sqrt(A / (fan_in + fan_out)), A = 2 before a sigmoid, else 6 (Glorot and Bengio 2010);
        ``glorot-biases`` the same, biases as well, and A = 2 in the last layer of a net of sigmoids, too (as
        scikit-learn's MLP does it);
        ``he`` N(0, 1) * sqrt(2 / fan_in) (He et al. 2015); ``xavier`` N(0, 1) * sqrt(1 / fan_in);
        ``small-uniform`` 0.01 * (U(0, 1) - 0.5); ``small-gaussian`` 0.005 * N(0, 1). Biases are 0 otherwise.
    before_sigmoid : bool
        Whether a sigmoid follows.

    Returns
    -------
    float64 array of the parameter's shape.
    """
    if parameter.role in ("scale", "variance"):
        return np.ones(parameter.shape)
    name = parameter.init or initializer
    if parameter.role != "kernel" and not (parameter.role == "bias" and name == "glorot-biases"):
        return np.zeros(parameter.shape)
    random = generator(seed, WEIGHTS, position)
    if name in ("glorot", "glorot-biases"):
        bound = math.sqrt((2.0 if before_sigmoid else 6.0) / (parameter.fan_in + parameter.fan_out))
        return random.uniform(-bound, bound, parameter.shape)
    if name == "small-uniform":
        return 0.01 * (random.random(parameter.shape) - 0.5)
    scale = {"he": math.sqrt(2 / parameter.fan_in), "xavier": math.sqrt(1 / parameter.fan_in)}.get(name, 0.005)
    return scale * random.standard_normal(parameter.shape)


def before_sigmoid(steps: Sequence[Step]) -> set[str]:
    """Names of the layers whose next activation is a sigmoid."""
    names: set[str] = set()
    for number, step in enumerate(steps):
        for inner in (step.body, step.shortcut):
            names |= before_sigmoid(inner)
        following = next((s.layer for s in steps[number + 1 :] if not s.layer.is_passive), None)
        if following is not None and following.activation == "sigmoid":
            names.add(step.name)
    return names
