"""Facts of MNIST that need no model."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure


@procedure("mnist-pca-variance", light=False)
def pca_variance(components: int) -> dict[str, Any]:
    """Share of the variance of standardized pixels that the first components hold (exact)."""
    variances = _spectrum()
    share = np.cumsum(variances) / variances.sum()
    return {"variance": float(share[components - 1]), "components_for_90": int(np.searchsorted(share, 0.9) + 1)}


def _spectrum() -> np.ndarray:
    """Eigenvalues of the correlations of the training pixels, largest first; constant pixels are left out."""
    from heldout_course.experiments.data import DataSpec
    from heldout_course.experiments.features import values_of
    from heldout_course.experiments.rows import find_rows

    spec = DataSpec(name="mnist")
    rows = find_rows(spec, 0)
    train, _ = rows.pairs[0]
    x = values_of(rows, spec, train, np.float32)
    std = x.std(axis=0)
    x = (x[:, std > 0] - x[:, std > 0].mean(axis=0)) / std[std > 0]
    return np.linalg.eigvalsh((x.T @ x).astype(np.float64) / len(x))[::-1]


@procedure("mnist-counts")
def mnist_counts(digits: list[int], part: str = "test") -> dict[str, Any]:
    """Images of each digit in the training or the test part."""
    from heldout_course.experiments.data import DataSpec
    from heldout_course.experiments.rows import find_rows

    rows = find_rows(DataSpec(name="mnist"), 0)
    train, test = rows.pairs[0]
    counts = np.bincount(rows.y[test if part == "test" else train], minlength=10)
    return {"images": int(counts[list(digits)].sum())}
