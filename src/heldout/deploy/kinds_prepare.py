"""Preparation steps in a bundle: imputing, scaling, indicators, projection."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import StandardScaler

from heldout.deploy.nodes import Kind, Node, Parts, features_of, must, restore_features
from heldout.prepare.images import FlattenPixels
from heldout.prepare.tables import CategoryIndicators

_FLOATS = ("float64", "float32")
_MAX_SIDE = 2**20


def _write_flatten(step: FlattenPixels) -> Parts:
    return Parts({"input_shape": [int(size) for size in step.input_shape_]})


def _read_flatten(node: Node) -> FlattenPixels:
    shape = node.items("input_shape", int, 3)
    node.check(all(1 <= size <= _MAX_SIDE for size in shape), "input_shape must be 1 or more")
    step = FlattenPixels()
    step.input_shape_ = tuple(shape)
    return step


def _write_scaler(step: StandardScaler) -> Parts:
    arrays = {
        name: np.asarray(getattr(step, f"{name}_"))
        for name in ("mean", "scale", "var")
        if getattr(step, f"{name}_") is not None
    }
    arrays["n_samples_seen"] = np.atleast_1d(np.asarray(step.n_samples_seen_, dtype=np.int64))
    params = {"with_mean": bool(step.with_mean), "with_std": bool(step.with_std)}
    return Parts(params | features_of(step), arrays)


def _read_scaler(node: Node) -> StandardScaler:
    step = StandardScaler(with_mean=node.flag("with_mean"), with_std=node.flag("with_std"))
    n_features = restore_features(step, node)
    needed = {"mean": step.with_mean, "scale": step.with_std, "var": step.with_std}
    for name, is_needed in needed.items():
        there = is_needed or node.has_array(name)
        value = node.array(name, _FLOATS, (n_features,)).copy() if there else None
        setattr(step, f"{name}_", value)
    node.check(step.scale_ is None or bool((step.scale_ > 0).all()), "scale must be above 0")
    seen = node.array("n_samples_seen", "int64", (None,), low=0)
    node.check(len(seen) in (1, n_features), "n_samples_seen must be one number, or one a feature")
    step.n_samples_seen_ = seen[0] if len(seen) == 1 else seen.copy()
    return step


def _write_imputer(step: SimpleImputer) -> Parts:
    fix = "SimpleImputer(strategy='median') on float columns, missing values as NaN"
    is_nan = isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    must(step, is_nan, f"missing_values={step.missing_values!r}", fix)
    must(step, step.strategy in ("mean", "median"), f"strategy={step.strategy!r}", fix)
    must(step, np.dtype(step._fill_dtype).name in _FLOATS, f"data of type {step._fill_dtype}", fix)
    arrays = {"statistics": np.asarray(step.statistics_)}
    if step.indicator_ is not None:
        arrays["missing_in_training"] = np.asarray(step.indicator_.features_, dtype=np.int64)
    params = {
        "strategy": step.strategy,
        "keep_empty_features": bool(step.keep_empty_features),
        "fit_dtype": np.dtype(step._fit_dtype).name,
        "fill_dtype": np.dtype(step._fill_dtype).name,
    }
    return Parts(params | features_of(step), arrays)


def _read_imputer(node: Node) -> SimpleImputer:
    step = SimpleImputer(
        strategy=node.choice("strategy", ("mean", "median")),
        keep_empty_features=node.flag("keep_empty_features"),
        add_indicator=node.has_array("missing_in_training"),
    )
    n_features = restore_features(step, node)
    statistics = node.array("statistics", _FLOATS, (n_features,), finite=False)
    # NaN marks a column without any value; only an imputer that drops such columns has it.
    allowed = np.isfinite(statistics) | (np.isnan(statistics) & (not step.keep_empty_features))
    node.check(bool(allowed.all()), "statistics has values that are not finite")
    step.statistics_ = statistics.copy()
    step._fit_dtype = np.dtype(node.choice("fit_dtype", _FLOATS))
    step._fill_dtype = np.dtype(node.choice("fill_dtype", _FLOATS))
    step.indicator_ = _read_indicator(node, n_features) if step.add_indicator else None
    return step


def _read_indicator(node: Node, n_features: int) -> MissingIndicator:
    """The inner part of an imputer that marks where values were missing."""
    indicator = MissingIndicator(error_on_new=False)
    array = node.all_arrays()["missing_in_training"]
    length = array.shape[0] if array.ndim == 1 else 0
    features = node.array("missing_in_training", "int64", (length,), low=0, high=n_features - 1)
    node.check(bool((np.diff(features) > 0).all()), "missing_in_training is not in increasing order")
    indicator.features_ = features.copy()
    indicator._n_features = indicator.n_features_in_ = n_features
    indicator._precomputed = True
    return indicator


def _write_categories(step: CategoryIndicators) -> Parts:
    names = ("columns", "categories", "has_missing", "has_other")
    params: dict[str, Any] = {name: getattr(step, f"{name}_") for name in names}
    return Parts({**params, "max_categories": int(step.max_categories)})


def _read_categories(node: Node) -> CategoryIndicators:
    step = CategoryIndicators(max_categories=node.integer("max_categories", 1, 10**9))
    step.columns_ = node.texts("columns")
    n_columns = step.n_features_in_ = len(step.columns_)
    node.check(n_columns > 0, "columns must not be empty")
    step.categories_ = node.items("categories", list, n_columns)
    for texts in step.categories_:
        good = all(type(text) is str for text in texts) and texts == sorted(set(texts))
        node.check(good, "categories must be lists of different texts in order")
    step.has_missing_ = node.items("has_missing", bool, n_columns)
    step.has_other_ = node.items("has_other", bool, n_columns)
    return step


def _write_pca(step: PCA) -> Parts:
    names = ("components", "mean", "explained_variance", "explained_variance_ratio", "singular_values")
    arrays = {name: np.asarray(getattr(step, f"{name}_")) for name in names}
    params = {
        "whiten": bool(step.whiten),
        "noise_variance": float(step.noise_variance_),
        "n_samples": int(step.n_samples_),
    }
    return Parts(params | features_of(step), arrays)


def _read_pca(node: Node) -> PCA:
    step = PCA(whiten=node.flag("whiten"))
    n_features = restore_features(step, node)
    step.components_ = node.array("components", _FLOATS, (None, n_features))
    n_components = step.n_components_ = step.n_components = step.components_.shape[0]
    step.mean_ = node.array("mean", _FLOATS, (n_features,))
    for name in ("explained_variance", "explained_variance_ratio", "singular_values"):
        setattr(step, f"{name}_", node.array(name, _FLOATS, (n_components,), low=0))
    step.noise_variance_ = node.number("noise_variance", 0)
    step.n_samples_ = node.integer("n_samples", 1, 2**62)
    return step


KINDS = (
    Kind("flatten-pixels", FlattenPixels, _write_flatten, _read_flatten, same_alone=True),
    Kind("standard-scaler", StandardScaler, _write_scaler, _read_scaler, same_alone=True),
    Kind("simple-imputer", SimpleImputer, _write_imputer, _read_imputer, same_alone=True),
    Kind("category-indicators", CategoryIndicators, _write_categories, _read_categories, same_alone=True),
    Kind("pca", PCA, _write_pca, _read_pca, same_alone=False),
)
