"""The same net trained on many parts of one array: folds, repeats, hyperparameter values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from heldout.errors import LabelError, SettingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.jobs import machine_of, prepare_jobs
from heldout.nets.fit.ways import train_jobs
from heldout.nets.settings import Job, Progress, Settings


@dataclass(frozen=True)
class FitJob:
    """One training: which rows, which seed, and which settings differ from the estimator's.

    Attributes
    ----------
    rows : int array
        Training rows, as positions in the data.
    seed : int
    settings : mapping
        Parameters of the estimator to change, such as ``{"lr": 0.1}``.
    """

    rows: np.ndarray
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


def fit_jobs(
    estimator: NetClassifier,
    x: Any,
    y: Any,
    jobs: Sequence[FitJob | tuple[np.ndarray, int]],
    *,
    groups: Any = None,
    sample_weight: Any = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[NetClassifier]:
    """Fit one net on many sets of rows: as one stack, or in processes of one thread each, by a rule on the net.

    Each result equals its solo training with the same seed, to float tolerance.

    Parameters
    ----------
    estimator : NetClassifier
        Not changed.
    x : array, shape (n_rows, ...)
        All rows; memory-mapped arrays are not copied.
    y : array, shape (n_rows,)
        Labels of all rows. Each job must have rows of every class.
    jobs : sequence of FitJob or (rows, seed)
    groups, sample_weight : array, shape (n_rows,), optional
        As in `NetClassifier.fit`.
    progress : callable, optional
        Gets a dict with ``epoch``, ``epochs``, ``step``, ``steps``, ``replicates``, ``seconds``, ``seconds_left``,
        ``loss`` and ``validation_error`` (None in between).
    should_stop : callable, optional
        Asked before each batch (in worker processes: every tenth of a second).

    Returns
    -------
    list of fitted NetClassifier, in the order of the jobs.

    Raises
    ------
    heldout.errors.LabelError
        If a job lacks a class.
    heldout.errors.TrainingError
        If a worker process dies, or all replicates of a job diverge.
    heldout.nets.fit.loop.TrainingStopped
        If `should_stop` said so.
    """
    wanted = [job if isinstance(job, FitJob) else FitJob(*job) for job in jobs]
    fitted = [clone(estimator).set_params(seed=job.seed, **job.settings) for job in wanted]
    if not wanted:
        return []
    x, labels = clone(estimator)._check_training(x, y)
    prepared: list[tuple[int, int, Settings]] = []
    all_jobs: list[Job] = []
    data = None
    for number, (one, job) in enumerate(zip(fitted, wanted, strict=True)):
        rows = _check_job(number, job, labels)
        one.classes_ = np.unique(y)
        order = one._order()
        data, own = prepare_jobs(order, x, labels, [(rows, job.seed)], sample_weight, groups)
        prepared.append((len(all_jobs), len(own), order.settings))
        all_jobs += own
    assert data is not None
    machine = machine_of(order.options)
    trained = train_jobs(
        data,
        all_jobs,
        n_classes=len(fitted[0].classes_),
        machine=machine,
        progress=progress,
        should_stop=should_stop,
        hooks=estimator.hooks,
    )
    for one, (first, n, settings) in zip(fitted, prepared, strict=True):
        one._accept(trained[first : first + n], settings, x, machine)
    return fitted


def _check_job(number: int, job: FitJob, labels: np.ndarray) -> np.ndarray:
    rows = np.asarray(job.rows)
    if rows.dtype.kind not in "iu" or rows.ndim != 1 or not len(rows):
        raise SettingError(f"job {number}: rows are {rows.dtype} {rows.shape}", fix="a vector of row numbers")
    if rows.min() < 0 or rows.max() >= len(labels):
        raise SettingError(f"job {number}: row {rows.max()} of {len(labels)}", fix="row numbers from 0")
    n_classes = int(labels.max()) + 1
    missing = np.setdiff1d(np.arange(n_classes), labels[rows])
    if len(missing):
        raise LabelError(
            f"job {number} has no row of {len(missing)} of {n_classes} classes (first: class number {missing[0]})",
            fix="stratified folds, or fewer of them",
        )
    return rows.astype(np.int64)
