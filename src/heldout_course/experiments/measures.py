"""What can be measured of a result, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from heldout.evaluate.margins import margins_of, rates
from heldout.evaluate.metric_table import FROM_MARGINS, OF_CLASSES
from heldout_course.experiments.results import Part, Result

OF_CURVE: dict[str, Callable[[Sequence[float]], float]] = {
    "final_error": lambda curve: curve[-1],
    "best_error": min,
    "best_epoch": lambda curve: 1 + int(np.argmin(curve)),
}
THRESHOLDS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
"""Percent of probability from which a row is called class 1."""
AT_THRESHOLDS = tuple(f"{name}_at_{percent}" for name in ("tpr", "fpr", "ppv", "mcc") for percent in THRESHOLDS)
TIMES = ("fit_seconds", "predict_seconds")
"""Measures that differ from run to run, and from machine to machine, even where nothing is random."""
OF_RESULT = ("parameters", "final_loss")
SHOWN_CURVES = ("test_error_per_epoch", "loss_per_epoch")
MEASURES = (
    *FROM_MARGINS,
    *OF_CLASSES,
    *OF_CURVE,
    "error",
    "auc",
    *TIMES,
    *OF_RESULT,
    "confusion",
    *SHOWN_CURVES,
    *AT_THRESHOLDS,
)
"""What can be measured of models and nets; procedures name their own values."""
CURVES = (*OF_CURVE, "test_error_per_epoch")
"""What needs the test error after each epoch."""


def numbers_of(result: Result, measure: str) -> list[float] | None:
    """A measure as numbers: one, or one for each fold; None if the result has no such number."""
    if result.values is not None:
        value = result.values.get(measure)
        return [float(value)] if isinstance(value, int | float) else None
    if measure in OF_CURVE:
        curve = result.test_error_per_epoch
        return [float(OF_CURVE[measure](curve))] if curve else None
    if measure in OF_RESULT:
        value = getattr(result, measure)
        return None if value is None else [float(value)]
    found = [_of_part(part, measure) for part in result.parts]
    return None if any(value is None for value in found) else [float(value) for value in found if value is not None]


def _of_part(part: Part, measure: str) -> float | None:
    counts = margins_of(np.array(part.confusion))
    if measure == "error":
        return 1.0 - float(FROM_MARGINS["accuracy"](counts))
    if measure in FROM_MARGINS:
        return float(FROM_MARGINS[measure](counts))
    if measure in OF_CLASSES:
        return float(rates(counts)[measure][1]) if len(part.confusion) == 2 else None
    if measure in AT_THRESHOLDS:
        name, _, percent = measure.partition("_at_")
        matrix = (part.at or {}).get(percent)
        return None if matrix is None else float(rates(margins_of(np.array(matrix)))[name][1])
    return getattr(part, measure) if measure in ("auc", *TIMES) else None
