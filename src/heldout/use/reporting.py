"""Gather what the report says from a run's files and the rows at hand, and write it."""

from __future__ import annotations

import dataclasses
import io
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np

from heldout.evaluate.comparison import Comparison
from heldout.evaluate.rules import Rule, rule_from
from heldout.evaluate.scoring import Scored, score
from heldout.files import write_bytes, write_text
from heldout.report.content import (
    DataFinding,
    DataSummary,
    History,
    LeaderboardRow,
    LearningCurve,
    Opening,
    ReportContent,
    Seal,
)
from heldout.report.content import Status as ReportedStatus
from heldout.report.samples import Samples
from heldout.run.folder import LOOK, MARK, RunFolder
from heldout.run.metrics import DataRecord, Metrics
from heldout.run.settings import settings_of_run
from heldout.use.searches import searches_of

OUT_OF_FOLD = "out_of_fold.npz"


def save_out_of_fold(
    folder: RunFolder,
    y: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray | None = None,
) -> None:
    """Keep the chosen model's out-of-fold predictions, so that the report can be made anew after `assess`."""
    folder.checkpoints.mkdir(exist_ok=True)
    arrays = {"y": y, "predicted": predicted, "probabilities": probabilities}
    if groups is not None:
        arrays["groups"] = groups
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_bytes(folder.checkpoints / OUT_OF_FOLD, buffer.getvalue())


def write_report(
    folder: RunFolder,
    metrics: Metrics,
    samples: Samples,
    *,
    test: Scored | None = None,
    warnings: tuple[str, ...] = (),
) -> None:
    """Write ``report.html``. ``samples`` are of the test rows if ``test`` is given, else of the out-of-fold rows."""
    from heldout.report.page import render_report

    write_text(folder.report, render_report(_content(folder, metrics, samples, test, warnings)))


def _content(
    folder: RunFolder,
    metrics: Metrics,
    samples: Samples,
    test: Scored | None,
    warnings: tuple[str, ...],
) -> ReportContent:
    environment = folder.read_json("environment.json")
    classes = metrics.data.classes
    seal = metrics.seal
    resampling = metrics.cross_validation
    repeats = f" × {resampling.repeats} repeats" if resampling.repeats > 1 else ""
    n_cross_validated, n_train = metrics.cross_validated_rows, metrics.data.train
    on = f", on {n_cross_validated:,} of the {n_train:,} training rows" if n_cross_validated < n_train else ""
    note = metrics.chosen.note
    return ReportContent(
        title=folder.name,
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        chosen=metrics.chosen.title,
        choice=". ".join([metrics.chosen.why, *_decision(metrics)]) + ".",
        resampling=f"{resampling.folds} folds{repeats}{on}",
        data=_data_summary(metrics.data),
        leaderboard=_leaderboard(metrics),
        cross_validated=_out_of_fold(folder, classes),
        test=test,
        seal=Seal(
            openings=tuple(
                Opening(time=one.time, run=one.run, model=one.model, result=one.result) for one in seal.history
            ),
            ledger=seal.ledger,
            intact=not seal.problems,
            detail="; ".join([*seal.problems, *(seal.remarks or ())]),
        ),
        mistakes=samples.mistakes,
        samples=samples.behind,
        rivals=_rivals(folder, metrics),
        rule=_rule(metrics),
        histories=_histories(folder),
        learning_curve=_learning_curve(metrics),
        no_learning_curve=(metrics.learning_curve.why or "") if metrics.learning_curve else "",
        searches=searches_of(folder, metrics),
        versions=_versions(environment),
        hashes=_hashes(folder, metrics),
        predict=f"heldout predict {shlex.quote(str(folder.path))} INPUT",
        **_findings(folder),
        command=environment["command"],
        seed=metrics.seed,
        config=(folder.path / MARK).read_text("utf-8"),
        seconds=metrics.seconds,
        warnings=(*warnings, *((note,) if note else ())),
    )


def _rivals(folder: RunFolder, metrics: Metrics) -> tuple[Comparison, ...]:
    """The chosen model against each other one that finished, with Holm's correction over these pairs."""
    from heldout.evaluate.comparison import adjust
    from heldout.use.compare import compare_runs

    chosen = metrics.chosen.model
    if len(metrics.finished) < 2:
        return ()
    pairs = [Comparison(**pair) for pair in compare_runs([str(folder.path)])["pairs"]]
    found = {pair.b: pair for pair in (_chosen_first(pair, chosen) for pair in pairs) if pair.a == chosen}
    order = [candidate.model for candidate in metrics.candidates if candidate.model in found]
    return tuple(adjust([found[model] for model in order]))


def _chosen_first(pair: Comparison, chosen: str) -> Comparison:
    """The same comparison seen from the other side, if the chosen model stands second."""
    if pair.b != chosen:
        return pair
    return dataclasses.replace(
        pair,
        a=pair.b,
        b=pair.a,
        mean_a=pair.mean_b,
        mean_b=pair.mean_a,
        difference=-pair.difference,
        low=-pair.high,
        high=-pair.low,
        cohens_d=None if pair.cohens_d is None else -pair.cohens_d,
        cliffs_delta=-pair.cliffs_delta,
        rank_biserial=None if pair.rank_biserial is None else -pair.rank_biserial,
    )


def _rule(metrics: Metrics) -> Rule | None:
    record = metrics.decision.rule if metrics.decision else None
    return None if record is None else rule_from(record, len(metrics.data.classes))


def _findings(folder: RunFolder) -> dict[str, Any]:
    """What a look at the training rows found, if one was kept with the run."""
    if not (folder.path / LOOK).exists():
        return {}
    kept = folder.read_json(LOOK)
    found = tuple(
        DataFinding(
            severity=str(one["severity"]),
            title=str(one["title"]),
            explanation=str(one.get("explanation", "")),
            remedy=str(one.get("remedy", "")),
            items=tuple(str(item) for item in one.get("items", ())),
            n_items=int(one.get("n_items", 0)),
        )
        for one in kept["findings"]
    )
    sampled = "".join(f" {text[:1].upper()}{text[1:]}." for text in kept.get("sampled", ()))
    return {"findings": found, "looked": f"At the {kept['rows']:,} training rows only.{sampled}"}


def _hashes(folder: RunFolder, metrics: Metrics) -> dict[str, str]:
    """What identifies data, sealed rows, settings, model and the ledger's entry."""
    found = {
        "data": metrics.data.fingerprint,
        "sealed rows": metrics.data.test_fingerprint,
        "settings": settings_of_run(folder).hash(),
        "model": metrics.chosen.bundle or "",
        "ledger entry": str(metrics.seal.entry or ""),
    }
    return {name: value for name, value in found.items() if value}


def _decision(metrics: Metrics) -> list[str]:
    """How labels follow from probabilities, if that was asked for."""
    return [f"Decision: {metrics.decision.says}"] if metrics.decision else []


def _data_summary(data: DataRecord) -> DataSummary:
    counts = [(name, data.train_counts[name] + data.test_counts.get(name, 0)) for name in data.classes]
    grouped = data.groups < data.train
    return DataSummary(
        name=data.name,
        kind=data.kind,
        n_train=data.train,
        n_test=data.test,
        classes=tuple(counts),
        n_groups=data.groups if grouped else None,
        groups=f"{data.groups:,} groups among the training rows; none crosses a split or a fold" if grouped else "",
        copies=data.copies.note,
        skipped=tuple((name, reason) for name, reason in data.skipped),
        notes=tuple(note for note in data.notes if note != data.copies.note),
        fingerprint=data.fingerprint,
    )


def _leaderboard(metrics: Metrics) -> tuple[LeaderboardRow, ...]:
    best, se = max(((one.mean, one.se) for one in metrics.candidates if one.mean is not None), key=lambda pair: pair[0])
    threshold = best - (se or 0.0)
    return tuple(
        LeaderboardRow(
            model=candidate.model,
            title=candidate.title,
            status=cast("ReportedStatus", candidate.status),
            why=candidate.why,
            mcc=candidate.mean,
            mcc_se=candidate.se,
            accuracy=candidate.accuracy,
            accuracy_se=candidate.accuracy_se,
            seconds=candidate.seconds if candidate.mean is not None else None,
            predict_seconds_per_1000=candidate.predict_seconds_per_1000,
            parameters=candidate.parameters,
            chosen=candidate.model == metrics.chosen.model,
            within_one_se=candidate.mean is not None and candidate.mean >= threshold,
        )
        for candidate in metrics.candidates
    )


def _out_of_fold(folder: RunFolder, classes: Sequence[str]) -> Scored | None:
    try:
        with np.load(folder.checkpoints / OUT_OF_FOLD, allow_pickle=False) as kept:
            y, predicted, probabilities = kept["y"], kept["predicted"], kept["probabilities"]
            groups = kept.get("groups")
    except FileNotFoundError:
        return None
    if groups is not None and len(np.unique(groups)) == len(y):
        groups = None
    return score(y, probabilities, classes, predictions=predicted, groups=groups)


def _learning_curve(metrics: Metrics) -> LearningCurve | None:
    curve = metrics.learning_curve
    points = tuple((point.rows, point.mcc, point.mcc_se) for point in (curve.points or () if curve else ()))
    if curve is None or len(points) < 2:
        return None
    gain = curve.gain or {}
    return LearningCurve(points, gain.get("mcc"), gain.get("se"))


def _histories(folder: RunFolder) -> tuple[History, ...]:
    """Learning curves from ``history.csv``: mean ± standard error over the folds' trainings."""
    import pandas as pd

    path = folder.path / "history.csv"
    if not path.exists():
        return ()
    table = pd.read_csv(path)
    table = table[table["part"] != "final"]
    found = []
    for measure in ("loss", "error"):
        columns = {"training": measure, "validation": f"validation_{measure}"}
        series: dict[str, tuple[list[float], list[float] | None]] = {}
        for label, column in columns.items():
            if column in table and table[column].notna().any():
                by_epoch = table.groupby("epoch")[column]
                se = by_epoch.sem() if by_epoch.count().min() > 1 else None
                series[label] = (by_epoch.mean().tolist(), None if se is None else se.tolist())
        if series:
            found.append(History(f"The chosen net: {measure} in each fold's training, mean ± standard error", series))
    return tuple(found)


def _versions(environment: Mapping[str, Any]) -> dict[str, str]:
    plain = {key: str(environment[key]) for key in ("heldout", "python", "system", "cores")}
    return plain | {name: version or "not installed" for name, version in environment["versions"].items()}
