"""Climb the ladder: cross-validate every model on the training part, simplest first.

The ladder sees training rows only. On more than `rows` of them it climbs on a subsample (by class, groups whole), a
rule of the data and not of the clock, so that a time limit changes which rungs finish and nothing else.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import HeldoutError, MissingExtraError, TrainingError, require
from heldout.evaluate.confusion import confusion, mcc
from heldout.evaluate.intervals import mcc_standard_error, mean_and_se
from heldout.job.budget import Budget
from heldout.job.fitting import FoldResult, Rows, fit_fold, fit_net_folds
from heldout.job.rungs import NotPreparedError, ladder
from heldout.job.settings import TrainSettings
from heldout.job.splitting import cross_validation, score_together
from heldout.job.views import Views
from heldout.job.workers import OutOfTimeError, n_cores
from heldout.models.zoo import Rung, task_of
from heldout.split.partition import Fold, split_off_test

Listener = Callable[[dict[str, Any]], None]
LEAST_COST = 0.2
"""Seconds that any rung may be expected to take: sending tasks and answers."""


@dataclass
class RungResult:
    """What cross-validation found out about one model.

    `folds` holds one dict per fold and repeat: repeat, fold, mcc, accuracy, fit_seconds, predict_seconds, n_train,
    n_validation. `predicted` and `scores` are those of the first repeat, for every row of the ladder, each made by a
    model that did not see the row.
    """

    name: str
    title: str
    status: str = "waiting"  # waiting, running, finished, skipped, failed
    why: str = ""
    folds: list[dict[str, Any]] = field(default_factory=list)
    predicted: np.ndarray | None = None
    scores: np.ndarray | None = None
    calibrated: bool = False
    parameters: int | None = None
    n_groups: int = 0
    least_error: float = 0.0
    seconds: float = 0.0
    setting: dict[str, Any] = field(default_factory=dict)  # chosen by a search, if there was one
    history: list[dict[str, Any]] = field(default_factory=list)

    def summary(self, metric: str) -> tuple[float, float | None]:
        """Mean and standard error of a score over folds and repeats (Nadeau & Bengio 2003).

        Stratified folds hardly differ for a model that ignores the rows, so the error of an accuracy is never put
        below the binomial one of as many independent rows as there are groups (with one right and one wrong row
        added, Agresti & Coull 1998, so that a perfect score keeps an error). `least_error` does the same for MCC.
        """
        sizes = [np.mean([fold[key] for fold in self.folds]) for key in ("n_train", "n_validation")]
        mean, se = mean_and_se([fold[metric] for fold in self.folds], float(sizes[0]), float(sizes[1]))
        if metric == "mcc" and se is not None:
            se = max(se, self.least_error)
        if metric == "accuracy" and se is not None and self.n_groups:
            share = (mean * self.n_groups + 1) / (self.n_groups + 2)
            se = max(se, math.sqrt(share * (1 - share) / (self.n_groups + 2)))
        return mean, se

    @property
    def fit_seconds(self) -> float:
        """Mean seconds of one fit."""
        return float(np.mean([fold["fit_seconds"] for fold in self.folds]))

    @property
    def predict_seconds_per_1000(self) -> float:
        """Seconds to predict a thousand rows."""
        rows = sum(fold["n_validation"] for fold in self.folds)
        return 1000 * sum(fold["predict_seconds"] for fold in self.folds) / rows


@dataclass
class Climb:
    """A climb in progress: rungs, their results so far, and the rows it climbs on."""

    data: Dataset
    settings: TrainSettings
    rows: np.ndarray
    folds: list[Fold]
    rungs: list[Rung]
    results: list[RungResult]
    budget: Budget

    @property
    def y(self) -> np.ndarray:
        """Labels of the ladder's rows."""
        return self.data.y[self.rows]

    @property
    def n_folds(self) -> int:
        """Folds of one repeat."""
        return sum(repeat == 0 for repeat, *_ in self.folds)


def plan_climb(data: Dataset, settings: TrainSettings, *, started: float) -> Climb:
    """Choose rows, folds and rungs, and estimate what they cost. ``started``: `time.monotonic` of the command."""
    groups = data.groups
    assert groups is not None, "the job joins declared and detected groups before the split"
    rows = np.arange(len(data))
    if len(data) > settings.rows:
        share = settings.rows / len(data)
        least = settings.folds if isinstance(settings.folds, int) else 1  # a rare class keeps a row for each fold
        rows = split_off_test(data.y, groups, share=share, seed=settings.seed, names=data.classes, least=least)[1]
    parts = cross_validation(data, rows, settings)
    rungs = ladder(data.kind, settings.models)
    n_fit = int(np.mean([len(train) for _, _, train, _ in parts]))
    task = task_of(data, n_rows=n_fit, seed=settings.seed, prepare=settings.prepare)
    workers = min(settings.jobs or n_cores(), len(parts))
    costs = [LEAST_COST + rung.cost(n_fit, task.n_features, data.n_classes) * len(parts) / workers for rung in rungs]
    refit = max(rung.cost(len(data), task.n_features, data.n_classes) for rung in rungs[-1:])
    n_groups = len(np.unique(groups[rows]))
    results = [RungResult(rung.name, rung.title, n_groups=n_groups) for rung in rungs]
    return Climb(data, settings, rows, parts, rungs, results, Budget([*costs, refit], settings.time, started))


def climb(
    plan: Climb,
    listen: Listener,
    *,
    known: Callable[[RungResult], bool] = lambda result: False,
    save: Callable[[RungResult], None] = lambda result: None,
) -> None:
    """Fit every rung in turn; fills ``plan.results``. KeyboardInterrupt passes through, finished rungs stay.

    Parameters
    ----------
    listen : callable
        Told of every event as a dict.
    known : callable
        Fills in the result of a rung that an earlier, broken run finished, and says whether it did.
    save : callable
        Called with each finished rung.
    """
    subset = plan.data if len(plan.rows) == len(plan.data) else plan.data.take(plan.rows)
    rows = Rows(subset.kind, subset.x, subset.y)
    with Views(rows, min(plan.settings.jobs or n_cores(), len(plan.folds)), plan.settings.jobs) as views:
        for step, (rung, result) in enumerate(zip(plan.rungs, plan.results, strict=True)):
            start = time.monotonic()
            listen({"event": "rung-started", "model": rung.name})
            if known(result):
                listen({"event": "rung-resumed", "model": rung.name})
            elif not plan.budget.fits(step):
                result.status, result.why = "skipped", "not enough of --time was left"
            else:
                result.status = "running"
                _fit_rung(plan, step, rung, result, views, listen)
                if result.status == "finished":
                    save(result)
            result.seconds = result.seconds or time.monotonic() - start
            plan.budget.record(step, time.monotonic() - start)
            listen(ended(result))


def ended(result: RungResult) -> dict[str, Any]:
    """Tell how a rung ended, with its scores if it has them."""
    event: dict[str, Any] = {"event": "rung-ended", "model": result.name, "status": result.status}
    event |= {"why": result.why, "seconds": result.seconds}
    if result.status == "finished":
        for metric in ("mcc", "accuracy"):
            event[metric], event[f"{metric}_se"] = result.summary(metric)
    return event


def _fit_rung(plan: Climb, step: int, rung: Rung, result: RungResult, views: Views, listen: Listener) -> None:
    """Fit the folds of one rung, within its time; failures are marked and do not end the climb."""
    deadline = time.monotonic() + plan.budget.allowance(step)
    n_fit = int(np.mean([len(train) for _, _, train, _ in plan.folds]))

    def tell(done: int, seconds_left: float | None = None) -> None:
        left = plan.budget.estimate(step, done / len(plan.folds)) if seconds_left is None else seconds_left
        listen(
            {
                "event": "fold-ended",
                "model": rung.name,
                "done": done,
                "of": len(plan.folds),
                "seconds_left": left,
            }
        )

    try:
        if rung.is_net:
            require("torch", extra="nets", needed_by=rung.title)
        task = task_of(plan.data, n_rows=n_fit, seed=plan.settings.seed, prepare=plan.settings.prepare)
        rows, estimator = views.apart(rung.build(task))
        if rung.is_net:
            found = _net_folds(plan, step, rung, estimator, rows, deadline, listen)
        else:
            tasks = [(fit_fold, (estimator, train, validation)) for _, _, train, validation in plan.folds]
            counter = iter(range(1, len(tasks) + 1))
            workers = views.workers(rows)
            found = workers.run(tasks, deadline=lambda done: deadline, on_done=lambda *_: tell(next(counter)))
    except OutOfTimeError as error:
        result.status, result.why = "skipped", str(error)
    except (MissingExtraError, NotPreparedError) as error:
        result.status, result.why = "skipped", f"{error.what}; {error.fix}"
    except HeldoutError as error:
        result.status, result.why = "failed", str(error)
    else:
        fill_result(plan, result, found)


def _net_folds(
    plan: Climb, step: int, rung: Rung, estimator: Any, rows: Rows, deadline: float, listen: Listener
) -> list[FoldResult]:
    """Fit a net's folds as one stack, telling its epochs as progress."""
    from heldout.training.loop import TrainingStopped

    def tell(event: dict[str, Any]) -> None:
        share = event["epoch"] / max(1, event["epochs"])
        listen(
            {
                **event,
                "event": "epoch-ended",
                "model": rung.name,
                "seconds_left": plan.budget.estimate(step, share),
            }
        )

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


def seed_of(*key: int) -> int:
    """Derive a seed from numbers that name a job: independent streams, the same on every machine."""
    return int(np.random.SeedSequence(key).generate_state(1)[0])


def fill_result(plan: Climb, result: RungResult, found: list[FoldResult]) -> None:
    """Score each fold, and put the first repeat's out-of-fold predictions together."""
    y = plan.y
    for (repeat, fold, train, validation), part in zip(plan.folds, found, strict=True):
        truth = y[validation]
        result.folds.append(
            {
                "repeat": repeat,
                "fold": fold,
                "mcc": mcc(truth, part.predicted),
                "accuracy": float(np.mean(truth == part.predicted)),
                "fit_seconds": part.fit_seconds,
                "predict_seconds": part.predict_seconds,
                "n_train": len(train),
                "n_validation": len(validation),
            }
        )
        result.history += [{"part": f"repeat {repeat} fold {fold}", **row} for row in part.history]
        if repeat > 0:
            continue
        if result.predicted is None:
            result.predicted = np.empty(len(y), dtype=np.int64)
            if part.scores is not None:
                result.scores = np.empty((len(y), *part.scores.shape[1:]), dtype=np.float64)
        result.predicted[validation] = part.predicted
        if result.scores is not None and part.scores is not None:
            result.scores[validation] = part.scores
    score_together(result, y, plan.folds)
    if not all(np.isfinite(fold["mcc"]) for fold in result.folds):
        raise TrainingError(f"{result.title} gave scores that are not numbers")
    if result.predicted is not None and len(np.unique(result.predicted)) > 1:  # a constant answer has MCC 0, always
        result.least_error = mcc_standard_error(confusion(y, result.predicted, plan.data.n_classes), result.n_groups)
    result.calibrated = found[0].calibrated
    result.parameters = found[0].parameters
    result.status = "finished"


@dataclass(frozen=True)
class Choice:
    """The chosen rung and the reason, in words."""

    result: RungResult
    best: RungResult
    why: str


def choose(results: list[RungResult]) -> Choice:
    """Pick the simplest model whose mean MCC is within one standard error of the best (Breiman et al. 1984).

    Raises
    ------
    TrainingError
        If no rung finished.
    """
    finished = [result for result in results if result.status == "finished"]
    if not finished:
        reasons: dict[str, list[str]] = {}
        for result in results:
            reasons.setdefault(result.why or "not begun", []).append(result.name)
        said = "; ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items())
        raise TrainingError(f"no model finished ({said})", fix="allow more --time, or choose quicker --models")
    best = max(finished, key=lambda result: result.summary("mcc")[0])  # the first, so the simplest, of equals
    mean, se = best.summary("mcc")
    threshold = mean - (se or 0.0)
    chosen = next(result for result in finished if result.summary("mcc")[0] >= threshold)
    own, own_se = chosen.summary("mcc")
    if chosen is best:
        why = (
            f"{chosen.title} has the best cross-validated MCC ({own:.3f} ± {own_se or 0:.3f}), "
            "and no simpler model is within one standard error of it"
        )
    else:
        why = (
            f"{chosen.title} (MCC {own:.3f} ± {own_se or 0:.3f}) is the simplest model within one standard error "
            f"of the best, {best.title} (MCC {mean:.3f} ± {se or 0:.3f})"
        )
    left_out = [r.title for r in results if r.status in ("skipped", "failed", "waiting", "running")]
    if left_out:
        why += f"; not judged: {', '.join(left_out)}"
    return Choice(chosen, best, why)
