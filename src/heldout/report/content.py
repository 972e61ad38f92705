"""What a report says, as plain data: no file is read and nothing is fitted to render it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from heldout.evaluate.comparison import Comparison
from heldout.evaluate.rules import Rule
from heldout.evaluate.scoring import Scored
from heldout.kinds.registry import kind_named

Status = Literal["finished", "skipped", "failed"]


@dataclass(frozen=True)
class LeaderboardRow:
    """One model of the leaderboard.

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
class DataSummary:
    """The data, as they were found.

    Attributes
    ----------
    name, kind : str
        `kind` is the name of a kind of data: ``"table"``.
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

    @property
    def rows(self) -> str:
        """The word for many rows: images, sounds."""
        return kind_named(self.kind).rows


@dataclass(frozen=True)
class DataFinding:
    """One thing that a look at the training rows found.

    Attributes
    ----------
    severity : 'error', 'warning' or 'note'
    title, explanation, remedy : str
    items : tuple of str
        Columns, rows or files concerned, the worst first.
    n_items : int
        How many there are in all.
    """

    severity: str
    title: str
    explanation: str = ""
    remedy: str = ""
    items: tuple[str, ...] = ()
    n_items: int = 0


@dataclass(frozen=True)
class Sample:
    """A row that the model answered, with what a person needs to judge the answer.

    Attributes
    ----------
    id, truth, predicted : str
    probability : float
        What the model gave its answer.
    probability_of_truth : float or None
    picture : uint8 array, shape (height, width), (height, width, 1), (…, 3) or (…, 4), or None
    row : mapping
        Column to value, for tables.
    sound : int16 array, shape (length,), or None
    rate : int
        Samples a second of the sound.
    """

    id: str
    truth: str
    predicted: str
    probability: float
    probability_of_truth: float | None = None
    picture: np.ndarray | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    sound: np.ndarray | None = None
    rate: int = 0


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
class LearningCurve:
    """The chosen model, trained on parts of the training rows.

    Attributes
    ----------
    points : tuple of (rows, mean MCC, standard error or None)
        From few rows to all.
    gain, gain_se : float or None
        In MCC, from the last point but one to the last, by the same folds.
    """

    points: tuple[tuple[int, float, float | None], ...]
    gain: float | None = None
    gain_se: float | None = None


@dataclass(frozen=True)
class Search:
    """A search of hyperparameters.

    Attributes
    ----------
    model : str
    text : str
        How many settings were tried, and what was chosen.
    pictures : tuple of (words, SVG file)
    """

    model: str
    text: str
    pictures: tuple[tuple[str, str], ...] = ()


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
    leaderboard : tuple of LeaderboardRow
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
    mistakes : tuple of Sample
        Most confident first; of the sealed rows if `test` is there, else of the out-of-fold rows.
    samples : tuple of Sample
        Rows behind the cells of the confusion matrix, the most telling of each cell first.
    rivals : tuple of Comparison
        The chosen model (a) against each other one (b), by the scores of `leaderboard`.
    rule : Rule or None
        How labels follow from probabilities; None: the most probable class.
    findings : tuple of DataFinding
        What a look at the training rows found, worst first; `looked` says at what was looked.
    looked : str
    histories : tuple of History
    learning_curve : LearningCurve or None
    no_learning_curve : str
        Why there is no learning curve.
    searches : tuple of Search
    versions, hashes : mapping
        Software and machine; what identifies data, settings and model.
    predict : str
        A command that uses the model.
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
    leaderboard: tuple[LeaderboardRow, ...]
    choice: str = ""
    created: str = ""
    resampling: str = ""
    cross_validated: Scored | None = None
    test: Scored | None = None
    seal: Seal = field(default_factory=Seal)
    mistakes: tuple[Sample, ...] = ()
    samples: tuple[Sample, ...] = ()
    rivals: tuple[Comparison, ...] = ()
    rule: Rule | None = None
    findings: tuple[DataFinding, ...] = ()
    looked: str = ""
    histories: tuple[History, ...] = ()
    learning_curve: LearningCurve | None = None
    no_learning_curve: str = ""
    searches: tuple[Search, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    predict: str = ""
    command: str = ""
    seed: int | None = None
    config: str = ""
    seconds: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def chosen_row(self) -> LeaderboardRow | None:
        """The leaderboard's row of the chosen model."""
        return next((row for row in self.leaderboard if row.chosen), None)
