"""`metrics.json`: the run in numbers, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from heldout.errors import ArtifactError
from heldout.evaluate.scoring import Scored
from heldout.run.folder import RunFolder
from heldout.run.record import Record, part, plain
from heldout.run.split import CopiesRecord

Status = Literal["waiting", "running", "finished", "skipped", "failed"]

FILE = "metrics.json"
SCHEMA = 2
"""2 renamed two keys of 1, which is still read: see `_RENAMED`."""

_RENAMED = {"ladder": "candidates", "ladder_rows": "cross_validated_rows"}


@dataclass(frozen=True, kw_only=True)
class DataRecord(Record):
    """The data, counted. `groups` are those of the training rows; `skipped` pairs a file with the reason."""

    name: str
    kind: str
    fingerprint: str
    test_fingerprint: str
    rows: int
    train: int
    test: int
    left_out: int
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    train_counts: Mapping[str, int]
    test_counts: Mapping[str, int]
    groups: int
    copies: CopiesRecord = field(metadata=part(CopiesRecord))
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChosenRecord(Record):
    """The chosen model and why; `best` has the best score, `bundle` is a hash of what was saved."""

    model: str
    title: str
    why: str
    best: str
    fitted_on: int
    note: str
    parameters: int | None
    fit_seconds: float
    bundle: str | None = field(default=None, metadata=part(may_lack=True))


@dataclass(frozen=True, kw_only=True)
class CandidateRecord(Record):
    """One candidate; `mean` and `se` are those of `metric`, and scores are None unless it finished."""

    model: str
    title: str
    status: Status
    why: str
    metric: str
    mean: float | None
    se: float | None
    accuracy: float | None
    accuracy_se: float | None
    folds: int
    fit_seconds: float | None
    predict_seconds_per_1000: float | None
    parameters: int | None
    seconds: float

    @property
    def is_finished(self) -> bool:
        """Whether it was cross-validated."""
        return self.status == "finished"


@dataclass(frozen=True, kw_only=True)
class CrossValidation(Record):
    """Folds of a repeat, repeats, and the metrics of the chosen model out of fold (None: it gives no scores)."""

    folds: int
    repeats: int
    models_compared: int
    out_of_fold: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class DecisionRecord(Record):
    """How labels follow from probabilities: what was asked for, the rule (plain, or None), and in words."""

    asked: str
    rule: Mapping[str, Any] | None
    says: str


@dataclass(frozen=True, kw_only=True)
class CurvePoint(Record):
    """Scores of the chosen model with so many training rows."""

    rows: int
    mcc: float
    mcc_se: float | None
    accuracy: float
    accuracy_se: float | None


@dataclass(frozen=True, kw_only=True)
class LearningCurve(Record):
    """The chosen model on parts of the training rows; `why` says why there is no curve.

    `gain` is that of the last doubling: from, to, mcc, se; empty with fewer than two points.
    """

    points: tuple[CurvePoint, ...] | None = field(default=None, metadata=part(CurvePoint, may_lack=True))
    gain: Mapping[str, Any] | None = field(default=None, metadata=part(may_lack=True))
    why: str | None = field(default=None, metadata=part(may_lack=True))


@dataclass(frozen=True, kw_only=True)
class SearchedRecord(Record):
    """One searched candidate: the setting that all rows chose, and those that were chosen inside the folds."""

    model: str
    base: str = field(metadata=part(key="from"))
    status: str
    setting: Mapping[str, Any]
    points: int
    inside_folds: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class SearchRecord(Record):
    """What ``--search`` did."""

    level: str
    how: str
    inner_folds: int
    models: tuple[SearchedRecord, ...] = field(metadata=part(SearchedRecord))
    chosen_setting: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class OpeningRecord(Record):
    """One opening of the seal of these data, by any run; `result` is in words."""

    number: int
    run: str
    time: str
    model: str
    result: str = ""


@dataclass(frozen=True, kw_only=True)
class SealRecord(Record):
    """How the seal of these data stands; what may lack is of a run that opened it.

    `number` is that of the run's own opening, `entry` its place in the ledger, `level` that of its intervals, and
    `widened` the number of openings for which the intervals were widened later.
    """

    number: int | None = field(default=None, metadata=part(may_lack=True))
    openings: int
    overlapping: int | None = field(default=None, metadata=part(may_lack=True))
    remarks: tuple[str, ...] | None = field(default=None, metadata=part(may_lack=True))
    level: float | None = field(default=None, metadata=part(may_lack=True))
    ledger: str
    entry: int | None = field(default=None, metadata=part(may_lack=True))
    problems: tuple[str, ...]
    history: tuple[OpeningRecord, ...] = field(metadata=part(OpeningRecord))
    widened: int | None = field(default=None, metadata=part(may_lack=True))


@dataclass(frozen=True, kw_only=True)
class AssessedRecord:
    """The sealed rows, scored.

    Attributes
    ----------
    metrics : mapping
        As `heldout.evaluate.metrics.metrics` gives them.
    intervals : mapping of str to (low, high)
        By metric.
    level : float
        Of the intervals.
    """

    metrics: Mapping[str, Any]
    intervals: Mapping[str, tuple[float, float]]
    level: float

    @classmethod
    def of(cls, scored: Scored) -> Self:
        """What was measured."""
        return cls(metrics=scored.metrics, intervals=scored.intervals, level=scored.level)

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the metrics, ``<metric>_ci`` for each interval, and ``ci_level``."""
        ends = {f"{key}_ci": [float(end) for end in pair] for key, pair in self.intervals.items()}
        return {**plain(self.metrics), **ends, "ci_level": self.level}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Take plain values apart.

        Raises
        ------
        ValueError
            If there is no ``ci_level``.
        """
        if not isinstance(values, Mapping) or "ci_level" not in values:
            raise ValueError("no 'ci_level'")
        intervals = {key.removesuffix("_ci"): tuple(ends) for key, ends in values.items() if key.endswith("_ci")}
        metrics = {key: value for key, value in values.items() if not key.endswith("_ci") and key != "ci_level"}
        return cls(metrics=metrics, intervals=intervals, level=float(values["ci_level"]))


@dataclass(frozen=True, kw_only=True)
class Metrics(Record):
    """Everything that ``metrics.json`` says; `test` only after `assess`."""

    schema: int = SCHEMA
    data: DataRecord = field(metadata=part(DataRecord))
    chosen: ChosenRecord = field(metadata=part(ChosenRecord))
    candidates: tuple[CandidateRecord, ...] = field(metadata=part(CandidateRecord))
    cross_validated_rows: int
    cross_validation: CrossValidation = field(metadata=part(CrossValidation))
    seed: int
    seconds: float
    decision: DecisionRecord | None = field(default=None, metadata=part(DecisionRecord, may_lack=True))
    learning_curve: LearningCurve | None = field(default=None, metadata=part(LearningCurve, may_lack=True))
    search: SearchRecord | None = field(default=None, metadata=part(SearchRecord, may_lack=True))
    interrupted: bool = False
    seal: SealRecord = field(metadata=part(SealRecord))
    test: AssessedRecord | None = field(default=None, metadata=part(AssessedRecord, may_lack=True))

    @property
    def chosen_candidate(self) -> CandidateRecord:
        """The chosen model among the candidates."""
        return next(candidate for candidate in self.candidates if candidate.model == self.chosen.model)

    @property
    def finished(self) -> list[CandidateRecord]:
        """The candidates that were cross-validated, simplest first."""
        return [candidate for candidate in self.candidates if candidate.is_finished]


def read_metrics(folder: RunFolder) -> Metrics:
    """Read ``metrics.json`` of a finished run, also one of an earlier schema.

    Raises
    ------
    ArtifactError
        If it is missing, damaged, or written by a newer heldout.
    """
    values: dict[str, Any] = folder.read_json(FILE)
    where = str(folder.path / FILE)
    schema = values.get("schema")
    if type(schema) is not int or schema > SCHEMA:
        raise ArtifactError(
            f"it has schema {str(schema)[:20]}; this heldout reads up to {SCHEMA}",
            where=where,
            fix="pip install --upgrade heldout, or train again",
        )
    try:
        return Metrics.read({_RENAMED.get(key, key): value for key, value in values.items()} | {"schema": SCHEMA})
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"it cannot be read: {error}", where=where, fix="train again") from None


def write_metrics(folder: RunFolder, metrics: Metrics) -> None:
    """Write ``metrics.json``."""
    folder.write_json(FILE, metrics.as_dict())


def without_times(values: Any) -> Any:
    """``metrics.json`` less everything that a clock measured, to compare two runs."""
    if isinstance(values, dict):
        return {k: without_times(v) for k, v in values.items() if "seconds" not in k and k != "time"}
    if isinstance(values, list):
        return [without_times(value) for value in values]
    return values
