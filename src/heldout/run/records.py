"""`metrics.json`, `leaderboard.csv`, `scores.csv`: the run in numbers."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from heldout.errors import ArtifactError
from heldout.evaluate.metrics import metrics
from heldout.models.calibrated import SoftmaxCalibrated
from heldout.run.folder import RunFolder
from heldout.run.settings import TrainSettings
from heldout.select.cross_validation import CandidateResult, Choice, Selection
from heldout.select.refit import Fitted

if TYPE_CHECKING:
    from heldout.job.preparing import Prepared

SCHEMA = 2
"""2 renamed two keys of 1, which is still read: see `_upgraded`."""


def candidate_record(result: CandidateResult) -> dict[str, Any]:
    """One candidate as it stands in ``metrics.json``; scores are None unless it finished."""
    record: dict[str, Any] = {
        "model": result.name,
        "title": result.title,
        "status": result.status,
        "why": result.why,
        "metric": "mcc",
        "mean": None,
        "se": None,
        "accuracy": None,
        "accuracy_se": None,
        "folds": len(result.folds),
        "fit_seconds": None,
        "predict_seconds_per_1000": None,
        "parameters": result.parameters,
        "seconds": result.seconds,
    }
    if result.status == "finished":
        record["mean"], record["se"] = result.summary("mcc")
        record["accuracy"], record["accuracy_se"] = result.summary("accuracy")
        record["fit_seconds"] = result.fit_seconds
        record["predict_seconds_per_1000"] = result.predict_seconds_per_1000
    return record


def leaderboard_rows(results: list[CandidateResult]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of ``leaderboard.csv``, best mean MCC first, unfinished candidates last."""
    records = [candidate_record(result) for result in results]
    records.sort(key=lambda record: -math.inf if record["mean"] is None else record["mean"], reverse=True)
    header = list(records[0])
    return header, [list(record.values()) for record in records]


def score_rows(results: list[CandidateResult]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of ``scores.csv``: a row per model, repeat and fold."""
    header = [
        "model",
        "repeat",
        "fold",
        "mcc",
        "accuracy",
        "fit_seconds",
        "predict_seconds",
        "n_train",
        "n_validation",
    ]
    return header, [[r.name, *(fold[key] for key in header[1:])] for r in results for fold in r.folds]


def out_of_fold_probabilities(plan: Selection, result: CandidateResult) -> np.ndarray | None:
    """Probabilities of the chosen model for every cross-validated row, from models that did not see the row."""
    if result.scores is None:
        return None
    if result.calibrated:
        return result.scores
    known = _Classes(np.arange(plan.data.n_classes))
    return SoftmaxCalibrated.from_out_of_fold(known, result.scores, plan.y).probabilities(result.scores)


class _Classes:
    """Stands where a fitted estimator would: the calibration only asks for its classes."""

    def __init__(self, classes: np.ndarray) -> None:
        self.classes_ = classes


def metrics_of(
    prepared: Prepared, plan: Selection, choice: Choice, fitted: Fitted, settings: TrainSettings, started: float
) -> dict[str, Any]:
    """Everything of ``metrics.json`` that is known while the seal is closed."""
    data, split = plan.data, prepared.split
    counts = np.bincount(data.y, minlength=data.n_classes)
    probabilities = out_of_fold_probabilities(plan, choice.result)
    found = None
    if probabilities is not None:
        found = metrics(plan.y, probabilities, classes=data.classes, predictions=choice.result.predicted)
    finished = [result for result in plan.results if result.status == "finished"]
    return {
        "schema": SCHEMA,
        "data": {
            "name": data.name,
            "kind": data.kind,
            "fingerprint": split.fingerprint,
            "test_fingerprint": prepared.sealed.fingerprint,
            "rows": split.n_rows,
            "train": len(data),
            "test": prepared.sealed.n,
            "left_out": len(split.left_out),
            "shape": list(data.x.shape[1:]),
            "classes": list(data.classes),
            "train_counts": dict(zip(data.classes, counts.tolist(), strict=True)),
            "test_counts": dict(prepared.sealed.counts),
            "groups": len(np.unique(data.groups)) if data.groups is not None else len(data),
            "copies": dataclasses.asdict(split.copies) if split.copies else {"rows": 0, "groups": 0, "note": ""},
            "skipped": [[item.id, item.reason] for item in data.skipped],
            "notes": list(split.notes),
        },
        "chosen": {
            "model": choice.result.name,
            "title": choice.result.title,
            "why": choice.why,
            "best": choice.best.name,
            "fitted_on": fitted.n_rows,
            "note": fitted.note,
            "parameters": fitted.parameters,
            "fit_seconds": fitted.seconds,
        },
        "candidates": [candidate_record(result) for result in plan.results],
        "cross_validated_rows": len(plan.rows),
        "cross_validation": {
            "folds": plan.n_folds,
            "repeats": len(plan.folds) // plan.n_folds,
            "models_compared": len(finished),
            "out_of_fold": found,
        },
        "seed": settings.seed,
        "seconds": time.monotonic() - started,
    }


def read_metrics(folder: RunFolder) -> dict[str, Any]:
    """Read ``metrics.json`` of a finished run.

    Raises
    ------
    ArtifactError
        If it is missing, damaged, or written by a newer heldout.
    """
    values: dict[str, Any] = folder.read_json("metrics.json")
    where = str(folder.path / "metrics.json")
    schema = values.get("schema")
    if type(schema) is not int or schema > SCHEMA:
        raise ArtifactError(
            f"it has schema {str(schema)[:20]}; this heldout reads up to {SCHEMA}",
            where=where,
            fix="pip install --upgrade heldout, or train again",
        )
    values = _upgraded(values)
    kinds = {"data": dict, "chosen": dict, "candidates": list, "cross_validation": dict}
    wrong = [key for key, kind in kinds.items() if not isinstance(values.get(key), kind)]
    if wrong:
        raise ArtifactError(f"it has no {wrong[0]!r} that can be read", where=where, fix="train again")
    return values


_RENAMED = {"ladder": "candidates", "ladder_rows": "cross_validated_rows"}


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """The same numbers under the keys of today's schema."""
    if values["schema"] == SCHEMA:
        return values
    return {_RENAMED.get(key, key): value for key, value in values.items()} | {"schema": SCHEMA}


def write_metrics(folder: RunFolder, values: dict[str, Any]) -> None:
    """Write ``metrics.json``."""
    folder.write_json("metrics.json", values)


def write_history(folder: RunFolder, history: list[dict[str, Any]]) -> None:
    """Write ``history.csv``, a row per training and epoch, if the chosen model is a net."""
    if history:
        header = list(history[0])
        folder.write_csv("history.csv", header, [[row.get(key) for key in header] for row in history])


def without_times(values: Any) -> Any:
    """``metrics.json`` less everything that a clock measured, to compare two runs."""
    if isinstance(values, dict):
        return {k: without_times(v) for k, v in values.items() if "seconds" not in k and k != "time"}
    if isinstance(values, list):
        return [without_times(value) for value in values]
    return values
