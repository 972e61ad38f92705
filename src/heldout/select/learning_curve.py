"""Would more rows help? The chosen model, trained on parts of the training rows (a learning curve)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from heldout.errors import HeldoutError
from heldout.evaluate.confusion import confusion, mcc
from heldout.evaluate.learning_curve import beginnings
from heldout.evaluate.standard_errors import mcc_standard_error, mean_and_se
from heldout.models.candidate import Candidate, task_of
from heldout.processes.cores import n_cores
from heldout.processes.pool import Task
from heldout.run.events import LearningCurveStarted, Listener
from heldout.run.folder import RunFolder
from heldout.run.metrics import CurvePoint, LearningCurve
from heldout.select.choice import Choice
from heldout.select.fitting import FoldResult, Rows, fit_fold, fit_net_folds
from heldout.select.results import CandidateResult, score_together
from heldout.select.selection import Selection, seed_of
from heldout.select.views import Views

SHARES = (1 / 8, 1 / 4, 1 / 2)
"""Parts of each fold's training rows; the whole is known from the leaderboard."""

LEAST_ROWS = 20
MOST_SECONDS = 30.0
"""Expected seconds above which the curve is made only if it was asked for."""

HERE = 3.0
"""Expected seconds below which it is not worth starting processes."""

CURVE = "learning_curve.csv"


def learning_curve(folder: RunFolder, plan: Selection, choice: Choice, listen: Listener) -> LearningCurve:
    """Score the chosen model with fewer training rows, on the validation rows of the leaderboard's first repeat.

    Writes ``learning_curve.csv`` and returns the points and the gain of the last doubling, or why there are none.
    """
    asked = plan.settings.learning_curve
    if asked is False:
        return LearningCurve(why="it was not asked for")
    candidate = next(candidate for candidate in plan.candidates if candidate.name == choice.result.name)
    folds = [(fold, train, validation) for repeat, fold, train, validation in plan.folds if repeat == 0]
    n_fit = int(np.mean([len(train) for _, train, _ in folds]))
    sizes = [size for share in SHARES if (size := int(n_fit * share)) >= max(LEAST_ROWS, 2 * plan.data.n_classes)]
    if not sizes:
        return LearningCurve(why=f"{n_fit} training rows of {plan.data.n_classes} classes are too few to take parts of")
    expected = _expected(plan, candidate, sizes, len(folds))
    if asked is None and expected > MOST_SECONDS:
        return LearningCurve(why=f"it was expected to take {expected:.0f} s; --learning-curve makes it all the same")
    if expected > 0.5 * plan.budget.remaining():
        return LearningCurve(why="not enough of --time was left")
    listen(LearningCurveStarted(model=candidate.name, sizes=tuple(sizes)))
    rows, floors = _by_size(plan, candidate, folds, sizes, expected)
    rows += [(fold["n_train"], fold["fold"], fold["mcc"], fold["accuracy"]) for fold in _whole(choice)]
    floors[max(row[0] for row in rows)] = choice.result.se_floor
    folder.write_csv(CURVE, ["rows", "fold", "mcc", "accuracy"], [list(row) for row in rows])
    lengths = [(len(train), len(validation)) for _, train, validation in folds]
    return _summary(rows, lengths, floors, choice.result.n_groups)


def _whole(choice: Choice) -> list[dict[str, Any]]:
    return [fold for fold in choice.result.folds if fold["repeat"] == 0]


def _expected(plan: Selection, candidate: Candidate, sizes: list[int], n_folds: int) -> float:
    features = task_of(plan.data, n_rows=sizes[-1], seed=plan.settings.seed).n_features
    costs = [candidate.cost(size, features, plan.data.n_classes) * n_folds for size in sizes]
    return sum(costs) / min(plan.settings.jobs or n_cores(), n_folds)


Row = tuple[int, int, float, float]


def _by_size(
    plan: Selection,
    candidate: Candidate,
    folds: list[tuple[int, np.ndarray, np.ndarray]],
    sizes: list[int],
    expected: float,
) -> tuple[list[Row], dict[int, float]]:
    """Scores of each size and fold, and the standard-error floor of each size's MCC.

    Sizes at which the model cannot be fitted are left out.
    """
    subset = plan.data if len(plan.rows) == len(plan.data) else plan.data.take(plan.rows)
    data = Rows(subset.kind, subset.x, subset.y)
    seed = plan.settings.seed
    orders = [beginnings(train, data.y, subset.groups, np.random.default_rng([seed, fold])) for fold, train, _ in folds]
    rows: list[Row] = []
    floors: dict[int, float] = {}
    with Views(data, min(plan.settings.jobs or n_cores(), len(folds)), plan.settings.jobs) as views:
        for size in sizes:
            parts = [(order[:size], validation) for order, (*_, validation) in zip(orders, folds, strict=True)]
            task = task_of(plan.data, n_rows=size, seed=seed, prepare=plan.settings.prepare)
            try:
                view, estimator = views.apart(candidate.build(task))
                run = _runner(plan, candidate, views, expected)
                found = run(view, estimator, parts)
            except HeldoutError:  # too few rows of a class, or for so many neighbours: the curve begins further right
                continue
            predicted = np.empty(len(data.y), dtype=np.int64)
            together = CandidateResult(candidate.name, candidate.title, predicted=predicted)
            for (_, validation), part in zip(parts, found, strict=True):
                truth = data.y[validation]
                accuracy = float(np.mean(truth == part.predicted))
                together.folds.append({"mcc": mcc(truth, part.predicted), "accuracy": accuracy})
                predicted[validation] = part.predicted
            score_together(together, data.y, plan.folds)
            scores = zip(folds, together.folds, strict=True)
            rows += [(size, fold, score["mcc"], score["accuracy"]) for (fold, *_), score in scores]
            if len(np.unique(predicted)) > 1:
                matrix = confusion(data.y, predicted, plan.data.n_classes)
                floors[size] = mcc_standard_error(matrix, plan.results[0].n_groups)
    return rows, floors


Runner = Callable[[Rows, Any, list[tuple[np.ndarray, np.ndarray]]], list[FoldResult]]


def _runner(plan: Selection, candidate: Candidate, views: Views, expected: float) -> Runner:
    """How the parts are fitted: nets as a stack, little here, much in processes."""

    def as_stack(view: Rows, estimator: Any, parts: list[tuple[np.ndarray, np.ndarray]]) -> list[FoldResult]:
        seeds = [seed_of(plan.settings.seed, 0, fold) for fold in range(len(parts))]
        return fit_net_folds(view, estimator, parts, seeds)

    def here(view: Rows, estimator: Any, parts: list[tuple[np.ndarray, np.ndarray]]) -> list[FoldResult]:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # as in the processes, so that bits are the same
            return [_fit_here(view, estimator, *part) for part in parts]

    def in_processes(view: Rows, estimator: Any, parts: list[tuple[np.ndarray, np.ndarray]]) -> list[FoldResult]:
        found: list[FoldResult] = views.pool(view).run([Task(fit_fold, (estimator, *part)) for part in parts])
        return found

    return as_stack if candidate.is_net else here if expected < HERE else in_processes


def _fit_here(view: Rows, estimator: Any, train: np.ndarray, validation: np.ndarray) -> FoldResult:
    from heldout.errors import TrainingError

    try:
        return fit_fold(view, estimator, train, validation)
    except (ValueError, ArithmeticError, IndexError) as error:  # what a worker would send as a TrainingError
        raise TrainingError(str(error)) from None


def _summary(rows: list[Row], sizes: list[tuple[int, int]], floors: dict[int, float], n_groups: int) -> LearningCurve:
    n_train, n_validation = (float(np.mean(side)) for side in zip(*sizes, strict=True))
    by_rows: dict[int, list[Row]] = {}
    largest = max(row[0] for row in rows)
    for row in rows:
        # folds differ by a row or so; the whole is the whole
        by_rows.setdefault(row[0] if row[0] <= largest * 0.6 else largest, []).append(row)
    points = []
    for n_rows, found in sorted(by_rows.items()):
        # parts of the folds overlap no more than the folds do, so their correction is enough
        lengths = {"n_train": n_train, "n_validation": n_validation}
        folds = [{"mcc": row[2], "accuracy": row[3], **lengths} for row in found]
        result = CandidateResult("", "", folds=folds, n_groups=n_groups, se_floor=floors.get(n_rows, 0.0))
        (mcc_mean, mcc_se), (accuracy, accuracy_se) = result.summary("mcc"), result.summary("accuracy")
        points.append(CurvePoint(rows=n_rows, mcc=mcc_mean, mcc_se=mcc_se, accuracy=accuracy, accuracy_se=accuracy_se))
    gain: dict[str, Any] = {}
    if len(by_rows) > 1:
        before, after = (dict((row[1], row[2]) for row in by_rows[n]) for n in sorted(by_rows)[-2:])
        mean, se = mean_and_se([after[fold] - before[fold] for fold in sorted(after)], n_train, n_validation)
        # Equal differences in all folds are no proof of no error: at least that of one row (group) changed each way.
        se = None if se is None else max(se, (2**0.5) / n_groups)
        gain = {"from": sorted(by_rows)[-2], "to": largest, "mcc": mean, "se": se}
    return LearningCurve(points=tuple(points), gain=gain)
