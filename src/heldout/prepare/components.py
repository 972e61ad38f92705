"""Principal components, by their number or by the share of the variance that they are to keep."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from heldout.errors import SettingError


class Components(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """scikit-learn's PCA, of as many components as asked, or as the rows and columns allow if those are fewer.

    A fold's training part may have fewer rows than components were asked for, and constant columns leave fewer
    directions than columns; PCA itself refuses then.

    Parameters
    ----------
    n_components : int or float
        A number (1 or more), or a share of the variance, between 0 and 1.
    whiten : bool, default=False
        Scale each component to variance 1.
    seed : int, default=0
        Of the randomized solver, which is used where it is quicker.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA
    """

    def __init__(self, n_components: int | float, whiten: bool = False, seed: int = 0) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> Components:
        """Find the components.

        Raises
        ------
        SettingError
            If `n_components` is neither a number from 1 nor a share below 1.
        """
        x = np.asarray(X)
        wanted = self.n_components
        is_share = isinstance(wanted, float) and 0 < wanted < 1
        if not is_share and (isinstance(wanted, bool) or wanted != int(wanted) or wanted < 1):
            raise SettingError(f"n_components is {wanted}", fix="use 1 or more, or a share such as 0.95")
        is_constant = not np.ptp(x, axis=0).any()
        n: float | int = float(wanted) if is_share else min(int(wanted), *x.shape)
        solver = "full" if is_share else "auto"
        self.pca_ = PCA(1 if is_constant else n, whiten=self.whiten, svd_solver=solver, random_state=self.seed)
        with np.errstate(invalid="ignore"):
            self.pca_.fit(x)
        if is_constant:  # no direction has any variance, and a share of nothing is no number
            self.pca_.explained_variance_ratio_ = np.zeros(1)
        self.n_features_in_ = x.shape[1]
        return self

    @property
    def _n_features_out(self) -> int:
        return int(self.pca_.n_components_)

    def transform(self, X: Any) -> np.ndarray:
        """Give the scores of the components, shape (n_rows, number of components)."""
        check_is_fitted(self, "pca_")
        return self.pca_.transform(np.asarray(X))
