"""The choice among settings: the simplest within one standard error of the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from heldout.errors import SettingError, TrainingError
from heldout.evaluate.standard_errors import mean_and_se
from heldout.models.spaces import Space, complexity
from heldout.select.search.points import Point

RULES = ("one-se", "best")


@dataclass(frozen=True)
class Chosen:
    """The point that was chosen, the best one, and the least score that counted as equally good."""

    point: Point
    best: Point
    least: float


def choose_point(
    points: Sequence[Point], space: Space, *, n_train: float, n_validation: float, rule: str = "one-se"
) -> Chosen:
    """Pick the simplest setting whose mean score is within one standard error of the best mean.

    Simplest is the smallest `heldout.models.spaces.complexity`; of equally simple settings the better one wins, then
    the one tried first. The standard error is that of the best setting's mean over the inner folds, corrected for the
    rows that folds share (`mean_and_se`).

    Raises
    ------
    TrainingError
        If no point has a finite score; the first reason is told.
    SettingError
        If the rule is unknown.

    References
    ----------
    Breiman et al. 1984, "Classification and regression trees", section 3.4.3
    """
    if rule not in RULES:
        raise SettingError(f"there is no rule {rule!r}", where="rule", fix="'one-se' or 'best'")
    good = [point for point in points if math.isfinite(point.mean)]
    if not good:
        why = next((point.note for point in points if point.note), "every score was NaN or infinite")
        first = dict(points[0].setting) if points else {}
        raise TrainingError(
            f"none of the {len(points)} settings that were tried has a finite score: {why}",
            where=f"the search, first setting {first}",
            fix="check the ranges, and that the model can be fitted at all without a search",
        )
    best = max(good, key=lambda point: point.mean)  # the first of equals
    se = mean_and_se(best.scores, n_train, n_validation)[1] if len(best.scores) > 1 else 0.0
    least = best.mean - (se or 0.0)
    if rule == "best":
        return Chosen(best, best, best.mean)
    near = [point for point in good if point.mean >= least]
    chosen = min(near, key=lambda point: (round(complexity(space, point.setting), 9), -point.mean, point.number))
    return Chosen(chosen, best, least)
