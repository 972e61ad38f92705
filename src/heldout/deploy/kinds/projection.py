"""Principal components in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, features_of
from heldout.deploy.rows import Features
from heldout.deploy.sums import products


@dataclass(frozen=True)
class Projection:
    """``(x - mean) @ components.T / scale``, added up in double precision.

    Attributes
    ----------
    components : float64 array, C order, shape (n_components, n_features)
    offset : float64 array, shape (n_components,)
        The projected mean.
    scale : float64 array or None
        None: not whitened.
    single : bool
        Whether components are float32 in the file; projections of float32 rows are then float32, as scikit-learn's are.
    """

    features: Features
    components: np.ndarray
    offset: np.ndarray
    scale: np.ndarray | None
    single: bool

    def transform(self, x: Any) -> np.ndarray:
        """Scores of the components, shape (n_rows, n_components)."""
        rows = self.features.rows(x, keep_single=True)
        found = products(rows.astype(np.float64, copy=False), self.components) - self.offset
        if self.scale is not None:
            found /= self.scale
        return found.astype(np.float32) if self.single and rows.dtype == np.float32 else found


def _write_pca(step: Any) -> Parts:
    names = ("components", "mean", "explained_variance", "explained_variance_ratio", "singular_values")
    arrays = {name: np.asarray(getattr(step, f"{name}_")) for name in names}
    params = {
        "whiten": bool(step.whiten),
        "noise_variance": float(step.noise_variance_),
        "n_samples": int(step.n_samples_),
    }
    return Parts(params | features_of(step), arrays)


def _read_pca(node: Node) -> Projection:
    whiten = node.flag("whiten")
    features = node.features()
    components = node.array("components", FLOATS, (None, features.n))
    mean = node.array("mean", FLOATS, (features.n,))
    names = ("explained_variance", "explained_variance_ratio", "singular_values")
    variance, *_ = (node.array(name, FLOATS, (len(components),), low=0) for name in names)
    node.number("noise_variance", 0)
    node.integer("n_samples", 1, 2**62)
    weights = np.ascontiguousarray(components, dtype=np.float64)
    offset = products(mean.astype(np.float64)[np.newaxis], weights)[0]
    # Components of a variance near zero are not blown up beyond what the precision of the file supports.
    scale = np.maximum(np.sqrt(variance), np.finfo(variance.dtype).eps).astype(np.float64) if whiten else None
    return Projection(features, weights, offset, scale, components.dtype == np.float32)


def _write_components(step: Any) -> Parts:
    return Parts({"seed": int(step.seed), "n_features": int(step.n_features_in_)}, children={"pca": step.pca_})


def _read_components(node: Node) -> Projection:
    pca = node.child("pca")
    node.check(isinstance(pca, Projection), "the inner estimator must be a PCA")
    node.integer("seed", 0, 2**32 - 1)
    node.integer("n_features", pca.features.n, pca.features.n)
    return pca


KINDS = (
    Kind("pca", "sklearn.decomposition.PCA", _write_pca, _read_pca),
    Kind("components", "heldout.prepare.components.Components", _write_components, _read_components),
)
