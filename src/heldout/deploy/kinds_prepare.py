"""Preparation steps in a bundle: imputing, scaling, indicators, projection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from heldout.deploy.nodes import Kind, Node, Parts, features_of, must, restore_features
from heldout.kinds.registry import KINDS as KINDS_OF_DATA
from heldout.prepare.categories import CategoryIndicators, CategoryNumbers
from heldout.prepare.components import Components
from heldout.prepare.images import FlattenPixels
from heldout.prepare.pictures import MAX_SIDE, CentreCrop, ResizeImages, ToColour, ToGrey
from heldout.prepare.vectors import ToVectors

_FLOATS = ("float64", "float32")
_MAX_SIDE = 2**20
_MOST_AXES = 8
_STRATEGIES = ("mean", "median", "most_frequent")


def _write_flatten(step: FlattenPixels) -> Parts:
    return Parts({"input_shape": [int(size) for size in step.input_shape_]})


def _read_flatten(node: Node) -> FlattenPixels:
    shape = node.items("input_shape", int, 3)
    node.check(all(1 <= size <= _MAX_SIDE for size in shape), "input_shape must be 1 or more")
    step = FlattenPixels()
    step.input_shape_ = tuple(shape)
    return step


def _write_vectors(step: ToVectors) -> Parts:
    shape = [int(size) for size in step.input_shape_]
    return Parts({"data_kind": step.kind, "n_axes": len(shape), "input_shape": shape})


def _read_vectors(node: Node) -> ToVectors:
    step = ToVectors(node.choice("data_kind", tuple(KINDS_OF_DATA)))
    shape = node.items("input_shape", int, node.integer("n_axes", 1, _MOST_AXES))
    node.check(all(1 <= size <= _MAX_SIDE for size in shape), "input_shape must be 1 or more")
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
    must(step, step.strategy in _STRATEGIES, f"strategy={step.strategy!r}", fix)
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
        strategy=node.choice("strategy", _STRATEGIES),
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


def _write_minmax(step: MinMaxScaler) -> Parts:
    must(step, not step.clip, "clip=True", "leave clip=False")
    arrays = {name: np.asarray(getattr(step, f"{name}_")) for name in ("min", "scale", "data_min", "data_max")}
    low, high = step.feature_range
    params = {"low": float(low), "high": float(high), "n_samples_seen": int(step.n_samples_seen_)}
    return Parts(params | features_of(step), arrays)


def _read_minmax(node: Node) -> MinMaxScaler:
    low, high = node.number("low"), node.number("high")
    node.check(low < high, "low must be below high")
    step = MinMaxScaler((low, high))
    n_features = restore_features(step, node)
    for name in ("min", "scale", "data_min", "data_max"):
        setattr(step, f"{name}_", node.array(name, _FLOATS, (n_features,)).copy())
    node.check(bool((step.scale_ > 0).all() and (step.data_max_ >= step.data_min_).all()), "scale must be above 0")
    step.data_range_ = step.data_max_ - step.data_min_
    step.n_samples_seen_ = node.integer("n_samples_seen", 1, 2**62)
    return step


def _write_robust(step: RobustScaler) -> Parts:
    names = {"center": step.with_centering, "scale": step.with_scaling}
    arrays = {name: np.asarray(getattr(step, f"{name}_")) for name, there in names.items() if there}
    low, high = step.quantile_range
    params = {
        "with_centering": bool(step.with_centering),
        "with_scaling": bool(step.with_scaling),
        "unit_variance": bool(step.unit_variance),
        "low": float(low),
        "high": float(high),
    }
    return Parts(params | features_of(step), arrays)


def _read_robust(node: Node) -> RobustScaler:
    low, high = node.number("low", 0, 100), node.number("high", 0, 100)
    node.check(low < high, "low must be below high")
    step = RobustScaler(
        with_centering=node.flag("with_centering"),
        with_scaling=node.flag("with_scaling"),
        unit_variance=node.flag("unit_variance"),
        quantile_range=(low, high),
    )
    n_features = restore_features(step, node)
    for name, there in (("center", step.with_centering), ("scale", step.with_scaling)):
        setattr(step, f"{name}_", node.array(name, _FLOATS, (n_features,)).copy() if there else None)
    node.check(step.scale_ is None or bool((step.scale_ > 0).all()), "scale must be above 0")
    return step


def _write_numbers(step: CategoryNumbers) -> Parts:
    return Parts({"columns": [str(name) for name in step.feature_names_in_], "categories": step.categories_})


def _read_numbers(node: Node) -> CategoryNumbers:
    columns = node.texts("columns")
    node.check(0 < len(columns) == len(set(columns)), "columns must be different, one or more")
    categories = node.items("categories", list, len(columns))
    for texts in categories:
        good = all(type(text) is str for text in texts) and len(set(texts)) == len(texts)
        node.check(good, "categories must be lists of different texts")
    step = CategoryNumbers()
    step.feature_names_in_ = np.array(columns, dtype=object)
    step.n_features_in_ = len(columns)
    step.categories_ = categories
    return step


def _write_components(step: Components) -> Parts:
    return Parts({"seed": int(step.seed), "n_features": int(step.n_features_in_)}, children={"pca": step.pca_})


def _read_components(node: Node) -> Components:
    pca = node.child("pca")
    node.check(type(pca) is PCA, "the inner estimator must be a PCA")
    step = Components(pca.n_components, whiten=pca.whiten, seed=node.integer("seed", 0, 2**32 - 1))
    step.pca_ = pca
    step.n_features_in_ = node.integer("n_features", pca.n_features_in_, pca.n_features_in_)
    return step


def _write_picture_step(step: Any) -> Parts:
    sides = {name: int(getattr(step, name)) for name in ("height", "width") if hasattr(step, name)}
    return Parts({"input_shape": [int(size) for size in step.input_shape_], **sides})


def _picture_reader(maker: Any, *, sized: bool) -> Callable[[Node], Any]:
    def read(node: Node) -> Any:
        shape = tuple(node.items("input_shape", int, 3))
        node.check(all(1 <= size <= _MAX_SIDE for size in shape), "input_shape must be 1 or more")
        step = maker(*(node.integer(name, 1, MAX_SIDE) for name in ("height", "width"))) if sized else maker()
        step.check_shape(shape)
        step.input_shape_ = shape
        return step

    return read


KINDS = (
    Kind("min-max-scaler", MinMaxScaler, _write_minmax, _read_minmax, same_alone=True),
    Kind("robust-scaler", RobustScaler, _write_robust, _read_robust, same_alone=True),
    Kind("category-numbers", CategoryNumbers, _write_numbers, _read_numbers, same_alone=True),
    Kind("components", Components, _write_components, _read_components, same_alone=False),
    Kind("centre-crop", CentreCrop, _write_picture_step, _picture_reader(CentreCrop, sized=True), same_alone=True),
    Kind("resize", ResizeImages, _write_picture_step, _picture_reader(ResizeImages, sized=True), same_alone=True),
    Kind("to-grey", ToGrey, _write_picture_step, _picture_reader(ToGrey, sized=False), same_alone=True),
    Kind("to-colour", ToColour, _write_picture_step, _picture_reader(ToColour, sized=False), same_alone=True),
    Kind("flatten-pixels", FlattenPixels, _write_flatten, _read_flatten, same_alone=True),
    Kind("to-vectors", ToVectors, _write_vectors, _read_vectors, same_alone=True),
    Kind("standard-scaler", StandardScaler, _write_scaler, _read_scaler, same_alone=True),
    Kind("simple-imputer", SimpleImputer, _write_imputer, _read_imputer, same_alone=True),
    Kind("category-indicators", CategoryIndicators, _write_categories, _read_categories, same_alone=True),
    Kind("pca", PCA, _write_pca, _read_pca, same_alone=False),
)
