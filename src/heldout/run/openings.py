"""What was answered at an opening of the seal, kept so that its intervals can be widened when others open it later."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zipfile import BadZipFile

import numpy as np

from heldout.evaluate.intervals import confidence_level
from heldout.evaluate.scoring import Scored, score
from heldout.files import write_bytes
from heldout.run.folder import RunFolder
from heldout.run.metrics import AssessedRecord, Metrics, OpeningRecord, write_metrics
from heldout.split.ledger import Ledger

FILE = "assessed.npz"


@dataclass(frozen=True)
class Answers:
    """Truth and answers of the sealed rows.

    Attributes
    ----------
    y, predicted : int array, shape (n_rows,)
    probabilities : float array, shape (n_rows, n_classes)
    groups : int array, shape (n_rows,), or None
        None: every row is a group of its own.
    """

    y: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray
    groups: np.ndarray | None

    def score(self, classes: Sequence[str], level: float) -> Scored:
        """Metrics, intervals of this level, and curves."""
        moved = (self.predicted != self.probabilities.argmax(axis=1)).any()
        predictions = self.predicted if moved else None
        return score(self.y, self.probabilities, classes, predictions=predictions, groups=self.groups, level=level)

    def save(self, folder: RunFolder, sketch: Sequence[str]) -> None:
        """Keep the answers beside the checkpoints, with the sketch by which overlapping data are recognised."""
        arrays = {"y": self.y, "probabilities": self.probabilities, "predicted": self.predicted}
        if self.groups is not None:
            arrays["groups"] = self.groups
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, sketch=np.asarray(list(sketch), dtype=str), **arrays)
        folder.checkpoints.mkdir(exist_ok=True)
        write_bytes(folder.checkpoints / FILE, buffer.getvalue())


def load_answers(folder: RunFolder) -> tuple[Answers, list[str]] | None:
    """The kept answers and their sketch; None if the run keeps none that can be read."""
    try:
        with np.load(folder.checkpoints / FILE, allow_pickle=False) as kept:
            answers = Answers(kept["y"], kept["probabilities"], kept["predicted"], kept.get("groups"))
            return answers, kept["sketch"].tolist()
    except (OSError, ValueError, KeyError, BadZipFile):
        return None


def widen(folder: RunFolder, metrics: Metrics, test: AssessedRecord) -> Metrics:
    """Give a recorded result the interval that all openings up to now ask for, and write it down.

    Bonferroni's bound holds for all k intervals at once only if all have level 1 - 0.05 / k, the early ones too. The
    score itself stays as it was recorded; so does ``report.html``, which reports its own day.
    """
    kept = load_answers(folder)
    if kept is None:
        return metrics
    answers, sketch = kept
    ledger, fingerprint, seal = Ledger(), metrics.data.fingerprint, metrics.seal
    history = seal_history(ledger, fingerprint)
    others = ledger.overlapping(sketch, data_fingerprint=fingerprint)
    n_openings = max(len(history), seal.openings) + max(len(others), seal.overlapping or 0)
    level = max(confidence_level(n_openings), test.level)
    if level == test.level:
        return metrics
    scored = answers.score(metrics.data.classes, level)
    earlier = _wider(seal.widened or round(0.05 / (1 - test.level)))  # runs of 0.1.0 do not say it otherwise
    remarks = [text for text in seal.remarks or () if text != earlier]
    seal = replace(
        seal,
        openings=len(history),
        overlapping=len(others),
        level=level,
        history=history,
        remarks=(*remarks, _wider(n_openings)),
        widened=n_openings,
    )
    metrics = replace(metrics, test=replace(test, intervals=scored.intervals, level=level), seal=seal)
    write_metrics(folder, metrics)
    return metrics


def _wider(n_openings: int) -> str:
    return f"the intervals are wider than in the report: the seal was opened {n_openings} times by now"


def seal_history(ledger: Ledger, fingerprint: str) -> tuple[OpeningRecord, ...]:
    """Every opening of these data."""
    found = []
    for opening in ledger.openings(fingerprint):
        accuracy = (opening["result"] or {}).get("accuracy")
        result = "not recorded" if accuracy is None else f"accuracy {accuracy:.4f}"
        found.append(OpeningRecord(**{key: opening[key] for key in ("number", "run", "time", "model")}, result=result))
    return tuple(found)
