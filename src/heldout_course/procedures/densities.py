"""Naive Bayes by hand: a histogram of whole numbers, and a normal density."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure

WHOLE = (
    7, 4, 3, 1, 6, 5, 2, 8, 5, 4, 4, 2, 7, 1, 3, 1, 1, 3, 3, 3, 0, 3, 4, 4, 2, 3, 4, 5, 2, 4, 2, 3, 2, 4, 4, 1, 3,
    3, 3, 2, 2, 4, 6, 5, 2, 6, 5, 2, 6, 6, 3, 5, 2, 4, 2, 4, 5, 4, 5, 5, 2, 5, 3, 4, 3, 1, 6, 6, 5, 3, 4, 3, 3, 4, 1, 1,
    3, 5, 4, 4, 7, 0, 6, 2, 4, 7, 4, 3, 4, 3, 5, 4, 6, 2, 5, 4, 4, 5, 6, 5,
)  # fmt: skip
"""The feature x2 of 100 rows of class 1."""
MEASURED = (
    0.21457111, 4.3311102, 5.50481251, 0.80293956, 2.5051598, 2.37655204, 2.4296739, 2.84224169, -0.11890662,
    3.18819152, 1.6843311, 4.05982237, 4.14488722, 4.29148855, 3.22658406, 6.45507675, 0.40046778, 1.81796124,
    0.2732696, 2.91498336, 1.42561983, 2.73483704, 1.68382843, 3.80387653, 1.53431146,
)  # fmt: skip
"""The feature x3 of 25 rows of class 0."""


@procedure("histogram-probability")
def histogram_probability(value: int, alpha: float = 0.0, n_values: int = 10) -> dict[str, Any]:
    """Share of a value among the listed ones: P(x2 = value | class 1), each count larger by alpha.

    `product_with_one_new` is the product over two such features, of which the other has the value 9, never seen.
    """
    from heldout_course.scratch.naive_bayes import HistogramNaiveBayes

    x = np.array(WHOLE)[:, None]
    shares = HistogramNaiveBayes(n_values, alpha=alpha).fit(x, np.ones(len(x))).probability_[0, 0]
    return {
        "count": int((x == value).sum()),
        "probability": float(shares[value]),
        "product_with_one_new": float(shares[value] * shares[9]),
        "shares": shares,
    }


@procedure("normal-density")
def normal_density(ddof: int = 0, features: int = 500) -> dict[str, Any]:
    """Mean and deviation of the listed values, the density at the mean, and what becomes of a product of many.

    `product` multiplies densities of the first value over this many features, `sum_of_logs` adds their logarithms.
    """
    from heldout_course.scratch.naive_bayes import GaussianNaiveBayes

    x = np.array(MEASURED)[:, None]
    model = GaussianNaiveBayes(smoothing=0.0).fit(x, np.zeros(len(x)))
    mean = float(model.mean_[0, 0])
    variance = float(model.variance_[0, 0]) * len(x) / (len(x) - ddof)
    densities = np.exp(-((x[0] - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return {
        "rows": len(x),
        "mean": mean,
        "std": float(np.sqrt(variance)),
        "density_at_mean": float(1 / np.sqrt(2 * np.pi * variance)),
        "product": float(np.prod(np.repeat(densities, features))),
        "sum_of_logs": float(features * np.log(densities[0])),
        "values": x[:, 0],
    }
