"""What a layer of a fitted net gives, as features for another model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class NetFeatures(TransformerMixin, BaseEstimator):
    """A fitted net without its head: turns rows into what one of its layers gives.

    It is fitted already: `fit` changes nothing, and `sklearn.base.clone` gives the same object, so that it can stand in
    a `Pipeline` that is cross-validated. The net must not have seen the rows that such a pipeline is scored on.

    Parameters
    ----------
    net : NetClassifier
        Fitted.
    layer : str
        Name of the layer; ``input`` for the rows as the first layer gets them.
    replicate : int, optional
        Which replicate's features; those of all side by side, if not given.
    """

    def __init__(self, net: Any, layer: str, replicate: int | None = None) -> None:
        self.net = net
        self.layer = layer
        self.replicate = replicate

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, x: Any, y: Any = None) -> Self:
        """Change nothing."""
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Features of rows, (n_rows, n_features); images and signals are flattened, channels last."""
        found = self.net.outputs(x, self.layer, replicate=self.replicate)
        found = found if self.replicate is None else found[None]
        return found.reshape(*found.shape[:2], -1).transpose(1, 0, 2).reshape(found.shape[1], -1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Replicate, layer and number of each feature, such as ``net 0 dense 1 [5]``."""
        replicates = range(len(self.net.replicates_)) if self.replicate is None else [self.replicate]
        n_values = int(np.prod(self.net.plan_.shape_of(self.layer)))
        return np.array([f"net {r} {self.layer} [{i}]" for r in replicates for i in range(n_values)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags
