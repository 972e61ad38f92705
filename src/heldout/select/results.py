"""What cross-validation found out about each candidate, and the tables that say it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.errors import TrainingError
from heldout.evaluate.confusion import confusion, mcc
from heldout.evaluate.standard_errors import jackknife_values, mcc_standard_error, mean_and_se, share_standard_error
from heldout.run.folder import RunFolder
from heldout.run.metrics import CandidateRecord, Status
from heldout.select.fitting import FoldResult
from heldout.split.partition import Fold


@dataclass
class CandidateResult:
    """What cross-validation found out about one model.

    `folds` holds one dict per fold and repeat: repeat, fold, mcc, accuracy, fit_seconds, predict_seconds, n_train,
    n_validation. `predicted` and `scores` are those of the first repeat, for every cross-validated row, each made by a
    model that did not see the row.
    """

    name: str
    title: str
    status: Status = "waiting"
    why: str = ""
    folds: list[dict[str, Any]] = field(default_factory=list)
    predicted: np.ndarray | None = None
    scores: np.ndarray | None = None
    calibrated: bool = False
    parameters: int | None = None
    n_groups: int = 0
    se_floor: float = 0.0
    seconds: float = 0.0
    setting: dict[str, Any] = field(default_factory=dict)  # chosen by a search, if there was one
    history: list[dict[str, Any]] = field(default_factory=list)

    def summary(self, metric: str) -> tuple[float, float | None]:
        """Mean and standard error of a score over folds and repeats (Nadeau & Bengio 2003).

        Stratified folds hardly differ for a model that ignores the rows, so the error of an accuracy is never put
        below the binomial one of as many independent rows as there are groups (with one right and one wrong row
        added, Agresti & Coull 1998, so that a perfect score keeps an error). `se_floor` does the same for MCC.
        """
        sizes = [np.mean([fold[key] for fold in self.folds]) for key in ("n_train", "n_validation")]
        mean, se = mean_and_se([fold[metric] for fold in self.folds], float(sizes[0]), float(sizes[1]))
        if metric == "mcc" and se is not None:
            se = max(se, self.se_floor)
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


def fill_result(
    result: CandidateResult, found: Sequence[FoldResult], y: np.ndarray, parts: list[Fold], *, n_classes: int
) -> None:
    """Score each fold, and put the first repeat's out-of-fold predictions together.

    Parameters
    ----------
    result : CandidateResult
        Is filled in.
    found : sequence of FoldResult
        One for each fold.
    y : int array, shape (n_rows,)
        Labels of the cross-validated rows.
    parts : list of folds
    n_classes : int

    Raises
    ------
    TrainingError
        If a score is not a number.
    """
    for (repeat, fold, train, validation), part in zip(parts, found, strict=True):
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
    score_together(result, y, parts)
    if not all(np.isfinite(fold["mcc"]) for fold in result.folds):
        raise TrainingError(f"{result.title} gave scores that are not numbers")
    if result.predicted is not None and len(np.unique(result.predicted)) > 1:  # a constant answer has MCC 0, always
        result.se_floor = mcc_standard_error(confusion(y, result.predicted, n_classes), result.n_groups)
    result.calibrated = found[0].calibrated
    result.parameters = found[0].parameters
    result.status = "finished"


def score_together(result: CandidateResult, y: np.ndarray, parts: list[Fold]) -> None:
    """Replace the MCC of folds in which a class is alone, where it says nothing, by jackknife values of the pooled one.

    See `heldout.evaluate.standard_errors.jackknife_values`.
    """
    if result.predicted is None or any(repeat > 0 for repeat, *_ in parts):
        return
    if all(len(np.unique(y[validation])) > 1 for *_, validation in parts):
        return
    pooled = mcc(y, result.predicted)
    without = [mcc(y[train], result.predicted[train]) for _, _, train, _ in parts]
    for fold, value in zip(result.folds, jackknife_values(pooled, without), strict=True):
        fold["mcc"] = value


def candidate_record(result: CandidateResult) -> CandidateRecord:
    """One candidate as it stands in ``metrics.json``; scores are None unless it finished."""
    done = result.status == "finished"
    mean, se = result.summary("mcc") if done else (None, None)
    accuracy, accuracy_se = result.summary("accuracy") if done else (None, None)
    return CandidateRecord(
        model=result.name,
        title=result.title,
        status=result.status,
        why=result.why,
        metric="mcc",
        mean=mean,
        se=se,
        accuracy=accuracy,
        accuracy_se=accuracy_se,
        folds=len(result.folds),
        fit_seconds=result.fit_seconds if done else None,
        predict_seconds_per_1000=result.predict_seconds_per_1000 if done else None,
        parameters=result.parameters,
        seconds=result.seconds,
    )


def leaderboard_rows(results: list[CandidateResult]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of ``leaderboard.csv``, best mean MCC first, unfinished candidates last."""
    records = [candidate_record(result).as_dict() for result in results]
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


def write_history(folder: RunFolder, history: list[dict[str, Any]]) -> None:
    """Write ``history.csv``, a row per training and epoch, if the chosen model is a net."""
    if history:
        header = list(history[0])
        folder.write_csv("history.csv", header, [[row.get(key) for key in header] for row in history])
