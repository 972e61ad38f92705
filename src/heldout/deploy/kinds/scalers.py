"""Scalers in a bundle: every feature minus one number, times or divided by another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, features_of, must
from heldout.deploy.rows import Features


@dataclass(frozen=True)
class Scaler:
    """``(x - shift) / scale``; None: no such step. Rows keep their precision, missing values stay.

    `rounds_first`: whether shift and scale are rounded to the precision of the rows before they are used.
    """

    features: Features
    shift: np.ndarray | None
    scale: np.ndarray | None
    rounds_first: bool

    def transform(self, x: Any) -> np.ndarray:
        """Scaled rows."""
        rows = self.features.rows(x, keep_single=True, missing=True)
        for numbers, step in ((self.shift, np.subtract), (self.scale, np.divide)):
            if numbers is not None:
                used = numbers.astype(rows.dtype) if self.rounds_first else numbers
                rows = step(rows, used).astype(rows.dtype, copy=False)
        return rows


@dataclass(frozen=True)
class MinMax:
    """``x * scale + shift``, in double precision where the numbers are; rows keep their own."""

    features: Features
    scale: np.ndarray
    shift: np.ndarray

    def transform(self, x: Any) -> np.ndarray:
        """Scaled rows."""
        rows = self.features.rows(x, keep_single=True, missing=True)
        rows = (rows * self.scale).astype(rows.dtype)
        return np.asarray((rows + self.shift).astype(rows.dtype))


def _write_standard(step: Any) -> Parts:
    arrays = {
        name: np.asarray(getattr(step, f"{name}_"))
        for name in ("mean", "scale", "var")
        if getattr(step, f"{name}_") is not None
    }
    arrays["n_samples_seen"] = np.atleast_1d(np.asarray(step.n_samples_seen_, dtype=np.int64))
    params = {"with_mean": bool(step.with_mean), "with_std": bool(step.with_std)}
    return Parts(params | features_of(step), arrays)


def _read_standard(node: Node) -> Scaler:
    with_mean, with_std = node.flag("with_mean"), node.flag("with_std")
    features = node.features()
    used = {"mean": with_mean, "scale": with_std, "var": with_std}
    found = {
        name: node.array(name, FLOATS, (features.n,)) for name, need in used.items() if need or node.has_array(name)
    }
    node.check(not with_std or bool((found["scale"] > 0).all()), "scale must be above 0")
    seen = node.array("n_samples_seen", "int64", (None,), low=0)
    node.check(len(seen) in (1, features.n), "n_samples_seen must be one number, or one a feature")
    return Scaler(features, found["mean"] if with_mean else None, found["scale"] if with_std else None, True)


def _write_minmax(step: Any) -> Parts:
    must(step, not step.clip, "clip=True", "leave clip=False")
    arrays = {name: np.asarray(getattr(step, f"{name}_")) for name in ("min", "scale", "data_min", "data_max")}
    low, high = step.feature_range
    params = {"low": float(low), "high": float(high), "n_samples_seen": int(step.n_samples_seen_)}
    return Parts(params | features_of(step), arrays)


def _read_minmax(node: Node) -> MinMax:
    low, high = node.number("low"), node.number("high")
    node.check(low < high, "low must be below high")
    features = node.features()
    names = ("min", "scale", "data_min", "data_max")
    found = {name: node.array(name, FLOATS, (features.n,)) for name in names}
    ordered = (found["scale"] > 0).all() and (found["data_max"] >= found["data_min"]).all()
    node.check(bool(ordered), "scale must be above 0")
    node.integer("n_samples_seen", 1, 2**62)
    return MinMax(features, found["scale"], found["min"])


def _write_robust(step: Any) -> Parts:
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


def _read_robust(node: Node) -> Scaler:
    low, high = node.number("low", 0, 100), node.number("high", 0, 100)
    node.check(low < high, "low must be below high")
    with_centering, with_scaling = node.flag("with_centering"), node.flag("with_scaling")
    node.flag("unit_variance")  # it is in the scale already
    features = node.features()
    centre = node.array("center", FLOATS, (features.n,)) if with_centering else None
    scale = node.array("scale", FLOATS, (features.n,)) if with_scaling else None
    node.check(scale is None or bool((scale > 0).all()), "scale must be above 0")
    return Scaler(features, centre, scale, False)


KINDS = (
    Kind("standard-scaler", "sklearn.preprocessing.StandardScaler", _write_standard, _read_standard),
    Kind("min-max-scaler", "sklearn.preprocessing.MinMaxScaler", _write_minmax, _read_minmax),
    Kind("robust-scaler", "sklearn.preprocessing.RobustScaler", _write_robust, _read_robust),
)
