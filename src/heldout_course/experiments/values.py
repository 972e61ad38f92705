"""From results of jobs to the numbers that a recipe measures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout_course.experiments.expand import Plan, Variant
from heldout_course.experiments.measures import Result, numbers_of
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

    def raw(self, variant: Variant) -> list[Result]:
        """Results of a variant's jobs, each once."""
        ids = dict.fromkeys(job.id for job in variant.jobs)
        return [self.results[one].result for one in ids if one in self.results]

    def series(self, variant: Variant, measure: str) -> Series | None:
        """A measure of a variant, or None if it is not finished or has no such number."""
        raw = self.raw(variant)
        if not raw or not self.complete(variant):
            return None
        same = variant.jobs[0].seed == 0
        by_part = [numbers_of(result, measure) for result in raw]
        if any(numbers is None for numbers in by_part):
            return None
        values = np.array([number for numbers in by_part for number in numbers or ()], float)
        if not values.size or not np.isfinite(values).all():
            return None
        parts = raw[0].get("parts", [])
        cut_anew = variant.jobs[0].spec["data"].get("shuffle") == "each"
        if parts and (len(parts) > 1 or (cut_anew and len(values) > 1)):
            n_train, n_test = (float(np.mean([part[key] for part in parts])) for key in ("n_train", "n_test"))
            return Series(values, n_train, n_test, same)
        return Series(values, same=same)

    def shown(self, variant: Variant, measure: str) -> Any:
        """A value that is no number (a matrix, a curve, words), of the first repeat; None if there is none."""
        raw = self.raw(variant)
        if not raw:
            return None
        if "values" in raw[0]:
            return raw[0]["values"].get(measure)
        if measure == "confusion" and len(raw[0]["parts"]) == 1:
            return raw[0]["parts"][0]["confusion"]
        if measure in raw[0] and isinstance(raw[0][measure], list):
            curves = [result[measure] for result in raw]
            length = min(map(len, curves))
            return np.mean([curve[:length] for curve in curves], axis=0).tolist()
        return None

    def right(self, variant: Variant) -> np.ndarray | None:
        """Which test rows the only run of a variant got right; None if there are several runs or parts."""
        raw = self.raw(variant)
        if len(raw) != 1 or len(raw[0].get("parts", [])) != 1:
            return None
        part = raw[0]["parts"][0]
        bits = np.unpackbits(np.frombuffer(base64.b64decode(part["right"]), np.uint8))
        return np.asarray(bits[: part["n_test"]], bool)
