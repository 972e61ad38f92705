"""The main job: split, seal, cross-validate, choose, refit, and (when asked) assess."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heldout.data.dataset import Dataset
from heldout.errors import ArtifactError, TrainingError
from heldout.evaluate.rules import Rule
from heldout.files import write_text
from heldout.job.looking import look_at_training
from heldout.job.metrics import chosen_record, cross_validation_record, data_record
from heldout.job.preparing import Prepared, prepare, prepare_again
from heldout.prepare.language import check_line
from heldout.report.samples import Samples, find_samples
from heldout.run.data import load_data
from heldout.run.environment import environment
from heldout.run.events import Assessing, CandidateChosen, DataLoaded, Done, EpochEnded, Event, Listener, SplitMade
from heldout.run.folder import MARK, RunFolder, choose_folder
from heldout.run.metrics import FILE as METRICS
from heldout.run.metrics import LearningCurve, Metrics, read_metrics, write_metrics
from heldout.run.settings import TrainSettings, settings_of_run
from heldout.run.split import FILE as SPLIT
from heldout.run.split import RunSplit, read_split
from heldout.select.candidates import check_names
from heldout.select.checkpoints import load_candidate, save_candidate
from heldout.select.choice import Choice, choose, out_of_fold_probabilities
from heldout.select.cross_validation import cross_validate
from heldout.select.deciding import check_threshold, choose_decision
from heldout.select.folds import load_folds, save_folds
from heldout.select.learning_curve import learning_curve
from heldout.select.refit import Fitted, refit
from heldout.select.results import CandidateResult, candidate_record, leaderboard_rows, score_rows, write_history
from heldout.select.search.candidates import CandidateSearch, plan_search, search_candidates
from heldout.select.search.report import search_record, write_searches
from heldout.select.selection import Selection, plan_selection
from heldout.split.ledger import Ledger
from heldout.split.sealed import SealedTest
from heldout.use.assess import assess_sealed, bundle_hash, closed_seal
from heldout.use.reporting import save_out_of_fold, write_report


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    folder: RunFolder
    metrics: Metrics
    sealed: SealedTest
    interrupted: bool = False


@dataclass(frozen=True)
class Job:
    """A job of which nothing is written yet: the data, split and sealed, and what is going to be tried."""

    folder: RunFolder
    settings: TrainSettings
    prepared: Prepared
    plan: Selection
    search: CandidateSearch | None


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
    check_names(settings.models)
    folder = choose_folder(out, _name_of(data, settings), resume=resume)
    begun = _begun(folder, settings) if resume else None
    if data is None:
        data = load_data(settings, load_progress)
    listen(DataLoaded(rows=len(data), classes=data.n_classes, kind=data.kind))
    job = _plan(folder, settings, data, begun, started)
    del data  # the sealed rows are out of reach from here on
    split_made = _split_made(job)  # reads the ledger: a foreign one is refused before any writing
    with _new_folder(folder), folder.lock(), folder.events() as write:
        tell = _teller(write, listen)
        done = _finished(folder) if resume else None
        if done is not None:
            if assess and done.test is None:
                done = assess_sealed(folder, job.prepared.sealed, done, config_hash=settings.hash())
            return Outcome(folder, done, job.prepared.sealed)
        _write_start(job, command)
        tell(split_made)
        tell(look_at_training(folder, job.prepared, settings))
        interrupted = _cross_validate(job, tell)
        choice = choose(job.plan.results)
        tell(CandidateChosen(model=choice.result.name, why=choice.why, interrupted=interrupted))
        _write_tables(job)
        fitted = _refit(job.plan, choice, tell)
        choice, rule, decision = choose_decision(job.plan, choice, settings.threshold)
        curve = None if interrupted else _learning_curve(job, choice, tell)
        bundle = _save_model(job, choice, fitted.model, rule)
        write_history(folder, [*choice.result.history, *fitted.history])
        metrics = dataclasses.replace(
            _metrics(job, choice, fitted, bundle),
            decision=decision,
            learning_curve=curve,
            interrupted=interrupted,
            seconds=time.monotonic() - started,
        )
        write_metrics(folder, metrics)
        _report(job, choice, metrics)
        if assess and not interrupted:
            tell(Assessing())
            metrics = assess_sealed(folder, job.prepared.sealed, metrics, config_hash=settings.hash())
        metrics = dataclasses.replace(metrics, seconds=time.monotonic() - started)
        write_metrics(folder, metrics)
        tell(Done(seconds=metrics.seconds))
    return Outcome(folder, metrics, job.prepared.sealed, interrupted)


def _name_of(data: Dataset | None, settings: TrainSettings) -> str:
    """What the run folder is called if nobody says."""
    path = Path(settings.data)
    return (data.name if data else path.stem if path.suffix else path.name) or "data"


def _plan(folder: RunFolder, settings: TrainSettings, data: Dataset, begun: RunSplit | None, started: float) -> Job:
    """Split and seal, and decide what is tried; a run that goes on keeps its split and its folds (``begun``)."""
    if begun is None:
        prepared, folds = prepare(data, settings), None
    else:
        prepared = prepare_again(data, settings, begun, where=str(folder.path / SPLIT))
        folds = load_folds(folder, begun.train)
    check_threshold(settings.threshold, prepared.train)
    if settings.prepare:
        check_line(settings.prepare, prepared.train)
    plan = plan_selection(prepared.train, settings, started=started, begun=folds)
    return Job(folder, settings, prepared, plan, plan_search(plan))


def _teller(write: Callable[[Mapping[str, Any]], None], listen: Listener) -> Listener:
    """Tell an event to the listener, and write it down unless it is one of very many."""

    def tell(event: Event) -> None:
        if not isinstance(event, EpochEnded):
            write(event.as_dict())
        listen(event)

    return tell


def _metrics(job: Job, choice: Choice, fitted: Fitted, bundle: str) -> Metrics:
    """What is known while the seal is closed, of the data, the candidates, the choice and the search."""
    return Metrics(
        data=data_record(job.prepared),
        chosen=chosen_record(choice, fitted, bundle),
        candidates=tuple(candidate_record(result) for result in job.plan.results),
        cross_validated_rows=len(job.plan.rows),
        cross_validation=cross_validation_record(job.plan, choice),
        seed=job.settings.seed,
        seconds=0.0,
        search=search_record(job.search, choice) if job.search else None,
        seal=closed_seal(job.prepared.split.fingerprint),
    )


def _refit(plan: Selection, choice: Choice, tell: Listener) -> Fitted:
    try:
        return refit(plan, choice, tell)
    except KeyboardInterrupt:
        raise TrainingError(
            "stopped while the chosen model was being fitted; what was cross-validated is kept",
            fix="the same command with --resume",
        ) from None


def _learning_curve(job: Job, choice: Choice, tell: Listener) -> LearningCurve:
    try:
        return learning_curve(job.folder, job.plan, choice, tell)
    except KeyboardInterrupt:  # the model is fitted: only the curve is left out
        return LearningCurve(why="it was stopped by the user")


def _finished(folder: RunFolder) -> Metrics | None:
    """Read the metrics of a run that is complete, so that resuming it changes nothing; None if work is left."""
    if not (folder.path / METRICS).exists() or not folder.report.exists():
        return None
    metrics = read_metrics(folder)
    return None if metrics.interrupted else metrics


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


def _write_start(job: Job, command: str) -> None:
    """Write what is known before training: the split, the environment, and last the settings, which make it a run."""
    import yaml

    folder, plan, settings = job.folder, job.plan, job.settings
    folder.write_json("environment.json", {**environment(), "command": command})
    if folder.is_run():  # it goes on: what it began with stays
        return
    save_folds(folder, plan.rows, plan.folds, settings, job.prepared.split.train)
    job.prepared.split.write(folder)
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


def _split_made(job: Job) -> SplitMade:
    ledger, plan, prepared = Ledger(), job.plan, job.prepared
    return SplitMade(
        folder=str(job.folder.path),
        train=len(prepared.train),
        test=prepared.sealed.n,
        cross_validated_rows=len(plan.rows),
        folds=plan.n_folds,
        repeats=len(plan.folds) // plan.n_folds,
        models=tuple((candidate.name, candidate.title) for candidate in plan.candidates),
        notes=prepared.split.notes,
        skipped=tuple((item.id, item.reason) for item in prepared.train.skipped),
        openings=ledger.count(prepared.split.fingerprint),
        ledger_problems=tuple(ledger.verify()),
    )


def _cross_validate(job: Job, tell: Listener) -> bool:
    """Cross-validate, and search if that was asked for, with checkpoints; returns whether Ctrl-C ended it early."""
    key = f"{job.prepared.split.fingerprint}-{job.settings.hash()}"
    places, plan = job.folder.checkpoints, job.plan

    def known(result: CandidateResult) -> bool:
        return load_candidate(places, key, result, len(plan.rows))

    def save(result: CandidateResult) -> None:
        save_candidate(places, key, result)
        _write_tables(job, searches=False)

    try:
        cross_validate(plan, tell, known=known, save=save)
        if job.search:
            search_candidates(job.search, tell, record=places / "searches.sqlite", key=key, known=known, save=save)
    except KeyboardInterrupt:
        for result in plan.results:
            if result.status in ("waiting", "running"):
                result.status, result.why = "skipped", "stopped by the user"
        if not any(result.status == "finished" for result in plan.results):
            raise TrainingError("stopped before any model finished", fix="heldout train ... --resume") from None
        return True
    return False


def _write_tables(job: Job, *, searches: bool = True) -> None:
    job.folder.write_csv("leaderboard.csv", *leaderboard_rows(job.plan.results))
    job.folder.write_csv("scores.csv", *score_rows(job.plan.results))
    if searches and job.search:
        write_searches(job.folder, job.search)


def _save_model(job: Job, choice: Choice, model: Any, rule: Rule | None) -> str:
    """Write the bundle; returns the hash of what it is."""
    from heldout.deploy.bundle import save_bundle

    data = job.plan.data
    about = {"name": data.name, "chosen": choice.result.name, "data": job.prepared.split.fingerprint}
    save_bundle(
        job.folder.model,
        model,
        classes=list(data.classes),
        input=dict(data.input),
        info=about | ({"decision": rule.record()} if rule else {}),
    )
    return bundle_hash(job.folder)


def _report(job: Job, choice: Choice, metrics: Metrics) -> None:
    """Write the report of a run whose seal is closed: rows to look at are those of cross-validation."""
    plan = job.plan
    probabilities = out_of_fold_probabilities(plan, choice.result)
    predicted = choice.result.predicted
    samples = Samples()
    if probabilities is not None and predicted is not None:
        rows = plan.data.take(plan.rows)
        save_out_of_fold(job.folder, plan.y, predicted, probabilities, rows.groups)
        samples = find_samples(rows, predicted, probabilities)
    early = "Cross-validation was stopped early; this is the best so far."
    write_report(job.folder, metrics, samples, warnings=(early,) if metrics.interrupted else ())
