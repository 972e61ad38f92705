"""New rows of numbers: noise on the least principal components, and mixtures of rows of one class.

Both are fitted on training rows only; a scaler or a PCA that has seen test rows passes them on to the new rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from heldout.errors import LabelError, SettingError, ShapeError

Way = Literal["scores", "component-rows", "component-columns"]


@dataclass(frozen=True)
class NewRows:
    """Rows that were made, and what each was made of.

    Attributes
    ----------
    x : float64 array, shape (n_new, n_features)
    y : array, shape (n_new,), or None
        Label of each row: that of its source.
    source : int64 array, shape (n_new,)
        Position of the row it was made of.
    partner : int64 array, shape (n_new,)
        Position of the second row of a mixture; -1 where there is none.
    """

    x: np.ndarray
    y: np.ndarray | None
    source: np.ndarray
    partner: np.ndarray


class PCANoise(BaseEstimator):
    """Move rows along the directions in which they vary least.

    Rows are projected onto the principal components; the leading ones, which carry most of the variance, stay as they
    are, and normal noise is added to the scores of each row on the others.

    Parameters
    ----------
    keep : int or float in (0, 1), default=0.95
        Number of leading components that stay, or the share of variance they hold at least. One always moves.
    sigma : float, default=0.1
        Standard deviation of the noise, in standard deviations of each component; in units of the data where
        `relative` is False.
    relative : bool, default=True
    scale : bool, default=False
        Divide each feature by its standard deviation first, so that its unit does not decide what varies little.
    way : {'scores', 'component-rows', 'component-columns'}, default='scores'
        'scores' moves each row on its own. The two others are what published code does: once a set, noise of absolute
        `sigma` is added to the components themselves (from row or from column `keep` on), so that all rows of a set
        undergo one random linear map. They are here to repeat such experiments.

    Attributes
    ----------
    mean_, scale_ : float64 arrays, shape (n_features,)
    components_ : float64 array, shape (n_components, n_features)
        Orthonormal rows, by decreasing variance.
    deviations_ : float64 array, shape (n_components,)
        Standard deviation of the scores.
    explained_variance_ratio_ : float64 array, shape (n_components,)
    n_keep_ : int

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(50, 3)) * [9, 3, 1]
    >>> made = PCANoise(keep=2).fit(rows).make(rows, copies=4, seed=1)
    >>> made.x.shape, made.source[:3].tolist()
    ((200, 3), [0, 1, 2])
    """

    def __init__(
        self,
        *,
        keep: float = 0.95,
        sigma: float = 0.1,
        relative: bool = True,
        scale: bool = False,
        way: Way = "scores",
    ) -> None:
        self.keep = keep
        self.sigma = sigma
        self.relative = relative
        self.scale = scale
        self.way = way

    def fit(self, X: np.ndarray, y: object = None) -> PCANoise:
        """Find mean and components of these rows, shape (n_rows, n_features); at least two rows, all finite."""
        x = _checked(X)
        if len(x) < 2:
            raise ShapeError("one row has no directions of variation", fix="fit on at least two rows")
        if self.way not in ("scores", "component-rows", "component-columns"):
            raise SettingError(f"way is {self.way!r}", fix="way='scores'")
        if not (np.isfinite(self.sigma) and self.sigma >= 0):
            raise SettingError(f"sigma is {self.sigma}", fix="sigma=0.1")
        self.mean_ = x.mean(axis=0)
        deviations = x.std(axis=0)
        self.scale_ = np.where(self.scale & (deviations > 0), deviations, 1.0)
        _, singular, self.components_ = np.linalg.svd((x - self.mean_) / self.scale_, full_matrices=False)
        self.deviations_ = singular / np.sqrt(len(x) - 1)
        variances = self.deviations_**2
        total = variances.sum()
        self.explained_variance_ratio_ = variances / total if total > 0 else variances
        self.n_keep_ = self._count(x.shape[1])
        return self

    def _count(self, n_features: int) -> int:
        whole = isinstance(self.keep, (int, np.integer))
        if whole and 0 <= self.keep < n_features:
            return int(self.keep)
        if not whole and 0 < self.keep < 1:
            reached = np.cumsum(self.explained_variance_ratio_) >= self.keep - 1e-12
            found = int(np.argmax(reached)) + 1 if reached.any() else len(reached)
            return min(found, len(self.components_) - 1)
        raise SettingError(
            f"keep is {self.keep} of {n_features} components",
            fix=f"a number from 0 to {n_features - 1}, or a share of the variance between 0 and 1, such as 0.95",
        )

    def make(
        self, X: np.ndarray, y: np.ndarray | None = None, *, copies: int, seed: int | np.random.Generator = 0
    ) -> NewRows:
        """Make `copies` new rows of each row.

        Parameters
        ----------
        X : float array, shape (n_rows, n_features)
        y : array, shape (n_rows,), optional
            Labels to carry over.
        copies : int
            At least 1. The first n_rows new rows are one of each row, then the next set.
        seed : int or numpy.random.Generator

        Returns
        -------
        NewRows
            Without the originals.
        """
        check_is_fitted(self)
        x = _checked(X, len(self.mean_))
        if copies < 1:
            raise SettingError(f"copies is {copies}", fix="at least 1")
        random = np.random.default_rng(seed)
        scores = ((x - self.mean_) / self.scale_) @ self.components_.T
        sets = [self._moved(scores, x, random) for _ in range(copies)]
        source = np.tile(np.arange(len(x)), copies)
        labels = None if y is None else np.asarray(y)[source]
        return NewRows(np.concatenate(sets), labels, source, np.full(len(source), -1))

    def _moved(self, scores: np.ndarray, x: np.ndarray, random: np.random.Generator) -> np.ndarray:
        first = self.n_keep_
        if self.way == "scores":
            size = (len(scores), scores.shape[1] - first)
            spread = self.sigma * (self.deviations_[first:] if self.relative else 1.0)
            # Added to the rows rather than to rebuilt ones: what is not moved stays exact to the last bit.
            return x + (random.normal(size=size) * spread) @ self.components_[first:] * self.scale_
        components = self.components_.copy()
        part = components[first:] if self.way == "component-rows" else components[:, first:]
        part += random.normal(scale=self.sigma, size=part.shape)
        return scores @ components * self.scale_ + self.mean_


def mix_within_class(
    x: np.ndarray,
    y: np.ndarray,
    *,
    copies: int = 1,
    neighbours: int = 5,
    ties: np.ndarray | None = None,
    seed: int | np.random.Generator = 0,
) -> NewRows:
    """Make rows that lie between two near rows of one class (SMOTE).

    Parameters
    ----------
    x : float array, shape (n_rows, n_features)
    y : array, shape (n_rows,)
    copies : int, default=1
        New rows of each row.
    neighbours : int, default=5
        The partner is drawn from this many nearest rows of the class; distances in standard deviations of each feature.
    ties : int array, shape (n_rows,), optional
        Rows mix only with rows of the same number (see `heldout.augment.sources.pair_groups`), so that the groups that
        a mixture ties together stay few.
    seed : int or numpy.random.Generator

    Returns
    -------
    NewRows
        A row that has no partner (alone in its class) is returned as it is, with partner -1.

    References
    ----------
    Chawla et al. 2002, doi:10.1613/jair.953
    """
    x, y = _checked(x), np.asarray(y)
    if y.shape != (len(x),):
        raise LabelError(f"{len(x)} rows and labels of shape {y.shape}", fix="give one label for each row")
    if copies < 1 or neighbours < 1:
        raise SettingError(f"copies is {copies}, neighbours {neighbours}", fix="at least 1 each")
    random = np.random.default_rng(seed)
    pool = y if ties is None else np.unique(np.stack([_codes(y), ties]), axis=1, return_inverse=True)[1].ravel()
    near = _nearest_of_pool(x, pool, neighbours)
    source = np.tile(np.arange(len(x)), copies)
    choice = (random.random(len(source)) * (near >= 0).sum(axis=1)[source]).astype(np.int64)
    partner = near[source, choice] if near.shape[1] else np.full(len(source), -1)
    share = random.random(len(source))[:, None] * (partner >= 0)[:, None]
    made = x[source] + share * (x[partner] - x[source])
    return NewRows(made, y[source], source, partner)


def swap_categories(
    values: np.ndarray, y: np.ndarray, *, probability: float, seed: int | np.random.Generator = 0
) -> np.ndarray:
    """Replace categories by others that occur in the same class, each equally likely.

    For features whose value says nothing about the class (the colour of a car); those it was seen with are the only
    ones it gets. Missing values (None) stay missing.

    Parameters
    ----------
    values : object array of str or None, shape (n_rows,)
    y : array, shape (n_rows,)
    probability : float in [0, 1]
        Of each row to get another value.
    seed : int or numpy.random.Generator

    Returns
    -------
    object array, shape (n_rows,)
    """
    random = np.random.default_rng(seed)
    made = np.array(values, dtype=object)
    chosen = random.random(len(made)) < probability
    draw = random.random(len(made))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        allowed = sorted({value for value in made[rows].tolist() if value is not None})
        place = {value: number for number, value in enumerate(allowed)}
        for row in rows[chosen[rows]].tolist():
            if made[row] is not None and len(allowed) > 1:
                step = 1 + int(draw[row] * (len(allowed) - 1))
                made[row] = allowed[(place[made[row]] + step) % len(allowed)]
    return made


def _nearest_of_pool(x: np.ndarray, pool: np.ndarray, neighbours: int) -> np.ndarray:
    """Positions of the nearest other rows with the same number in `pool`; -1 fills up."""
    from sklearn.neighbors import NearestNeighbors

    deviation = x.std(axis=0)
    scaled = x / np.where(deviation > 0, deviation, 1.0)
    order = np.argsort(pool, kind="stable")
    near = np.full((len(x), neighbours), -1)
    for rows in np.split(order, np.flatnonzero(np.diff(pool[order])) + 1):
        k = min(neighbours, len(rows) - 1)
        if k > 0:
            near[rows, :k] = rows[NearestNeighbors(n_neighbors=k).fit(scaled[rows]).kneighbors()[1]]
    return near


def _codes(y: np.ndarray) -> np.ndarray:
    return np.unique(y, return_inverse=True)[1]


def _checked(x: np.ndarray, n_features: int | None = None) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or 0 in x.shape or (n_features is not None and x.shape[1] != n_features):
        wanted = "(n_rows, n_features)" if n_features is None else f"(n_rows, {n_features})"
        raise ShapeError(f"rows of shape {x.shape}; wanted {wanted}")
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        raise ShapeError(f"row {row} holds a value that is missing or infinite", fix="impute it first")
    return x
