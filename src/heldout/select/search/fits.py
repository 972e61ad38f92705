"""Fit many settings on many parts of the training rows: in worker processes, or as one stack if the model is a net."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.errors import HeldoutError, TrainingError
from heldout.processes.pool import OutOfTimeError, Task
from heldout.select.fitting import FoldResult, Rows, fit_fold, fit_net_folds
from heldout.select.search.points import target_of, with_setting
from heldout.select.views import Views

Part = tuple[np.ndarray, np.ndarray]
"""Training rows and validation rows, as positions."""


@dataclass(frozen=True)
class Fit:
    """One fit that is asked for."""

    setting: Mapping[str, Any]
    part: Part
    seed: int = 0


@dataclass(frozen=True)
class Attempt:
    """What came of a fit: the result, or the reason why there is none."""

    result: FoldResult | None
    why: str = ""


def attempt_fold(data: Rows, estimator: Any, train: np.ndarray, validation: np.ndarray) -> Attempt:
    """Fit a fold in a worker; a setting that the model refuses or cannot be fitted with is told, not raised."""
    try:
        return Attempt(fit_fold(data, estimator, train, validation))
    except (ValueError, ArithmeticError, HeldoutError) as error:
        lines = str(error).strip().splitlines()
        return Attempt(None, f"{type(error).__name__}: {lines[0] if lines else ''}")


class Fitter:
    """Fits of one model with settings that differ, on rows that workers hold.

    Parameters
    ----------
    estimator : scikit-learn estimator
        Not changed.
    views : Views
        Of the training rows.
    """

    def __init__(self, estimator: Any, views: Views) -> None:
        self.estimator = estimator
        self._views = views
        self.is_net = type(target_of(estimator)).__name__ == "NetClassifier"

    def run(
        self,
        fits: Sequence[Fit],
        *,
        deadline: float = float("inf"),
        on_done: Callable[[int, Attempt], None] = lambda number, attempt: None,
    ) -> list[Attempt]:
        """Run every fit; attempts in the order of the fits.

        Parameters
        ----------
        fits : sequence of Fit
        deadline : float
            Moment (`time.monotonic`) by which all must be done.
        on_done : callable
            Called with (position, attempt) as each ends.

        Raises
        ------
        OutOfTimeError
            At the deadline.
        """
        if self.is_net:
            found = self._stack(fits, deadline)
            for number, attempt in enumerate(found):
                on_done(number, attempt)
            return found
        tasks = []
        for fit in fits:
            rows, estimator = self._views.apart(with_setting(self.estimator, fit.setting))
            tasks.append(Task(attempt_fold, (estimator, *fit.part), "a setting"))
        return self._views.pool(rows).run(tasks, deadline=lambda done: deadline, on_done=on_done)

    def _stack(self, fits: Sequence[Fit], deadline: float) -> list[Attempt]:
        """All fits as one stack; if a setting breaks it, each setting as a stack of its own."""
        try:
            return [Attempt(result) for result in self._nets(fits, deadline)]
        except OutOfTimeError:
            raise
        except TrainingError as error:
            first = error.what
        groups: dict[str, list[int]] = {}
        for number, fit in enumerate(fits):
            groups.setdefault(repr(sorted(fit.setting.items())), []).append(number)
        if len(groups) == 1:
            return [Attempt(None, first)] * len(fits)
        found: dict[int, Attempt] = {}
        for members in groups.values():
            found |= zip(members, self._stack([fits[i] for i in members], deadline), strict=True)
        return [found[number] for number in range(len(fits))]

    def _nets(self, fits: Sequence[Fit], deadline: float) -> list[FoldResult]:
        from heldout.nets.fit.loop import TrainingStopped

        rows, estimator = self._views.apart(self.estimator)
        try:
            return fit_net_folds(
                rows,
                estimator,
                [fit.part for fit in fits],
                [fit.seed for fit in fits],
                settings=[fit.setting for fit in fits],
                should_stop=lambda: time.monotonic() > deadline,
            )
        except TrainingStopped:
            raise OutOfTimeError("the time that was allowed for it ran out") from None
