"""The main job: split, seal, cross-validate, choose, refit, and (when asked) assess."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heldout.data.dataset import Dataset
from heldout.errors import ArtifactError, TrainingError
from heldout.evaluate.rules import Rule
from heldout.files import write_text
from heldout.job.looking import look_at_training
from heldout.job.metrics import metrics_of
from heldout.job.preparing import Prepared, prepare, prepare_again
from heldout.prepare.language import check_line
from heldout.report.samples import Samples, find_samples
from heldout.run.data import load_data
from heldout.run.environment import environment
from heldout.run.folder import MARK, RunFolder, choose_folder
from heldout.run.metrics import read_metrics, write_metrics
from heldout.run.settings import TrainSettings, settings_of_run
from heldout.run.split import RunSplit, read_split
from heldout.select.candidates import check_names
from heldout.select.checkpoints import load_candidate, save_candidate
from heldout.select.choice import Choice, choose, out_of_fold_probabilities
from heldout.select.cross_validation import cross_validate
from heldout.select.deciding import check_threshold, choose_decision
from heldout.select.folds import load_folds, save_folds
from heldout.select.learning_curve import learning_curve
from heldout.select.refit import refit
from heldout.select.results import CandidateResult, leaderboard_rows, score_rows, write_history
from heldout.select.search.candidates import CandidateSearch, plan_search, search_candidates
from heldout.select.search.report import search_metrics, write_searches
from heldout.select.selection import Listener, Selection, plan_selection
from heldout.split.sealed import SealedTest
from heldout.use.assess import assess_sealed, bundle_hash, closed_seal
from heldout.use.reporting import save_out_of_fold, write_report


@dataclass
class Outcome:
    """How a job ended."""

    folder: RunFolder
    metrics: dict[str, Any]
    sealed: SealedTest
    interrupted: bool = False


def train(
    settings: TrainSettings,
    *,
    data: Dataset | None = None,
    out: str | None = None,
    resume: bool = False,
    assess: bool = False,
    command: str = "",
    started: float | None = None,
    listen: Listener = lambda event: None,
    load_progress: Callable[[int, int, str], None] | None = None,
) -> Outcome:
    """Train on labelled data and write a run folder.

    ``started`` is the moment (`time.monotonic`) from which the time limit counts, by default now.

    Nothing is written before the data and settings were found good. Ctrl-C during cross-validation ends it with the
    best model so far.

    Raises
    ------
    DataError, SettingError
        If the data or the call is wrong; nothing was written.
    TrainingError
        If no model finished.
    """
    started = time.monotonic() if started is None else started
    name = Path(settings.data).stem if Path(settings.data).suffix else Path(settings.data).name
    check_names(settings.models)
    folder = choose_folder(out, (data.name if data else name) or "data", resume=resume)
    begun = _begun(folder, settings) if resume else None
    if data is None:
        data = load_data(settings, load_progress)
    listen({"event": "data-loaded", "rows": len(data), "classes": data.n_classes, "kind": data.kind})
    if begun is None:
        prepared = prepare(data, settings)
    else:
        prepared = prepare_again(data, settings, begun, where=str(folder.path / "split.json"))
    del data  # the sealed rows are out of reach from here on
    check_threshold(settings.threshold, prepared.train)
    if settings.prepare:
        check_line(settings.prepare, prepared.train)
    kept = load_folds(folder, begun.train) if begun else None
    plan = plan_selection(prepared.train, settings, started=started, begun=kept)
    search = plan_search(plan)
    split_event = _split_event(prepared, plan, folder)  # reads the ledger: a foreign one is refused before any writing
    with _new_folder(folder), folder.lock(), folder.events() as write_event:

        def tell(event: dict[str, Any]) -> None:
            if event["event"] != "epoch-ended":
                write_event(event)
            listen(event)

        done = _finished(folder) if resume else None
        if done is not None:
            if assess and "test" not in done:
                done = assess_sealed(folder, prepared.sealed, done, config_hash=settings.hash())
            return Outcome(folder, done, prepared.sealed)
        _write_start(folder, settings, prepared.split, plan, command)
        tell(split_event)
        tell(look_at_training(folder, prepared, settings))
        interrupted = _cross_validate(folder, plan, settings, prepared, tell, search)
        choice = choose(plan.results)
        tell({"event": "chosen", "model": choice.result.name, "why": choice.why, "interrupted": interrupted})
        _write_scores(folder, plan)
        if search:
            write_searches(folder, search)
        try:
            fitted = refit(plan, choice, tell)
        except KeyboardInterrupt:
            raise TrainingError(
                "stopped while the chosen model was being fitted; what was cross-validated is kept",
                fix="the same command with --resume",
            ) from None
        choice, rule, decision = choose_decision(plan, choice, settings.threshold)
        metrics = metrics_of(prepared, plan, choice, fitted, settings, started)
        metrics |= {"decision": decision} if decision else {}
        if not interrupted:
            try:
                metrics["learning_curve"] = learning_curve(folder, plan, choice, tell)
            except KeyboardInterrupt:  # the model is fitted: only the curve is left out
                metrics["learning_curve"] = {"why": "it was stopped by the user"}
        metrics |= search_metrics(search, choice) if search else {}
        metrics["interrupted"] = interrupted
        metrics["seal"] = closed_seal(prepared.split.fingerprint)
        _save_model(folder, plan, choice, fitted.model, prepared, rule)
        metrics["chosen"]["bundle"] = bundle_hash(folder)
        write_history(folder, [*choice.result.history, *fitted.history])
        write_metrics(folder, metrics)
        _report(folder, plan, choice, metrics, interrupted)
        if assess and not interrupted:
            tell({"event": "assessing"})
            metrics = assess_sealed(folder, prepared.sealed, metrics, config_hash=settings.hash())
        metrics["seconds"] = time.monotonic() - started
        write_metrics(folder, metrics)
        tell({"event": "done", "seconds": metrics["seconds"]})
    return Outcome(folder, metrics, prepared.sealed, interrupted)


def _finished(folder: RunFolder) -> dict[str, Any] | None:
    """Read the metrics of a run that is complete, so that resuming it changes nothing; None if work is left."""
    if not (folder.path / "metrics.json").exists() or not folder.report.exists():
        return None
    values = read_metrics(folder)
    return None if values.get("interrupted") else values


@contextlib.contextmanager
def _new_folder(folder: RunFolder) -> Any:
    """Make the folder; a job that fails before it is a run leaves none behind."""
    new = not folder.path.exists()
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if new and not folder.is_run():
            shutil.rmtree(folder.path, ignore_errors=True)
        raise


def _write_start(folder: RunFolder, settings: TrainSettings, split: RunSplit, plan: Selection, command: str) -> None:
    """Write what is known before training: the split, the environment, and last the settings, which make it a run."""
    import yaml

    folder.write_json("environment.json", {**environment(), "command": command})
    if folder.is_run():  # it goes on: what it began with stays
        return
    save_folds(folder, plan.rows, plan.folds, settings, split.train)
    split.write(folder)
    write_text(folder.path / MARK, yaml.safe_dump(settings.changed(), sort_keys=False, allow_unicode=True))


def _begun(folder: RunFolder, settings: TrainSettings) -> RunSplit:
    """The split that a run began with; refuses to resume it with other settings."""
    if settings_of_run(folder).hash() != settings.hash():
        raise ArtifactError(
            "this run began with other settings",
            where=str(folder.path),
            fix="repeat its command, or choose another --out",
        )
    return read_split(folder)


def _split_event(prepared: Prepared, plan: Selection, folder: RunFolder) -> dict[str, Any]:
    from heldout.split.ledger import Ledger

    ledger = Ledger()
    return {
        "event": "split",
        "folder": str(folder.path),
        "train": len(prepared.train),
        "test": prepared.sealed.n,
        "cross_validated_rows": len(plan.rows),
        "folds": plan.n_folds,
        "repeats": len(plan.folds) // plan.n_folds,
        "models": [[candidate.name, candidate.title] for candidate in plan.candidates],
        "notes": list(prepared.split.notes),
        "skipped": [[item.id, item.reason] for item in prepared.train.skipped],
        "openings": ledger.count(prepared.split.fingerprint),
        "ledger_problems": ledger.verify(),
    }


def _cross_validate(
    folder: RunFolder,
    plan: Selection,
    settings: TrainSettings,
    prepared: Prepared,
    tell: Listener,
    search: CandidateSearch | None,
) -> bool:
    """Cross-validate, and search if that was asked for, with checkpoints; returns whether Ctrl-C ended it early."""
    key = f"{prepared.split.fingerprint}-{settings.hash()}"

    def known(result: CandidateResult) -> bool:
        return load_candidate(folder.checkpoints, key, result, len(plan.rows))

    def save(result: CandidateResult) -> None:
        save_candidate(folder.checkpoints, key, result)
        _write_scores(folder, plan)

    try:
        cross_validate(plan, tell, known=known, save=save)
        if search:
            search_candidates(
                search, tell, record=folder.checkpoints / "searches.sqlite", key=key, known=known, save=save
            )
    except KeyboardInterrupt:
        for result in plan.results:
            if result.status in ("waiting", "running"):
                result.status, result.why = "skipped", "stopped by the user"
        if not any(result.status == "finished" for result in plan.results):
            raise TrainingError("stopped before any model finished", fix="heldout train ... --resume") from None
        return True
    return False


def _write_scores(folder: RunFolder, plan: Selection) -> None:
    folder.write_csv("leaderboard.csv", *leaderboard_rows(plan.results))
    folder.write_csv("scores.csv", *score_rows(plan.results))


def _save_model(
    folder: RunFolder, plan: Selection, choice: Choice, model: Any, prepared: Prepared, rule: Rule | None
) -> None:
    from heldout.deploy.bundle import save_bundle

    save_bundle(
        folder.model,
        model,
        classes=list(plan.data.classes),
        input=dict(plan.data.input),
        info={"name": plan.data.name, "chosen": choice.result.name, "data": prepared.split.fingerprint}
        | ({"decision": rule.record()} if rule else {}),
    )


def _report(folder: RunFolder, plan: Selection, choice: Choice, values: dict[str, Any], interrupted: bool) -> None:
    """Write the report of a run whose seal is closed: rows to look at are those of cross-validation."""
    probabilities = out_of_fold_probabilities(plan, choice.result)
    predicted = choice.result.predicted
    samples = Samples()
    if probabilities is not None and predicted is not None:
        rows = plan.data.take(plan.rows)
        save_out_of_fold(folder, plan.y, predicted, probabilities, rows.groups)
        samples = find_samples(rows, predicted, probabilities)
    warnings = ("Cross-validation was stopped early; this is the best so far.",) if interrupted else ()
    write_report(folder, values, samples, warnings=warnings)
