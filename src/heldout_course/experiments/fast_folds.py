"""Folds of models with a closed form, all repeats at once: the same answers as fold by fold, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from heldout_course.experiments import parts

SCALES = (*parts.FIXED_SCALES, "standardize", "standardize-all")


def goes_together(spec: Mapping[str, Any]) -> bool:
    """Whether jobs of this description can be computed at once, as far as the description says."""
    data, model = spec["data"], spec["model"]
    known = {"nearest-centroid": set(), "k-nn": {"k"}, "naive-bayes": {"var_smoothing"}}
    is_known = model.get("kind") in known and set(model) - {"kind"} <= known[model["kind"]]
    return bool(is_known and data["folds"] and data["pca"] is None and data["scale"] in SCALES)


def predict_together(
    model: Mapping[str, Any], data: Mapping[str, Any], rows: Sequence[parts.Rows]
) -> np.ndarray | None:
    """Predicted class of each row in its own fold, (n_jobs, n_rows), -1 for rows that are not used.

    None if the rows are no plain numbers, or a class is missing in a fold: then fold by fold is the way.
    """
    first = rows[0]
    x = parts.values_of(first, data, first.used, np.float64)
    if not isinstance(x, np.ndarray):
        return None
    if data["scale"] == "standardize-all":
        x, _ = parts.standardized(x, x, data["scale"], x)
    folds = np.full((len(rows), len(first.data)), -1, np.int16)
    for number, one in enumerate(rows):
        for fold, (_, test) in enumerate(one.pairs):
            folds[number, test] = fold
    folds = folds[:, first.used]
    y = first.y[first.used]
    if min(_least(y, part) for part in folds) < max(1, int(model.get("k", 5)) if model["kind"] == "k-nn" else 1):
        return None
    found = np.full((len(rows), len(first.data)), -1, np.int64)
    found[:, first.used] = _predict(model, x, y, folds, data["scale"] == "standardize")
    return found


def _least(y: np.ndarray, part: np.ndarray) -> int:
    """Fewest training rows of a class in any fold."""
    counts = [
        np.bincount(y[(part >= 0) & (part != fold)], minlength=y.max() + 1).min() for fold in range(part.max() + 1)
    ]
    return int(min(counts))


def _predict(model: Mapping[str, Any], x: np.ndarray, y: np.ndarray, folds: np.ndarray, inside: bool) -> np.ndarray:
    from heldout_course.models import many_folds

    if model["kind"] == "nearest-centroid":
        return many_folds.nearest_centroid(x, y, folds, standardize=inside)
    if model["kind"] == "k-nn":
        return many_folds.nearest_neighbours(x, y, folds, k=int(model.get("k", 5)), standardize=inside)
    smoothing = float(model.get("var_smoothing", 1e-9))
    return many_folds.naive_bayes(x, y, folds, standardize=inside, smoothing=smoothing)
