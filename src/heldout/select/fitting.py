"""What one worker does: fit one fold, or the final model, and say what came out.

Everything here runs in a process of its own with a fixed number of threads, so that the same seed gives the same
bits, however many folds run beside it.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heldout.data.rows import take_rows
from heldout.processes.threads import limit_threads
from heldout.select.candidates import count_parameters


@dataclass(frozen=True)
class Rows:
    """The training rows that a worker holds: features and class numbers, never a sealed row.

    `row_seconds` is what a preparation that was done beforehand took for each row; it counts as time of fit and
    prediction. `view` names that preparation.
    """

    kind: str
    x: Any
    y: np.ndarray
    row_seconds: float = 0.0
    view: str = ""

    def features(self, rows: np.ndarray) -> Any:
        """Features of these rows, in this order."""
        return take_rows(self.x, rows)


@dataclass(frozen=True)
class FoldResult:
    """One fold of one model.

    `scores` are probabilities (n_rows, n_classes) if `calibrated`, else the model's decision values.
    """

    predicted: np.ndarray
    scores: np.ndarray | None
    calibrated: bool
    fit_seconds: float
    predict_seconds: float
    parameters: int | None
    warnings: tuple[str, ...] = ()
    history: tuple[dict[str, Any], ...] = ()


def fit_fold(data: Rows, estimator: Any, train: np.ndarray, validation: np.ndarray) -> FoldResult:
    """Fit on the training rows of a fold and predict its validation rows."""
    model, fit_seconds, notes = _timed_fit(estimator, data.features(train), data.y[train])
    return _with_preparation(
        data, predict_fold(model, data.features(validation), fit_seconds, notes), train, validation
    )


def _with_preparation(data: Rows, result: FoldResult, train: np.ndarray, validation: np.ndarray) -> FoldResult:
    """The result with the time of what was prepared beforehand."""
    return replace(
        result,
        fit_seconds=result.fit_seconds + data.row_seconds * len(train),
        predict_seconds=result.predict_seconds + data.row_seconds * len(validation),
    )


def predict_fold(model: Any, x: Any, fit_seconds: float, notes: tuple[str, ...] = ()) -> FoldResult:
    """Predict validation features with a fitted model, timed."""
    start = time.perf_counter()
    predicted = np.asarray(model.predict(x), dtype=np.int64)
    predict_seconds = time.perf_counter() - start
    scores, calibrated = scores_of(model, x)
    return FoldResult(
        predicted, scores, calibrated, fit_seconds, predict_seconds, count_parameters(model), notes, history_of(model)
    )


def history_of(model: Any) -> tuple[dict[str, Any], ...]:
    """Epoch by epoch, if the model is a net."""
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    return tuple(getattr(last, "history_", ()))


def fit_final(data: Rows, estimator: Any, train: np.ndarray) -> tuple[Any, float]:
    """Fit the chosen model on all training rows; returns it and the seconds it took."""
    model, seconds, _ = _timed_fit(estimator, data.features(train), data.y[train])
    return model, seconds


def _timed_fit(estimator: Any, x: Any, y: np.ndarray) -> tuple[Any, float, tuple[str, ...]]:
    """Fit, and keep what the libraries warned about instead of printing it into the live display."""
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = estimator.fit(x, y)
    notes = tuple(sorted({str(item.message).splitlines()[0] for item in caught}))
    return model, time.perf_counter() - start, notes


def scores_of(model: Any, x: Any) -> tuple[np.ndarray | None, bool]:
    """Probabilities if the model gives them, else decision values; and whether they are probabilities."""
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(x)), True
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(x)), False
    return None, False


def fit_net_folds(
    data: Rows,
    estimator: Any,
    folds: list[tuple[np.ndarray, np.ndarray]],
    seeds: list[int],
    *,
    settings: Sequence[Mapping[str, Any]] | None = None,
    progress: Any = None,
    should_stop: Any = None,
) -> list[FoldResult]:
    """Fit the folds of a net as one stack.

    The preparation in front of the net is fitted on each fold's own training rows. Folds whose prepared rows have
    the same width share a stack: their rows are laid end to end, and each job gets the row numbers of its own part.
    `settings` are parameters of the net in which the folds differ.
    """
    from heldout.nets.fit.folds import FitJob, fit_jobs

    own = settings or [{}] * len(folds)
    start = time.perf_counter()
    if not hasattr(estimator, "steps"):
        nets = fit_jobs(
            estimator,
            data.x,
            data.y,
            [FitJob(train, seed, changed) for (train, _), seed, changed in zip(folds, seeds, own, strict=True)],
            progress=progress,
            should_stop=should_stop,
        )
        share = (time.perf_counter() - start) / len(folds)
        return [
            _with_preparation(data, predict_fold(net, data.x[validation], share), train, validation)
            for net, (train, validation) in zip(nets, folds, strict=True)
        ]
    # settings that are tried on the same rows share their preparation
    rows = [train.tobytes() for train, _ in folds]
    prepared = {
        key: _prepare_fold(data, estimator, train) for key, (train, _) in dict(zip(rows, folds, strict=True)).items()
    }
    results: dict[int, FoldResult] = {}
    for width in sorted({x.shape[1] for x in prepared.values()}):
        parts = {key: x for key, x in prepared.items() if x.shape[1] == width}
        members = [i for i, key in enumerate(rows) if key in parts]
        offset = {key: position * len(data.y) for position, key in enumerate(parts)}
        jobs = [FitJob(folds[i][0] + offset[rows[i]], seeds[i], own[i]) for i in members]
        nets = fit_jobs(
            estimator.steps[-1][1],
            np.concatenate(list(parts.values())),
            np.tile(data.y, len(parts)),
            jobs,
            progress=progress,
            should_stop=should_stop,
        )
        share = (time.perf_counter() - start) / len(folds)
        for i, net in zip(members, nets, strict=True):
            results[i] = predict_fold(net, parts[rows[i]][folds[i][1]], share)
    return [results[i] for i in range(len(folds))]


def _prepare_fold(data: Rows, estimator: Any, train: np.ndarray) -> np.ndarray:
    """Prepare every row with steps that were fitted on this fold's training rows only."""
    from sklearn.base import clone

    with limit_threads(1):
        preparation = clone(estimator[:-1]).fit(data.features(train), data.y[train])
        return np.asarray(preparation.transform(data.x), dtype=np.float32)
