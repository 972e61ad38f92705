"""Cross-validate every candidate on the training part, simplest first.

Only training rows are used. Of more than `rows` of them a subsample is taken (by class, groups whole), which is a
rule of the data and not of the clock, so that a time limit changes which candidates finish and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import HeldoutError, MissingExtraError, TrainingError, require
from heldout.evaluate.confusion import confusion, mcc
from heldout.evaluate.standard_errors import mcc_standard_error, mean_and_se, share_standard_error
from heldout.models.candidate import Candidate, task_of
from heldout.processes.cores import n_cores
from heldout.processes.workers import OutOfTimeError
from heldout.run.settings import TrainSettings
from heldout.select.budget import Budget
from heldout.select.candidates import candidates_for
from heldout.select.fitting import FoldResult, Rows, fit_fold, fit_net_folds
from heldout.select.folds import cross_validation, score_together
from heldout.select.net_candidates import NotPreparedError
from heldout.select.views import Views
from heldout.split.partition import Fold, split_off_test

Listener = Callable[[dict[str, Any]], None]
LEAST_COST = 0.2
"""Seconds that any candidate may be expected to take: sending tasks and answers."""


@dataclass
class CandidateResult:
    """What cross-validation found out about one model.

    `folds` holds one dict per fold and repeat: repeat, fold, mcc, accuracy, fit_seconds, predict_seconds, n_train,
    n_validation. `predicted` and `scores` are those of the first repeat, for every cross-validated row, each made by a
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
            se = max(se, share_standard_error(mean, self.n_groups, pseudo_rows=2))
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
class Selection:
    """Model selection in progress: candidates, their results so far, and the rows that are cross-validated."""

    data: Dataset
    settings: TrainSettings
    rows: np.ndarray
    folds: list[Fold]
    candidates: list[Candidate]
    results: list[CandidateResult]
    budget: Budget

    @property
    def y(self) -> np.ndarray:
        """Labels of the cross-validated rows."""
        return self.data.y[self.rows]

    @property
    def n_folds(self) -> int:
        """Folds of one repeat."""
        return sum(repeat == 0 for repeat, *_ in self.folds)


def plan_selection(
    data: Dataset, settings: TrainSettings, *, started: float, begun: tuple[np.ndarray, list[Fold]] | None = None
) -> Selection:
    """Choose rows, folds and candidates, and estimate what they cost.

    Parameters
    ----------
    data : Dataset
        The training part.
    settings : TrainSettings
    started : float
        `time.monotonic` of the command.
    begun : (rows, folds), optional
        Those that a run began with (`load_folds`); by default they are drawn.
    """
    groups = data.groups
    assert groups is not None, "the job joins declared and detected groups before the split"
    rows, parts = begun or _draw_folds(data, groups, settings)
    candidates = candidates_for(data.kind, settings.models)
    n_fit = int(np.mean([len(train) for _, _, train, _ in parts]))
    task = task_of(data, n_rows=n_fit, seed=settings.seed, prepare=settings.prepare)
    workers = min(settings.jobs or n_cores(), len(parts))
    costs = [
        LEAST_COST + candidate.cost(n_fit, task.n_features, data.n_classes) * len(parts) / workers
        for candidate in candidates
    ]
    refit = max(candidate.cost(len(data), task.n_features, data.n_classes) for candidate in candidates[-1:])
    n_groups = len(np.unique(groups[rows]))
    results = [CandidateResult(candidate.name, candidate.title, n_groups=n_groups) for candidate in candidates]
    return Selection(data, settings, rows, parts, candidates, results, Budget([*costs, refit], settings.time, started))


def _draw_folds(data: Dataset, groups: np.ndarray, settings: TrainSettings) -> tuple[np.ndarray, list[Fold]]:
    """The rows that are cross-validated, and their folds."""
    rows = np.arange(len(data))
    if len(data) > settings.rows:
        share = settings.rows / len(data)
        least = settings.folds if isinstance(settings.folds, int) else 1  # a rare class keeps a row for each fold
        rows = split_off_test(data.y, groups, share=share, seed=settings.seed, names=data.classes, least=least)[1]
    return rows, cross_validation(data, rows, settings)


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
        Told of every event as a dict.
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
            listen({"event": "candidate-started", "model": candidate.name})
            if known(result):
                listen({"event": "candidate-resumed", "model": candidate.name})
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


def ended(result: CandidateResult) -> dict[str, Any]:
    """Tell how a candidate ended, with its scores if it has them."""
    event: dict[str, Any] = {"event": "candidate-ended", "model": result.name, "status": result.status}
    event |= {"why": result.why, "seconds": result.seconds}
    if result.status == "finished":
        for metric in ("mcc", "accuracy"):
            event[metric], event[f"{metric}_se"] = result.summary(metric)
    return event


def _fit_candidate(
    plan: Selection, step: int, candidate: Candidate, result: CandidateResult, views: Views, listen: Listener
) -> None:
    """Fit the folds of one candidate, within its time; failures are marked and do not end cross-validation."""
    deadline = time.monotonic() + plan.budget.allowance(step)
    n_fit = int(np.mean([len(train) for _, _, train, _ in plan.folds]))

    def tell(done: int, seconds_left: float | None = None) -> None:
        left = plan.budget.estimate(step, done / len(plan.folds)) if seconds_left is None else seconds_left
        listen(
            {
                "event": "fold-ended",
                "model": candidate.name,
                "done": done,
                "of": len(plan.folds),
                "seconds_left": left,
            }
        )

    try:
        if candidate.is_net:
            require("torch", extra="nets", needed_by=candidate.title)
        task = task_of(plan.data, n_rows=n_fit, seed=plan.settings.seed, prepare=plan.settings.prepare)
        rows, estimator = views.apart(candidate.build(task))
        if candidate.is_net:
            found = _net_folds(plan, step, candidate, estimator, rows, deadline, listen)
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
    plan: Selection, step: int, candidate: Candidate, estimator: Any, rows: Rows, deadline: float, listen: Listener
) -> list[FoldResult]:
    """Fit a net's folds as one stack, telling its epochs as progress."""
    from heldout.nets.fit.loop import TrainingStopped

    def tell(event: dict[str, Any]) -> None:
        share = event["epoch"] / max(1, event["epochs"])
        listen(
            {
                **event,
                "event": "epoch-ended",
                "model": candidate.name,
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


def fill_result(plan: Selection, result: CandidateResult, found: list[FoldResult]) -> None:
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
    """The chosen candidate and the reason, in words."""

    result: CandidateResult
    best: CandidateResult
    why: str


def choose(results: list[CandidateResult]) -> Choice:
    """Pick the simplest model whose mean MCC is within one standard error of the best (Breiman et al. 1984).

    Raises
    ------
    TrainingError
        If no candidate finished.
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
