"""Jobs of nets: trained side by side as stacks where they may be, each scored on its own test rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.folds import FitJob, fit_jobs
from heldout_course.experiments.features import fit_scaling, values_of
from heldout_course.experiments.jobs import Job
from heldout_course.experiments.models import net_settings
from heldout_course.experiments.results import Part, Result
from heldout_course.experiments.rows import Rows, find_rows
from heldout_course.experiments.scoring import at_thresholds, scored


def run_nets(jobs: Sequence[Job], checkpoints: str) -> list[tuple[Result, float]]:
    """Train nets side by side; the seconds are shared equally."""
    began = time.perf_counter()
    found: dict[int, Result] = {}
    groups: dict[object, list[int]] = {}
    for number, job in enumerate(jobs):
        # Curves need the same test rows for all of a stack.
        together = job.data.is_fixed and not job.curve
        groups.setdefault(0 if together else (job.seed if job.data.is_drawn else -1), []).append(number)
    for numbers in groups.values():
        results = _train([jobs[number] for number in numbers], checkpoints)
        found.update(zip(numbers, results, strict=True))
    seconds = (time.perf_counter() - began) / len(jobs)
    return [(found[number], seconds) for number in range(len(jobs))]


def _train(jobs: Sequence[Job], checkpoints: str) -> list[Result]:
    """Train jobs of one net on the rows that they share, as one stack."""
    spec = jobs[0].data
    rows = [find_rows(spec, job.seed) for job in jobs]
    all_rows = np.unique(np.concatenate([np.concatenate(pair) for one in rows for pair in one.pairs]))
    x = values_of(rows[0], spec, all_rows, np.float32)
    if not spec.is_fixed or not isinstance(x, np.ndarray):
        return _train_fitted(jobs, rows, checkpoints)
    y = rows[0].y[all_rows]
    wanted, tests = [], []
    for job, one in zip(jobs, rows, strict=True):
        settings = net_settings(job.model)
        for train, test in one.pairs:
            wanted.append(FitJob(np.searchsorted(all_rows, train), job.seed, settings))
            tests.append(np.searchsorted(all_rows, test))
    base = _base(jobs[0], checkpoints)
    if jobs[0].curve:
        if any(not np.array_equal(tests[0], other) for other in tests):
            raise SettingError("An error per epoch needs the same test rows each time", fix="no folds; shuffle: 1")
        base.set_params(validation=(x[tests[0]], y[tests[0]]))
    fitted = iter(zip(fit_jobs(base, x, y, wanted), tests, strict=True))
    results = []
    for one in rows:
        found = []
        for train, test in one.pairs:
            net, places = next(fitted)
            found.append(_part(net, one, train, test, x[places]))
        results.append(_with_facts(Result(list(one.classes), found), net, jobs[0].curve))
    return results


def _train_fitted(jobs: Sequence[Job], rows: Sequence[Rows], checkpoints: str) -> list[Result]:
    """Where something is fitted on the training rows first, each pair of parts has arrays of its own."""
    spec, one = jobs[0].data, rows[0]
    results = [Result(list(one.classes), []) for _ in jobs]
    for train, test in one.pairs:
        x, x_test = (values_of(one, spec, which, np.float64) for which in (train, test))
        x, x_test = (part.astype(np.float32) for part in fit_scaling(one, spec, x, x_test))
        base = _base(jobs[0], checkpoints)
        if jobs[0].curve:
            base.set_params(validation=(x_test, one.y[test]))
        wanted = [FitJob(np.arange(len(train)), job.seed, net_settings(job.model)) for job in jobs]
        for number, net in enumerate(fit_jobs(base, x, one.y[train], wanted)):
            so_far = replace(results[number], parts=[*results[number].parts, _part(net, one, train, test, x_test)])
            results[number] = _with_facts(so_far, net, jobs[0].curve)
    return results


def _base(job: Job, checkpoints: str) -> NetClassifier:
    folder = str(Path(checkpoints)) if checkpoints else None
    return NetClassifier(job.model["net"], device="cpu", threads=1, checkpoint=folder, replicates=1)


def _part(net: Any, rows: Rows, train: np.ndarray, test: np.ndarray, x_test: np.ndarray) -> Part:
    began = time.perf_counter()
    probabilities = net.predict_proba(x_test)
    seconds = time.perf_counter() - began
    y_true, y_pred = rows.y[test], net.classes_[probabilities.argmax(1)]
    n_classes = len(rows.classes)
    if n_classes != 2:
        return scored(y_true, y_pred, n_train=len(train), n_classes=n_classes, predict_seconds=seconds)
    score = probabilities[:, 1]
    at = at_thresholds(y_true, score)
    return scored(y_true, y_pred, n_train=len(train), n_classes=2, score=score, at=at, predict_seconds=seconds)


def _with_facts(result: Result, net: Any, curve: bool) -> Result:
    """The result with what the last net says of its training."""
    found = replace(result, parameters=net.n_parameters_, final_loss=float(net.history_[-1]["loss"]))
    if not curve:
        return found
    errors = [round(float(row["validation_error"]), 6) for row in net.history_]
    return replace(
        found, test_error_per_epoch=errors, loss_per_epoch=[float(f"{row['loss']:.5g}") for row in net.history_]
    )
