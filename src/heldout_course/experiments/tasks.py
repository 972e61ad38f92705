"""What a worker does: a task of one or more jobs that share data, a model or a stack."""

from __future__ import annotations

import base64
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments import fast_folds, parts
from heldout_course.experiments.expand import Job
from heldout_course.experiments.measures import THRESHOLDS
from heldout_course.experiments.models import net_settings
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.models.table import build_classical

Result = dict[str, Any]


def run_task(specs: Sequence[Mapping[str, Any]], checkpoints: str) -> list[tuple[Result, float]]:
    """Run jobs of one kind; result and seconds of each, in their order.

    Parameters
    ----------
    specs : sequence of mapping
        Descriptions, as in `Job.spec`.
    checkpoints : str
        Folder in which nets keep their state, so that a killed run goes on within a training.
    """
    jobs = [Job(spec) for spec in specs]
    if all("net" in job.spec["model"] for job in jobs):
        return _run_nets(jobs, checkpoints)
    if fast_folds.goes_together(specs[0]):
        began = time.perf_counter()
        results = _run_folds_together(jobs)
        if results is not None:
            return [(result, (time.perf_counter() - began) / len(jobs)) for result in results]
    found = []
    for job in jobs:
        began = time.perf_counter()
        result = _run_procedure(job) if "procedure" in job.spec["model"] else _run_classical(job)
        found.append((result, time.perf_counter() - began))
    return found


def _run_procedure(job: Job) -> Result:
    model = dict(job.spec["model"])
    values = PROCEDURES[model.pop("procedure")].run(model, job.seed)
    return {"values": {name: _plain(value) for name, value in values.items()}}


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
    spec = job.spec["data"]
    rows = parts.find_rows(spec, job.seed)
    found = []
    for train, test in rows.pairs:
        x, x_test = (parts.values_of(rows, spec, which, np.float64) for which in (train, test))
        x, x_test = parts.fit_scaling(rows, spec, x, x_test)
        estimator = build_classical(job.spec["model"], job.seed)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            began = time.perf_counter()
            estimator.fit(x, rows.y[train])
            fitted = time.perf_counter()
            predicted = estimator.predict(x_test)
            ended = time.perf_counter()
            score = _positive_score(estimator, x_test) if len(rows.classes) == 2 else None
        part = _scores(rows, train, test, predicted) | _auc(rows, test, score)
        part |= {"fit_seconds": fitted - began, "predict_seconds": ended - fitted}
        if any("onvergence" in one.category.__name__ for one in told):
            part["unfinished"] = "the solver stopped at its limit of iterations before it had arrived"
        found.append(part)
    return {"classes": list(rows.classes), "parts": found}


def _run_folds_together(jobs: Sequence[Job]) -> list[Result] | None:
    """All folds of all jobs (of one model and one description of data) at once; no times by fold then."""
    spec = jobs[0].spec["data"]
    rows = [parts.find_rows(spec, job.seed) for job in jobs]
    predicted = fast_folds.predict_together(jobs[0].spec["model"], spec, rows)
    if predicted is None:
        return None
    return [
        {"classes": list(one.classes), "parts": [_scores(one, train, test, guess[test]) for train, test in one.pairs]}
        for one, guess in zip(rows, predicted, strict=True)
    ]


def _positive_score(estimator: Any, x: np.ndarray) -> np.ndarray | None:
    if hasattr(estimator, "decision_function"):
        return np.asarray(estimator.decision_function(x))
    return np.asarray(estimator.predict_proba(x))[:, 1] if hasattr(estimator, "predict_proba") else None


def _auc(rows: parts.Rows, test: np.ndarray, score: np.ndarray | None) -> Result:
    if score is None or score.ndim != 1:
        return {}
    from heldout.evaluate.scores import auc

    return {"auc": _plain(np.asarray(auc((rows.y[test] == 1), score)).reshape(-1)[0])}


def _scores(rows: parts.Rows, train: np.ndarray, test: np.ndarray, predicted: np.ndarray) -> Result:
    """Counts by class, and which rows were right (a bit each, for paired tests)."""
    from heldout.evaluate.confusion import confusion

    truth = rows.y[test]
    right = np.packbits(predicted == truth)
    return {
        "n_train": len(train),
        "n_test": len(test),
        "confusion": confusion(truth, predicted, len(rows.classes)).tolist(),
        "right": base64.b64encode(right.tobytes()).decode(),
    }


def _run_nets(jobs: Sequence[Job], checkpoints: str) -> list[tuple[Result, float]]:
    """Train nets side by side; the seconds are shared equally."""
    began = time.perf_counter()
    found: dict[int, Result] = {}
    groups: dict[object, list[int]] = {}
    for number, job in enumerate(jobs):
        # Curves need the same test rows for all of a stack.
        together = parts.is_fixed(job.spec["data"]) and not job.spec["curve"]
        groups.setdefault(0 if together else (job.seed if parts.is_drawn(job.spec["data"]) else -1), []).append(number)
    for numbers in groups.values():
        results = _train([jobs[number] for number in numbers], checkpoints)
        found.update(zip(numbers, results, strict=True))
    seconds = (time.perf_counter() - began) / len(jobs)
    return [(found[number], seconds) for number in range(len(jobs))]


def _train(jobs: Sequence[Job], checkpoints: str) -> list[Result]:
    from heldout.nets.classifier import NetClassifier
    from heldout.nets.fit.folds import FitJob, fit_jobs

    spec = jobs[0].spec["data"]
    rows = [parts.find_rows(spec, job.seed) for job in jobs]
    all_rows = np.unique(np.concatenate([np.concatenate(pair) for one in rows for pair in one.pairs]))
    x = parts.values_of(rows[0], spec, all_rows, np.float32)
    if not parts.is_fixed(spec) or not isinstance(x, np.ndarray):
        return _train_fitted(jobs, rows, checkpoints)
    y = rows[0].y[all_rows]
    place = {int(row): position for position, row in enumerate(all_rows)}
    wanted, tests = [], []
    for job, one in zip(jobs, rows, strict=True):
        settings = net_settings(job.spec["model"])
        for train, test in one.pairs:
            wanted.append(FitJob(np.array([place[int(row)] for row in train]), job.seed, settings))
            tests.append(np.array([place[int(row)] for row in test]))
    base = NetClassifier(
        jobs[0].spec["model"]["net"], device="cpu", threads=1, checkpoint=_folder(checkpoints), replicates=1
    )
    if jobs[0].spec["curve"]:
        if any(not np.array_equal(tests[0], other) for other in tests):
            raise SettingError("an error per epoch needs the same test rows each time", fix="no folds; shuffle: 1")
        base.set_params(validation=(x[tests[0]], y[tests[0]]))
    fitted = fit_jobs(base, x, y, wanted)
    results: list[Result] = []
    number = 0
    for one in rows:
        found = []
        for train, test in one.pairs:
            found.append(_net_part(fitted[number], one, train, test, x[tests[number]]))
            number += 1
        facts = _net_facts(fitted[number - 1], jobs[0].spec["curve"])
        results.append({"classes": list(one.classes), "parts": found} | facts)
    return results


def _train_fitted(jobs: Sequence[Job], rows: Sequence[parts.Rows], checkpoints: str) -> list[Result]:
    """Where something is fitted on the training rows first, each pair of parts has arrays of its own."""
    from heldout.nets.classifier import NetClassifier
    from heldout.nets.fit.folds import FitJob, fit_jobs

    spec, one = jobs[0].spec["data"], rows[0]
    results: list[Result] = [{"classes": list(one.classes), "parts": []} for _ in jobs]
    for train, test in one.pairs:
        x, x_test = (parts.values_of(one, spec, which, np.float64) for which in (train, test))
        x, x_test = (part.astype(np.float32) for part in parts.fit_scaling(one, spec, x, x_test))
        base = NetClassifier(
            jobs[0].spec["model"]["net"], device="cpu", threads=1, checkpoint=_folder(checkpoints), replicates=1
        )
        if jobs[0].spec["curve"]:
            base.set_params(validation=(x_test, one.y[test]))
        wanted = [FitJob(np.arange(len(train)), job.seed, net_settings(job.spec["model"])) for job in jobs]
        for result, net in zip(results, fit_jobs(base, x, one.y[train], wanted), strict=True):
            result["parts"].append(_net_part(net, one, train, test, x_test))
            result |= _net_facts(net, jobs[0].spec["curve"])
    return results


def _folder(checkpoints: str) -> str | None:
    return str(Path(checkpoints)) if checkpoints else None


def _net_part(net: Any, rows: parts.Rows, train: np.ndarray, test: np.ndarray, x_test: np.ndarray) -> Result:
    began = time.perf_counter()
    probabilities = net.predict_proba(x_test)
    seconds = time.perf_counter() - began
    predicted = net.classes_[probabilities.argmax(1)]
    score = probabilities[:, 1] if len(rows.classes) == 2 else None
    part = _scores(rows, train, test, predicted) | {"predict_seconds": seconds} | _auc(rows, test, score)
    return part if score is None else part | {"at": _at_thresholds(rows.y[test], score)}


def _at_thresholds(truth: np.ndarray, probability: np.ndarray) -> dict[str, list[list[int]]]:
    """Confusion matrix of calling class 1 from each threshold on, by the threshold in percent."""
    from heldout.evaluate.confusion import confusion

    return {
        str(percent): confusion(truth, (probability >= percent / 100).astype(np.int64), 2).tolist()
        for percent in THRESHOLDS
    }


def _net_facts(net: Any, curve: bool) -> Result:
    facts: Result = {"parameters": net.n_parameters_, "final_loss": float(net.history_[-1]["loss"])}
    if curve:
        facts["test_error_per_epoch"] = [round(float(row["validation_error"]), 6) for row in net.history_]
        facts["loss_per_epoch"] = [float(f"{row['loss']:.5g}") for row in net.history_]
    return facts
