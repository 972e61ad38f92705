"""Cross-validate every candidate on the training part, simplest first.

Only training rows are used. Of more than `rows` of them a subsample is taken (by class, groups whole), which is a
rule of the data and not of the clock, so that a time limit changes which candidates finish and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from heldout.errors import HeldoutError, MissingExtraError, require
from heldout.models.candidate import Candidate, task_of
from heldout.processes.cores import n_cores
from heldout.processes.pool import OutOfTimeError, Task
from heldout.run.events import CandidateEnded, CandidateResumed, CandidateStarted, FoldEnded, Listener, epoch_ended
from heldout.select.fitting import FoldResult, Rows, fit_fold, fit_net_folds
from heldout.select.net_candidates import NotPreparedError
from heldout.select.results import CandidateResult, fill_result
from heldout.select.selection import Selection, seed_of
from heldout.select.views import Views


def cross_validate(
    plan: Selection,
    listen: Listener,
    *,
    known: Callable[[CandidateResult], bool] = lambda result: False,
    save: Callable[[CandidateResult], None] = lambda result: None,
) -> None:
    """Fit every candidate in turn; fills ``plan.results``. KeyboardInterrupt passes through, finished candidates stay.

    Parameters
    ----------
    listen : callable
        Gets every event.
    known : callable
        Fills in the result of a candidate that an earlier, broken run finished, and says whether it did.
    save : callable
        Called with each finished candidate.
    """
    subset = plan.data if len(plan.rows) == len(plan.data) else plan.data.take(plan.rows)
    rows = Rows(subset.kind, subset.x, subset.y)
    with Views(rows, min(plan.settings.jobs or n_cores(), len(plan.folds)), plan.settings.jobs) as views:
        for step, (candidate, result) in enumerate(zip(plan.candidates, plan.results, strict=True)):
            start = time.monotonic()
            listen(CandidateStarted(model=candidate.name))
            if known(result):
                listen(CandidateResumed(model=candidate.name))
            elif not plan.budget.fits(step):
                result.status, result.why = "skipped", "not enough of --time was left"
            else:
                result.status = "running"
                _fit_candidate(plan, step, candidate, result, views, listen)
                if result.status == "finished":
                    save(result)
            result.seconds = result.seconds or time.monotonic() - start
            plan.budget.record(step, time.monotonic() - start)
            listen(ended(result))


def ended(result: CandidateResult) -> CandidateEnded:
    """How a candidate ended, with its scores if it has them."""
    scores = {metric: result.summary(metric) for metric in ("mcc", "accuracy")} if result.status == "finished" else {}
    return CandidateEnded(
        model=result.name, status=result.status, why=result.why, seconds=result.seconds, scores=scores
    )


def _fit_candidate(
    plan: Selection, step: int, candidate: Candidate, result: CandidateResult, views: Views, listen: Listener
) -> None:
    """Fit the folds of one candidate, within its time; failures are marked and do not end cross-validation."""
    deadline = time.monotonic() + plan.budget.allowance(step)
    n_fit = int(np.mean([len(train) for _, _, train, _ in plan.folds]))

    def tell(done: int, seconds_left: float | None = None) -> None:
        left = plan.budget.estimate(step, done / len(plan.folds)) if seconds_left is None else seconds_left
        listen(FoldEnded(model=candidate.name, done=done, of=len(plan.folds), seconds_left=left))

    try:
        if candidate.is_net:
            require("torch", extra="nets", needed_by=candidate.title)
        task = task_of(plan.data, n_rows=n_fit, seed=plan.settings.seed, prepare=plan.settings.prepare)
        rows, estimator = views.apart(candidate.build(task))
        if candidate.is_net:
            found = _net_folds(plan, step, candidate, estimator, rows, deadline, listen)
        else:
            tasks = [
                Task(fit_fold, (estimator, train, validation), f"repeat {repeat}, fold {fold}")
                for repeat, fold, train, validation in plan.folds
            ]
            counter = iter(range(1, len(tasks) + 1))
            pool = views.pool(rows)
            found = pool.run(tasks, deadline=lambda done: deadline, on_done=lambda *_: tell(next(counter)))
    except OutOfTimeError as error:
        result.status, result.why = "skipped", str(error)
    except (MissingExtraError, NotPreparedError) as error:
        result.status, result.why = "skipped", f"{error.what}; {error.fix}"
    except HeldoutError as error:
        result.status, result.why = "failed", str(error)
    else:
        fill_result(result, found, plan.y, plan.folds, n_classes=plan.data.n_classes)


def _net_folds(
    plan: Selection, step: int, candidate: Candidate, estimator: Any, rows: Rows, deadline: float, listen: Listener
) -> list[FoldResult]:
    """Fit a net's folds as one stack, telling its epochs as progress."""
    from heldout.nets.fit.loop import TrainingStopped

    def tell(event: dict[str, Any]) -> None:
        share = event["epoch"] / max(1, event["epochs"])
        listen(epoch_ended(event, candidate.name, plan.budget.estimate(step, share)))

    try:
        return fit_net_folds(
            rows,
            estimator,
            [(train, validation) for _, _, train, validation in plan.folds],
            [seed_of(plan.settings.seed, repeat, fold) for repeat, fold, _, _ in plan.folds],
            progress=tell,
            should_stop=lambda: time.monotonic() > deadline,
        )
    except TrainingStopped:
        raise OutOfTimeError("the time that was allowed for it ran out") from None
