"""What a worker does: a task of one or more jobs that share data, a model or a stack."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from heldout_course.experiments import fast_folds
from heldout_course.experiments.features import fit_scaling, values_of
from heldout_course.experiments.jobs import Job
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.results import Part, Result
from heldout_course.experiments.rows import find_rows
from heldout_course.experiments.scoring import scored
from heldout_course.models.table import build_classical

NOT_ARRIVED = "the solver stopped at its limit of iterations before it had arrived"


def run_task(specs: Sequence[Mapping[str, Any]], checkpoints: str) -> list[tuple[dict[str, Any], float]]:
    """Run jobs of one kind; the record of each result and its seconds, in their order.

    Parameters
    ----------
    specs : sequence of mapping
        Descriptions, as in `Job.spec`.
    checkpoints : str
        Folder in which nets keep their state, so that a killed run goes on within a training.
    """
    return [(result.record(), seconds) for result, seconds in _run([Job(spec) for spec in specs], checkpoints)]


def _run(jobs: Sequence[Job], checkpoints: str) -> list[tuple[Result, float]]:
    if all(job.way == "net" for job in jobs):
        from heldout_course.experiments.net_tasks import run_nets

        return run_nets(jobs, checkpoints)
    if fast_folds.goes_together(jobs[0]):
        began = time.perf_counter()
        results = _run_folds_together(jobs)
        if results is not None:
            return [(result, (time.perf_counter() - began) / len(jobs)) for result in results]
    found = []
    for job in jobs:
        began = time.perf_counter()
        result = _run_procedure(job) if job.way == "procedure" else _run_classical(job)
        found.append((result, time.perf_counter() - began))
    return found


def _run_procedure(job: Job) -> Result:
    settings = {key: value for key, value in job.model.items() if key != "procedure"}
    values = PROCEDURES[job.model["procedure"]].run(settings, job.seed)
    return Result.of_procedure({name: _plain(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    """A value as JSON takes it; undefined numbers become None."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    array = np.asarray(value)
    if array.ndim:
        return [_plain(inner) for inner in array.tolist()]
    number = float(array)
    return None if not np.isfinite(number) else int(array) if array.dtype.kind in "iub" else number


def _run_classical(job: Job) -> Result:
    rows = find_rows(job.data, job.seed)
    found = []
    for train, test in rows.pairs:
        x, x_test = (values_of(rows, job.data, which, np.float64) for which in (train, test))
        x, x_test = fit_scaling(rows, job.data, x, x_test)
        found.append(_fit_and_score(job, x, rows.y[train], x_test, rows.y[test], len(rows.classes)))
    return Result(list(rows.classes), found)


def _fit_and_score(
    job: Job, x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, n_classes: int
) -> Part:
    estimator = build_classical(job.model, job.seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.perf_counter()
        estimator.fit(x, y)
        fitted = time.perf_counter()
        predicted = estimator.predict(x_test)
        ended = time.perf_counter()
        score = _positive_score(estimator, x_test) if n_classes == 2 else None
    return scored(
        y_test,
        predicted,
        n_train=len(y),
        n_classes=n_classes,
        score=score,
        fit_seconds=fitted - began,
        predict_seconds=ended - fitted,
        unfinished=NOT_ARRIVED if any(_is_convergence(one.category) for one in caught) else "",
    )


def _is_convergence(category: type[Warning]) -> bool:
    from sklearn.exceptions import ConvergenceWarning

    return issubclass(category, ConvergenceWarning)


def _run_folds_together(jobs: Sequence[Job]) -> list[Result] | None:
    """All folds of all jobs (of one model and one description of data) at once; no times by fold then."""
    rows = [find_rows(job.data, job.seed) for job in jobs]
    predicted = fast_folds.predict_together(jobs[0], rows)
    if predicted is None:
        return None
    return [
        Result(
            list(one.classes),
            [
                scored(one.y[test], own[test], n_train=len(train), n_classes=len(one.classes))
                for train, test in one.pairs
            ],
        )
        for one, own in zip(rows, predicted, strict=True)
    ]


def _positive_score(estimator: Any, x: np.ndarray) -> np.ndarray | None:
    if hasattr(estimator, "decision_function"):
        return np.asarray(estimator.decision_function(x))
    return np.asarray(estimator.predict_proba(x))[:, 1] if hasattr(estimator, "predict_proba") else None
