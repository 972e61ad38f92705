"""What can be measured of a result, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Result = Mapping[str, Any]


def numbers_of(result: Result, measure: str) -> list[float] | None:
    """A measure as numbers: one, or one for each fold; None if the result has no such number."""
    if "values" in result:
        value = result["values"].get(measure)
        return [float(value)] if isinstance(value, int | float) else None
    if measure in OF_CURVE:
        curve = result.get("test_error_per_epoch")
        return [float(OF_CURVE[measure](curve))] if curve else None
    if isinstance(result.get(measure), int | float):
        return [float(result[measure])]
    found = [_of_part(part, measure) for part in result["parts"]]
    return None if any(value is None for value in found) else [float(value) for value in found if value is not None]


OF_CURVE: dict[str, Callable[[Sequence[float]], float]] = {
    "final_error": lambda curve: curve[-1],
    "best_error": min,
    "best_epoch": lambda curve: 1 + int(np.argmin(curve)),
}
_OF_MATRIX = ("accuracy", "balanced_accuracy", "mcc", "kappa", "f1_macro")
_OF_TWO = ("tp", "tn", "fp", "fn", "tpr", "tnr", "ppv", "npv", "fpr", "fnr", "f1", "informedness", "markedness")
THRESHOLDS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
"""Percent of probability from which a row is called class 1."""
AT_THRESHOLDS = tuple(f"{name}_at_{percent}" for name in ("tpr", "fpr", "ppv", "mcc") for percent in THRESHOLDS)
MEASURES = (
    *_OF_MATRIX,
    *_OF_TWO,
    *OF_CURVE,
    "error",
    "auc",
    "fit_seconds",
    "predict_seconds",
    "final_loss",
    "parameters",
    "confusion",
    "test_error_per_epoch",
    "loss_per_epoch",
    *AT_THRESHOLDS,
)
"""What can be measured of models and nets; procedures name their own values."""
CURVES = (*OF_CURVE, "test_error_per_epoch")
"""What needs the test error after each epoch."""


def _of_part(part: Mapping[str, Any], measure: str) -> float | None:
    from heldout.evaluate import margins

    matrix = np.array(part["confusion"])
    if measure == "error":
        return 1.0 - float(np.trace(matrix) / matrix.sum())
    if measure in _OF_MATRIX:
        return float(getattr(margins, measure)(margins.margins_of(matrix)))
    if measure in _OF_TWO:
        return float(margins.rates(margins.margins_of(matrix))[measure][1]) if len(matrix) == 2 else None
    if measure in AT_THRESHOLDS:
        name, _, percent = measure.partition("_at_")
        counts = part.get("at", {}).get(percent)
        value = None if counts is None else float(margins.rates(margins.margins_of(np.array(counts)))[name][1])
        return value
    value = part.get(measure)
    return float(value) if isinstance(value, int | float) else None
