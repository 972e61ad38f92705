"""Thresholds: where each lies on the ROC curve, and what scores come with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.evaluate.figures import STYLES, new_figure
from heldout_course.drawings.registry import Shown, drawing
from heldout_course.experiments.measures import THRESHOLDS


def _at(one: Shown, measure: str) -> np.ndarray:
    return np.array([one[f"{measure}_at_{percent}"] for percent in THRESHOLDS], dtype=float)


@drawing("roc-by-threshold", "the true-positive rate by the false-positive rate at nine thresholds, above the diagonal")
def roc_by_threshold(results: Sequence[Shown]) -> Any:
    """Nine points of the ROC curve, every second with its threshold, the diagonal, and the corner of perfection."""
    one = results[0]
    figure, axes = new_figure("false-positive rate", "true-positive rate", "")
    fpr, tpr = _at(one, "fpr"), _at(one, "tpr")
    axes.plot([1, *fpr, 0], [1, *tpr, 0], **STYLES[0], markersize=4)
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=0.8)
    axes.plot([0], [1], color=STYLES[1]["color"], marker="*", markersize=10, linestyle="none")
    axes.annotate("perfection", (0, 1), xytext=(10, -3), textcoords="offset points", fontsize=8, clip_on=False)
    for percent, x, y in list(zip(THRESHOLDS, fpr, tpr, strict=True))[::2]:  # all nine would overlap
        axes.annotate(f"{percent / 100:.1f}", (x, y), xytext=(4, -10), textcoords="offset points", fontsize=8)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.06))
    return figure


@drawing("scores-by-threshold", "MCC, with its peak, and the rising precision by the threshold from 0.1 to 0.9")
def scores_by_threshold(results: Sequence[Shown]) -> Any:
    """MCC and precision by threshold."""
    figure, axes = new_figure("threshold", "score", "")
    for number, (measure, name) in enumerate((("mcc", "MCC"), ("ppv", "precision (PPV)"))):
        axes.plot(np.array(THRESHOLDS) / 100, _at(results[0], measure), **STYLES[number], markersize=4, label=name)
    axes.legend(frameon=False, fontsize=8)
    return figure
