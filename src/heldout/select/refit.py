"""Fit the chosen model on the whole training part, in the time that is left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.models.candidate import Candidate, task_of
from heldout.processes.cores import n_cores
from heldout.processes.pool import OutOfTimeError, Pool, Task
from heldout.processes.threads import limit_threads
from heldout.run.events import Listener, RefitStarted, epoch_ended
from heldout.select.candidates import count_parameters
from heldout.select.choice import Choice
from heldout.select.fitting import Rows, fit_final, history_of
from heldout.select.selection import Selection
from heldout.select.views import PRELOAD, as_numbers, first_step
from heldout.split.partition import split_off_test

CAUTION = 0.7
"""Part of the time left that a refit may be expected to need; beyond it, it gets fewer rows."""


@dataclass(frozen=True)
class Fitted:
    """The final model. `n_rows` is below the training part only if time was short; `note` says so then."""

    model: Any
    n_rows: int
    seconds: float
    parameters: int | None
    history: list[dict[str, Any]]
    note: str = ""


def refit(plan: Selection, choice: Choice, listen: Listener) -> Fitted:
    """Fit the choice on all training rows, or on as many as fit into the time that is left."""
    candidate = next(candidate for candidate in plan.candidates if candidate.name == choice.result.name)
    n_all = len(plan.data)
    n_rows, expected = _rows_in_time(plan, choice, candidate, n_all)
    while True:
        listen(RefitStarted(model=candidate.name, rows=n_rows, seconds_left=expected))
        rows = _sample(plan, n_rows)
        start = time.monotonic()
        try:
            deadline = time.monotonic() + plan.budget.remaining() if n_rows > _least(plan) else float("inf")
            model = _fit(plan, candidate, rows, deadline, listen)
            break
        except OutOfTimeError:
            n_rows = max(_least(plan), n_rows // 4)
    seconds = time.monotonic() - start
    parameters = count_parameters(model)
    history = [{"part": "final", **row} for row in history_of(model)]
    if not choice.result.calibrated and choice.result.scores is not None:
        from heldout.models.calibrated import SoftmaxCalibrated

        with limit_threads(1):
            model = SoftmaxCalibrated.from_out_of_fold(model, choice.result.scores, plan.y)
    note = (
        ""
        if n_rows == n_all
        else f"time was short: the final model was fitted on {n_rows:,} of {n_all:,} training rows"
    )
    return Fitted(model, n_rows, seconds, parameters, history, note)


def _least(plan: Selection) -> int:
    return min(len(plan.data), len(plan.rows))


def _rows_in_time(plan: Selection, choice: Choice, candidate: Candidate, n_all: int) -> tuple[int, float]:
    """How many rows fit into the time left, by the growth that the model's cost is known to have."""
    n_fold = float(np.mean([fold["n_train"] for fold in choice.result.folds]))
    one_fit = choice.result.fit_seconds
    expected = one_fit * (n_all / n_fold) ** candidate.growth
    allowed = CAUTION * plan.budget.remaining()
    if expected <= allowed:
        return n_all, expected
    n_rows = int(n_fold * (max(allowed, 0.0) / max(one_fit, 1e-6)) ** (1 / candidate.growth))
    return min(n_all, max(_least(plan), n_rows)), min(expected, allowed)


def _sample(plan: Selection, n_rows: int) -> np.ndarray:
    """Pick that many training rows, by class and with whole groups."""
    if n_rows >= len(plan.data):
        return np.arange(len(plan.data))
    share = n_rows / len(plan.data)
    assert plan.data.groups is not None
    return split_off_test(plan.data.y, plan.data.groups, share=share, seed=plan.settings.seed)[1]


def _fit(plan: Selection, candidate: Candidate, rows: np.ndarray, deadline: float, listen: Listener) -> Any:
    data = Rows(plan.data.kind, plan.data.x, plan.data.y)
    settings = plan.settings
    estimator = candidate.build(task_of(plan.data, n_rows=len(rows), seed=settings.seed, prepare=settings.prepare))
    if candidate.is_net:
        return _fit_net(data, estimator, rows, deadline, listen, candidate.name, plan.settings.seed)
    # One thread for matrix products, as in the folds; boosting has the same bits on any number.
    openmp = min(plan.settings.jobs or n_cores(), n_cores())
    with Pool(1, shared=(data,), openmp=openmp, preload=PRELOAD) as pool:
        return pool.run([Task(fit_final, (estimator, rows))], deadline=lambda done: deadline)[0][0]


def _fit_net(
    data: Rows, estimator: Any, rows: np.ndarray, deadline: float, listen: Listener, name: str, seed: int
) -> Any:
    """Fit a net (with the preparation in front of it, if any) in this process."""
    from sklearn.pipeline import Pipeline

    from heldout.nets.fit.folds import fit_jobs
    from heldout.nets.fit.loop import TrainingStopped

    net, x, job, y = estimator, data.x, rows, data.y
    if hasattr(estimator, "steps"):
        first = first_step(estimator)
        if first is not None:
            first.set_params(n_jobs=n_cores())
        with limit_threads(1):
            prepare = estimator[:-1].fit(data.features(rows), data.y[rows])
            x = as_numbers(prepare.transform(data.features(rows)))
        net, job, y = estimator.steps[-1][1], np.arange(len(rows)), data.y[rows]

    def tell(event: dict[str, Any]) -> None:
        listen(epoch_ended(event, name))

    try:
        fitted = fit_jobs(net, x, y, [(job, seed)], progress=tell, should_stop=lambda: time.monotonic() > deadline)[0]
    except TrainingStopped:
        raise OutOfTimeError("the time that was allowed for the final fit ran out") from None
    if hasattr(estimator, "steps"):
        return Pipeline([*prepare.steps, ("model", fitted)])
    return fitted
