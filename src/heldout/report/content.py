"""What a report says, as plain data: no file is read and nothing is fitted to render it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from heldout.evaluate.bootstrap import metric_intervals
from heldout.evaluate.curves import Curve, Reliability, precision_recall, reliability, roc
from heldout.evaluate.intervals import accuracy_interval, bootstrap_interval, grouped_accuracy_interval
from heldout.evaluate.metrics import metrics

Status = Literal["finished", "skipped", "failed"]


@dataclass(frozen=True)
class LadderRow:
    """One model of the ladder.

    Attributes
    ----------
    model, title : str
        Its name on the command line, and in words.
    status : 'finished', 'skipped' or 'failed'
    why : str
        Why it was skipped or failed.
    mcc, accuracy : float or None
        Cross-validated means; `mcc_se`, `accuracy_se` are their standard errors (None: unknown).
    seconds : float or None
        Time to fit all folds.
    predict_seconds_per_1000 : float or None
        Time to predict 1,000 rows.
    parameters : int or None
        Numbers learned by the model, where it has a fixed count.
    chosen, within_one_se : bool
    """

    model: str
    title: str
    status: Status = "finished"
    why: str = ""
    mcc: float | None = None
    mcc_se: float | None = None
    accuracy: float | None = None
    accuracy_se: float | None = None
    seconds: float | None = None
    predict_seconds_per_1000: float | None = None
    parameters: int | None = None
    chosen: bool = False
    within_one_se: bool = False


@dataclass(frozen=True)
class Scored:
    """Predictions on rows that the model had not seen, measured.

    Attributes
    ----------
    metrics : mapping
        As `heldout.evaluate.metrics.metrics` gives them.
    intervals : mapping of str to (low, high)
        By metric.
    level : float
        Confidence level of the intervals.
    roc, precision_recall : Curve or None
        Two classes only.
    reliability : Reliability or None
    """

    metrics: Mapping[str, Any]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    level: float = 0.95
    roc: Curve | None = None
    precision_recall: Curve | None = None
    reliability: Reliability | None = None


def score(
    y: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    *,
    predictions: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
    with_intervals: bool = True,
) -> Scored:
    """Measure predictions for a report: metrics, intervals and curves.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
    classes : sequence of str
        Names, one a column.
    predictions : array of int, shape (n_rows,), optional
        Where they are not the most probable class.
    groups : array, shape (n_rows,), optional
        Rows of one group err together: the intervals then draw whole groups.
    level, seed
        Of the intervals.
    with_intervals : bool, default=True
        False for out-of-fold predictions, whose uncertainty is the standard error over folds instead.

    Raises
    ------
    ShapeError, LabelError
        As `heldout.evaluate.metrics.metrics` does.
    """
    found = metrics(y, probabilities, classes=classes, predictions=predictions)
    labels, given = np.asarray(y), np.asarray(probabilities, dtype=float)
    guess = given.argmax(axis=1) if predictions is None else np.asarray(predictions)
    positive = labels == 1
    return Scored(
        metrics=found,
        intervals=_intervals(labels, given, guess, groups, level, seed) if with_intervals else {},
        level=level,
        roc=roc(positive, given[:, 1]) if len(classes) == 2 else None,
        precision_recall=precision_recall(positive, given[:, 1]) if len(classes) == 2 else None,
        reliability=reliability(given, labels),
    )


def _intervals(
    y: np.ndarray, given: np.ndarray, guess: np.ndarray, groups: np.ndarray | None, level: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Wilson's interval for the accuracy, a bootstrap of the matrix for its scores, one of the rows for the rest."""
    right = y == guess
    found = metric_intervals(y, given, predictions=guess, groups=groups, level=level, seed=seed)
    for name in ("mcc", "balanced_accuracy", "f1_macro"):
        found[name] = bootstrap_interval(name, y, guess, given.shape[1], groups=groups, level=level, seed=seed)
    found["accuracy"] = (
        accuracy_interval(int(right.sum()), right.size, level)
        if groups is None
        else grouped_accuracy_interval(right, groups, level)
    )
    return found


@dataclass(frozen=True)
class DataSummary:
    """The data, as they were found.

    Attributes
    ----------
    name, kind : str
        `kind` is 'table', 'images' or 'sounds'.
    n_train, n_test : int
        Rows to learn from, and sealed rows.
    classes : tuple of (name, rows)
        Over all rows.
    n_groups : int or None
        None: no groups.
    groups, copies : str
        A sentence each: where groups come from, what near-copies were found.
    skipped : tuple of (id, reason)
    notes : tuple of str
    fingerprint : str
    """

    name: str
    kind: str
    n_train: int
    n_test: int
    classes: tuple[tuple[str, int], ...]
    n_groups: int | None = None
    groups: str = ""
    copies: str = ""
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True)
class Mistake:
    """A row that the model got wrong.

    Attributes
    ----------
    id, truth, predicted : str
    probability : float
        What the model gave its answer.
    probability_of_truth : float or None
    picture : uint8 array, shape (height, width), (height, width, 1), (…, 3) or (…, 4), or None
    row : mapping
        Column to value, for tables.
    """

    id: str
    truth: str
    predicted: str
    probability: float
    probability_of_truth: float | None = None
    picture: np.ndarray | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """One look at the sealed rows, from the ledger."""

    time: str
    run: str
    model: str
    result: str = ""


@dataclass(frozen=True)
class Seal:
    """How the sealed test set stands.

    Attributes
    ----------
    openings : tuple of Opening
        Every look at these sealed rows so far, by any run, oldest first; looks by other runs count also
        in the report of a run that has not opened the seal.
    ledger : str
        Where the ledger is.
    intact : bool
        False: its chain of hashes is broken.
    detail : str
        What is broken, or anything else a reader should know.
    """

    openings: tuple[Opening, ...] = ()
    ledger: str = ""
    intact: bool = True
    detail: str = ""


@dataclass(frozen=True)
class History:
    """Training of a net, epoch by epoch.

    Attributes
    ----------
    title : str
        Model and measure: "Small CNN: loss".
    series : mapping of str to (mean, se)
        Name ("training", "validation") to arrays of shape (n_epochs,); `se` may be None.
    """

    title: str
    series: Mapping[str, tuple[Sequence[float], Sequence[float] | None]]


@dataclass(frozen=True)
class ReportContent:
    """Everything that a report shows.

    Attributes
    ----------
    title, created : str
        Name of the run, and when.
    chosen : str
        The chosen model in words.
    data : DataSummary
    ladder : tuple of LadderRow
        From the simplest to the strongest.
    choice : str
        Why this model.
    resampling : str
        "5 folds × 2 repeats".
    cross_validated : Scored or None
        Out-of-fold predictions of the chosen model on training rows.
    test : Scored or None
        The sealed rows; None: not opened.
    seal : Seal
    mistakes : tuple of Mistake
        Most confident first.
    mistakes_from : 'test' or 'cross-validation'
    histories : tuple of History
    versions : mapping
        Software and machine.
    command, seed, config
        What repeats the run.
    seconds : float or None
        Time of the whole run.
    warnings : tuple of str
        What a reader must know before the verdict: an interrupted run, a broken ledger.
    """

    title: str
    chosen: str
    data: DataSummary
    ladder: tuple[LadderRow, ...]
    choice: str = ""
    created: str = ""
    resampling: str = ""
    cross_validated: Scored | None = None
    test: Scored | None = None
    seal: Seal = field(default_factory=Seal)
    mistakes: tuple[Mistake, ...] = ()
    mistakes_from: Literal["test", "cross-validation"] = "cross-validation"
    histories: tuple[History, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    seed: int | None = None
    config: str = ""
    seconds: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def chosen_row(self) -> LadderRow | None:
        """The ladder's row of the chosen model."""
        return next((row for row in self.ladder if row.chosen), None)
