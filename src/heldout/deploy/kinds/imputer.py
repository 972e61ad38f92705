"""Imputers in a bundle: missing values become one number a feature, and may be marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, features_of, must
from heldout.deploy.rows import Features

_STRATEGIES = ("mean", "median", "most_frequent")


@dataclass(frozen=True)
class Imputer:
    """Fills missing values; features of which training saw no value (their filling is NaN) are left out.

    Attributes
    ----------
    filling : array, shape (n_features,)
    marked : int64 array or None
        Features that get a column of 0 and 1 for "was missing", after all others.
    """

    features: Features
    filling: np.ndarray
    marked: np.ndarray | None

    def transform(self, x: Any) -> np.ndarray:
        """Rows without missing values."""
        rows = self.features.rows(x, keep_single=True, missing=True)
        missing = np.isnan(rows)
        filled = np.where(missing, self.filling.astype(rows.dtype), rows)
        kept = ~np.isnan(self.filling)
        if not kept.all():
            filled = filled[:, kept]
        return filled if self.marked is None else np.hstack([filled, missing[:, self.marked]])


def _write(step: Any) -> Parts:
    fix = "SimpleImputer(strategy='median') on float columns, missing values as NaN"
    is_nan = isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    must(step, is_nan, f"missing_values={step.missing_values!r}", fix)
    must(step, step.strategy in _STRATEGIES, f"strategy={step.strategy!r}", fix)
    statistics = np.asarray(step.statistics_)
    must(step, statistics.dtype.name in FLOATS, f"data of type {statistics.dtype}", fix)
    arrays = {"statistics": statistics}
    if step.indicator_ is not None:
        arrays["missing_in_training"] = np.asarray(step.indicator_.features_, dtype=np.int64)
    params = {
        "strategy": step.strategy,
        "keep_empty_features": bool(step.keep_empty_features),
        "fit_dtype": statistics.dtype.name,
        "fill_dtype": statistics.dtype.name,
    }
    return Parts(params | features_of(step), arrays)


def _read(node: Node) -> Imputer:
    node.choice("strategy", _STRATEGIES)
    keep_empty = node.flag("keep_empty_features")
    features = node.features()
    filling = node.array("statistics", FLOATS, (features.n,), finite=False)
    # NaN marks a feature without any value; only an imputer that drops such features has it.
    allowed = np.isfinite(filling) | (np.isnan(filling) & (not keep_empty))
    node.check(bool(allowed.all()), "statistics has values that are not finite")
    for name in ("fit_dtype", "fill_dtype"):
        node.choice(name, FLOATS)
    return Imputer(features, filling, _marked(node, features.n) if node.has_array("missing_in_training") else None)


def _marked(node: Node, n_features: int) -> np.ndarray:
    """Features that the indicator marks; there may be none."""
    array = node.all_arrays()["missing_in_training"]
    length = array.shape[0] if array.ndim == 1 else 0
    marked = node.array("missing_in_training", "int64", (length,), low=0, high=n_features - 1)
    node.check(bool((np.diff(marked) > 0).all()), "missing_in_training is not in increasing order")
    return marked


KINDS = (Kind("simple-imputer", "sklearn.impute.SimpleImputer", _write, _read),)
