"""First weights. Equal ones would stay equal: nodes of a layer would all learn the same.

`f_in` and `f_out` are the numbers of inputs and outputs of the layer. The newer schemes keep the size of signals and
gradients about the same from layer to layer. Matrices have shape (f_out, f_in); biases start at 0.
"""

from __future__ import annotations

import numpy as np

Generator = np.random.Generator


def glorot(f_in: int, f_out: int, random: Generator, *, before_sigmoid: bool = False) -> np.ndarray:
    """Uniform in ±sqrt(A / (f_in + f_out)), A = 6 (Glorot and Bengio 2010), or 2 before a sigmoid (scikit-learn)."""
    bound = np.sqrt((2 if before_sigmoid else 6) / (f_in + f_out))
    return random.uniform(-bound, bound, (f_out, f_in))


def he(f_in: int, f_out: int, random: Generator) -> np.ndarray:
    """N(0, 1) * sqrt(2 / f_in): a ReLU lets half of the signal through (He et al. 2015)."""
    return random.standard_normal((f_out, f_in)) * np.sqrt(2 / f_in)


def xavier(f_in: int, f_out: int, random: Generator) -> np.ndarray:
    """N(0, 1) * sqrt(1 / f_in)."""
    return random.standard_normal((f_out, f_in)) * np.sqrt(1 / f_in)


def small_uniform(f_in: int, f_out: int, random: Generator) -> np.ndarray:
    """0.01 * (U(0, 1) - 0.5), as it was done before."""
    return 0.01 * (random.random((f_out, f_in)) - 0.5)


def small_gaussian(f_in: int, f_out: int, random: Generator) -> np.ndarray:
    """0.005 * N(0, 1), as it was done before."""
    return 0.005 * random.standard_normal((f_out, f_in))


INITIALIZERS = {
    "glorot": glorot,
    "he": he,
    "xavier": xavier,
    "small-uniform": small_uniform,
    "small-gaussian": small_gaussian,
}
