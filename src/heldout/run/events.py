"""What a job tells while it runs: to the display, to listeners, and to ``events.jsonl``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.run.record import Record


@dataclass(frozen=True, kw_only=True)
class Event(Record):
    """Something that happened; `name` is what it is called in the file."""

    name: ClassVar[str] = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with the name as ``event``."""
        return {"event": self.name, **super().as_dict()}


Listener = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class DataLoaded(Event):
    """The data are read."""

    name: ClassVar[str] = "data-loaded"
    rows: int
    classes: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class SplitMade(Event):
    """Rows are sealed, and candidates and folds are known; `models` pairs a name with a title."""

    name: ClassVar[str] = "split"
    folder: str
    train: int
    test: int
    cross_validated_rows: int
    folds: int
    repeats: int
    models: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    openings: int
    ledger_problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Looked(Event):
    """The training rows were looked at, or not (`skipped` says why); a finding has id, severity and title."""

    name: ClassVar[str] = "looked"
    findings: tuple[Mapping[str, Any], ...]
    skipped: str


@dataclass(frozen=True, kw_only=True)
class CandidateStarted(Event):
    """A candidate's turn."""

    name: ClassVar[str] = "candidate-started"
    model: str


@dataclass(frozen=True, kw_only=True)
class CandidateResumed(Event):
    """A candidate that an earlier, broken run finished."""

    name: ClassVar[str] = "candidate-resumed"
    model: str


@dataclass(frozen=True, kw_only=True)
class Progress(Event):
    """Part of a candidate is done; `seconds_left` is expected until the end of the whole job."""

    model: str
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class FoldEnded(Progress):
    """A fold of a candidate is fitted."""

    name: ClassVar[str] = "fold-ended"
    done: int
    of: int


@dataclass(frozen=True, kw_only=True)
class PointsEnded(Progress):
    """A search has tried so many settings."""

    name: ClassVar[str] = "points-ended"
    done: int
    of: int


@dataclass(frozen=True, kw_only=True)
class EpochEnded(Event):
    """An epoch of a net; `other` holds what was measured."""

    name: ClassVar[str] = "epoch-ended"
    model: str
    epoch: int
    epochs: int
    seconds_left: float | None = None


def epoch_ended(measured: Mapping[str, Any], model: str, seconds_left: float | None = None) -> EpochEnded:
    """An epoch as the training loop tells of it."""
    rest = {key: value for key, value in measured.items() if key not in ("epoch", "epochs", "event")}
    return EpochEnded(
        model=model, epoch=measured["epoch"], epochs=measured["epochs"], seconds_left=seconds_left, other=rest
    )


@dataclass(frozen=True, kw_only=True)
class CandidateEnded(Event):
    """A candidate is done; `scores` are mean and standard error by metric, if it finished."""

    name: ClassVar[str] = "candidate-ended"
    model: str
    status: str
    why: str
    seconds: float
    scores: Mapping[str, tuple[float, float | None]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values; scores as ``mcc``, ``mcc_se`` and so on."""
        found = super().as_dict()
        for metric, (mean, se) in found.pop("scores").items():
            found |= {metric: mean, f"{metric}_se": se}
        return found


@dataclass(frozen=True, kw_only=True)
class SearchPlanned(Event):
    """Candidates will be searched: `models` pairs a name with a title, `of` are the titles they come from."""

    name: ClassVar[str] = "search-planned"
    search: str
    points: int
    models: tuple[tuple[str, str], ...]
    of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CandidateChosen(Event):
    """The choice is made; `interrupted`: Ctrl-C ended cross-validation before its end."""

    name: ClassVar[str] = "chosen"
    model: str
    why: str
    interrupted: bool


@dataclass(frozen=True, kw_only=True)
class RefitStarted(Event):
    """The chosen model is fitted on so many rows."""

    name: ClassVar[str] = "refit-started"
    model: str
    rows: int
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class LearningCurveStarted(Event):
    """The chosen model is trained on parts of the rows."""

    name: ClassVar[str] = "learning-curve-started"
    model: str
    sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Assessing(Event):
    """The seal is being opened."""

    name: ClassVar[str] = "assessing"


@dataclass(frozen=True, kw_only=True)
class Done(Event):
    """All files are written."""

    name: ClassVar[str] = "done"
    seconds: float
