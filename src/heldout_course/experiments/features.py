"""Rows of a job as numbers: as they are, scaled, standardized or reduced; fitted on the training rows only."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import DataError
from heldout_course.experiments.data import FITTED_SCALES, FIXED_SCALES, DataSpec
from heldout_course.experiments.rows import Rows

TINY = 1e-8


def values_of(rows: Rows, spec: DataSpec, wanted: np.ndarray, dtype: Any) -> Any:
    """Rows as numbers before anything is fitted: vectors or images of `dtype` (tables that need it: a DataFrame)."""
    data = rows.data
    if data.kind == "table":
        part = data.x.iloc[wanted]
        plain = all(kind.kind in "fiu" for kind in data.x.dtypes) and not part.isna().to_numpy().any()
        if not plain:
            return part.reset_index(drop=True)
        x = part.to_numpy(dtype)
    elif data.kind == "sounds":
        from heldout.prepare.sounds import SoundSummary

        x = np.asarray(SoundSummary(data.input["rate"]).fit_transform(data.x[wanted]), dtype)
    else:
        x = np.asarray(data.x[wanted]).astype(dtype)
        if spec.scramble:
            from heldout.data.variants import scramble_pixels

            x = scramble_pixels(x)
        x = x if spec.as_ == "images" else x.reshape(len(x), -1)
    factor = FIXED_SCALES.get(spec.scale, 1.0)
    if factor != 1.0:
        x *= factor
    return x


def fit_scaling(rows: Rows, spec: DataSpec, train: Any, test: Any) -> tuple[np.ndarray, np.ndarray]:
    """Encode, standardize and reduce, fitted on the training rows (``standardize-all``: on all, as the course did)."""
    if not isinstance(train, np.ndarray):
        from heldout.prepare.tables import table_preparation

        made = table_preparation(train, scale=False).fit(train)
        train, test = (np.asarray(made.transform(part), float) for part in (train, test))
    if spec.scale in FITTED_SCALES:
        basis = train
        if spec.scale == "standardize-all":
            everything = values_of(rows, spec, rows.used, train.dtype)
            basis = everything if isinstance(everything, np.ndarray) else np.concatenate([train, test])
        train, test = standardized(train, test, spec.scale, basis)
    if spec.pca is not None:
        from sklearn.decomposition import PCA

        if spec.pca > min(train.shape):
            raise DataError(
                f"pca is {spec.pca}, with {train.shape[1]} columns and {len(train)} rows",
                fix=f"at most {min(train.shape)}",
            )
        made = PCA(spec.pca, svd_solver="covariance_eigh").fit(train)
        train, test = made.transform(train), made.transform(test)
    return train, test


def standardized(train: np.ndarray, test: np.ndarray, scale: str, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two parts less the mean and over the standard deviation of a basis, in place; constant columns are only moved.

    ``standardize-epsilon`` adds 1e-8 to every deviation instead, as the course publishes it.
    """
    mean, std = basis.mean(axis=0), basis.std(axis=0)
    std = std + TINY if scale == "standardize-epsilon" else np.where(std == 0, 1.0, std)
    for part in {id(part): part for part in (train, test)}.values():
        part -= mean
        part /= std
    return train, test
