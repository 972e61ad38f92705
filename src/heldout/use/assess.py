"""Open the seal: score the chosen model on the test rows, once, and write down that it was done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np

from heldout.errors import ArtifactError, DataError
from heldout.evaluate.intervals import confidence_level
from heldout.kinds.registry import kind_of
from heldout.report.samples import find_samples
from heldout.run.data import load_data
from heldout.run.folder import RunFolder
from heldout.run.metrics import AssessedRecord, Metrics, SealRecord, read_metrics, write_metrics
from heldout.run.openings import Answers, seal_history, widen
from heldout.run.settings import TrainSettings, settings_of_run
from heldout.run.split import read_split
from heldout.split.ledger import Ledger
from heldout.split.sealed import Opening, SealedTest
from heldout.split.sketch import sketch_of
from heldout.use.reporting import write_report


def assess_sealed(folder: RunFolder, sealed: SealedTest, metrics: Metrics, *, config_hash: str) -> Metrics:
    """Open the seal; writes predictions, ``metrics.json`` with `test` and `seal`, and the report.

    The bundle on disk is what is assessed, so that the scores are those of the model that is kept. The interval's
    level is raised by how often these data were looked at (Bonferroni), so that the next look stays honest.
    """
    from heldout.deploy.bundle import load_bundle

    ledger = Ledger()
    problems = ledger.verify()
    bundle = load_bundle(folder.model)
    _require_own_parts(folder, sealed, metrics)
    opening = sealed.open(
        ledger,
        run=folder.name,
        model=metrics.chosen.model,
        config_hash=config_hash,
        data_fingerprint=metrics.data.fingerprint,
    )
    data = opening.data
    probabilities = bundle.probabilities(data.x)
    predicted = bundle.decide(probabilities)
    sketch = sketch_of(kind_of(data).content_digests(data))
    others = ledger.overlapping(sketch, data_fingerprint=metrics.data.fingerprint)
    level = confidence_level(opening.number + len(others))
    grouped = data.groups is not None and len(np.unique(data.groups)) < len(data)
    answers = Answers(data.y, probabilities, predicted, data.groups if grouped else None)
    answers.save(folder, sketch)
    scored = answers.score(data.classes, level)
    found = AssessedRecord.of(scored)
    kept = found.as_dict()
    opening.record({key: kept[key] for key in ("n", "accuracy", "accuracy_ci", "mcc", "mcc_ci")})
    write_predictions(folder, "predictions.csv", data.ids, data.y, predicted, probabilities, data.classes)
    metrics = replace(metrics, test=found, seal=_seal_record(ledger, opening, metrics, problems, others))
    write_metrics(folder, metrics)
    write_report(folder, metrics, find_samples(data, predicted, probabilities), test=scored)
    return metrics


def _require_own_parts(folder: RunFolder, sealed: SealedTest, metrics: Metrics) -> None:
    """Make sure, before the seal is opened, that model and test rows are this run's and that results can be written.

    Raises
    ------
    ArtifactError
        If the model or the split is not the one that was trained with.
    DiskError
        If the run folder cannot be written.
    """
    folder.read_json("environment.json")
    if bundle_hash(folder) != metrics.chosen.bundle:
        raise ArtifactError(
            "the model is not the one that this run trained",
            where=str(folder.model),
            fix="bring it back, or train again",
        )
    if sealed.fingerprint != metrics.data.test_fingerprint:
        raise ArtifactError(
            "its rows are not those that this run sealed", where=str(folder.path / "split.json"), fix="train again"
        )
    write_metrics(folder, metrics)


def bundle_hash(folder: RunFolder) -> str:
    """SHA-256 over what the model is (its tree and its numbers), not over when and by which versions it was written."""
    try:
        header = json.loads((folder.model / "header.json").read_text("utf-8"))
        decision = header["info"].get("decision")
        parts = [header["model"], header["classes"], *([decision] if decision else [])]
        model = json.dumps(parts, sort_keys=True).encode()
        arrays = (folder.model / "arrays.safetensors").read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError("the run has no whole model", where=str(folder.model), fix="train again") from error
    return hashlib.sha256(hashlib.sha256(model).digest() + arrays).hexdigest()


def closed_seal(fingerprint: str) -> SealRecord:
    """How the seal of these data stands while this run has not opened it."""
    ledger = Ledger()
    history = seal_history(ledger, fingerprint)
    return SealRecord(openings=len(history), ledger=str(ledger.path), problems=tuple(ledger.verify()), history=history)


def _seal_record(
    ledger: Ledger, opening: Opening, metrics: Metrics, problems: list[str], others: list[dict[str, Any]]
) -> SealRecord:
    """How the seal stands after this opening."""
    history = seal_history(ledger, metrics.data.fingerprint)
    remarks = []
    if others:
        remarks.append(
            f"{len(others)} earlier openings of slightly different data looked at some of these test rows "
            f"(first: run {others[0]['run']}, {others[0]['time']}); the interval is widened for them, too"
        )
    return SealRecord(
        number=opening.number,
        openings=len(history),
        overlapping=len(others),
        remarks=tuple(remarks),
        level=confidence_level(opening.number + len(others)),
        ledger=str(ledger.path),
        entry=opening.entry,
        problems=tuple(problems),
        history=history,
    )


def write_predictions(
    folder: RunFolder,
    name: str,
    ids: np.ndarray,
    y: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray,
    classes: tuple[str, ...],
) -> None:
    """Write a table of predictions: id, label, prediction, probability per class."""
    header = ["id", "label", "prediction", *(f"p_{c}" for c in classes)]
    rows = [
        [str(ids[i]), classes[y[i]], classes[predicted[i]], *(float(p) for p in probabilities[i])]
        for i in range(len(ids))
    ]
    folder.write_csv(name, header, rows)


def assess(folder: RunFolder, *, again: bool = False, sealed: SealedTest | None = None) -> Metrics:
    """Open the seal of an earlier run and score its model; unless ``sealed`` is at hand, its data are loaded anew.

    A run that was assessed before gives its recorded result and opens nothing, unless ``again``; if the seal was opened
    by others since, the recorded intervals are widened for that.

    Raises
    ------
    DataError
        If the data have changed or are gone.
    ArtifactError
        If the run is incomplete or damaged.
    """
    folder.require_run()
    with folder.lock():
        metrics = read_metrics(folder)
        if metrics.test is not None and not again:
            return widen(folder, metrics, metrics.test)
        settings = settings_of_run(folder)
        sealed = sealed or _seal_again(folder, settings, metrics)
        return assess_sealed(folder, sealed, metrics, config_hash=settings.hash())


def _seal_again(folder: RunFolder, settings: TrainSettings, metrics: Metrics) -> SealedTest:
    """Load the run's data anew, make sure that they are the same, and seal the same rows with the same groups."""
    from heldout.run.rows import digests_of, find_rows_of, seal_rows, with_groups_of

    data = load_data(settings)
    digests = digests_of(data)
    if digests.fingerprint != metrics.data.fingerprint:
        raise DataError(
            "the data have changed since the run was trained, so its sealed rows are no longer the same",
            where=settings.data,
            fix="bring the data back as they were, or train again",
        )
    split = read_split(folder)
    found = find_rows_of(split, data, digests, where=str(folder.path / "split.json"))
    data = with_groups_of(split, data, found, seed=settings.seed)
    return seal_rows(data, found, digests.content)[1]
