"""From results of jobs to the numbers that a recipe measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout_course.experiments.data import EACH
from heldout_course.experiments.expand import Plan, Variant
from heldout_course.experiments.measures import SHOWN_CURVES, numbers_of
from heldout_course.experiments.results import Result
from heldout_course.experiments.store import Finished


@dataclass(frozen=True)
class Series:
    """A measure of a variant over its repeats (and folds).

    Attributes
    ----------
    values : float64 array, shape (n,)
        One a repeat; over folds, one a repeat and fold.
    n_train, n_test : float
        Rows of each fold, for the correction of the standard error; 0 without folds.
    same : bool
        Whether nothing is random, so that repeats were not made.
    """

    values: np.ndarray
    n_train: float = 0.0
    n_test: float = 0.0
    same: bool = False

    @property
    def mean(self) -> float:
        """Mean over repeats and folds."""
        return float(self.values.mean())

    @property
    def se(self) -> float | None:
        """Standard error, corrected for the training rows that folds share; None for one value."""
        from heldout.evaluate.standard_errors import mean_and_se

        if self.same and not self.n_train:
            return None
        return mean_and_se(self.values, self.n_train, self.n_test)[1]


@dataclass(frozen=True)
class Found:
    """What there is of a plan's results."""

    plan: Plan
    results: Mapping[str, Finished]

    def complete(self, variant: Variant) -> bool:
        """Whether all jobs of a variant are finished."""
        return all(job.id in self.results for job in variant.jobs)

    @property
    def n_finished(self) -> int:
        """Finished jobs of the plan."""
        return sum(job.id in self.results for job in self.plan.jobs)

    def of(self, variant: Variant) -> list[Result]:
        """Results of a variant's jobs, each once."""
        ids = dict.fromkeys(job.id for job in variant.jobs)
        return [Result.read(self.results[one].result) for one in ids if one in self.results]

    def series(self, variant: Variant, measure: str) -> Series | None:
        """A measure of a variant, or None if it is not finished or has no such number."""
        results = self.of(variant)
        if not results or not self.complete(variant):
            return None
        same = variant.jobs[0].seed == 0
        by_part = [numbers_of(result, measure) for result in results]
        if any(numbers is None for numbers in by_part):
            return None
        values = np.array([number for numbers in by_part for number in numbers or ()], float)
        if not values.size or not np.isfinite(values).all():
            return None
        parts = results[0].parts
        cut_anew = variant.jobs[0].data.shuffle == EACH
        if parts and (len(parts) > 1 or (cut_anew and len(values) > 1)):
            n_train, n_test = (float(np.mean([getattr(part, key) for part in parts])) for key in ("n_train", "n_test"))
            return Series(values, n_train, n_test, same)
        return Series(values, same=same)

    def shown(self, variant: Variant, measure: str) -> Any:
        """A value that is no number (a matrix, a curve, words), of the first repeat; None if there is none."""
        results = self.of(variant)
        if not results:
            return None
        first = results[0]
        if first.values is not None:
            return first.values.get(measure)
        if measure == "confusion" and len(first.parts) == 1:
            return first.parts[0].confusion
        if measure in SHOWN_CURVES and getattr(first, measure) is not None:
            curves = [getattr(result, measure) for result in results]
            length = min(map(len, curves))
            return np.mean([curve[:length] for curve in curves], axis=0).tolist()
        return None

    def right(self, variant: Variant) -> np.ndarray | None:
        """Which test rows the only run of a variant got right; None if there are several runs or parts."""
        results = self.of(variant)
        if len(results) != 1 or len(results[0].parts) != 1:
            return None
        return results[0].parts[0].right_rows
