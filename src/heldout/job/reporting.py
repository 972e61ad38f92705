"""Gather what the report says from a run's files and the rows at hand, and write it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.files import write_bytes, write_text
from heldout.job.folder import MARK, RunFolder
from heldout.report.content import (
    DataSummary,
    History,
    LadderRow,
    Mistake,
    Opening,
    ReportContent,
    Scored,
    Seal,
    score,
)

MOST_MISTAKES = 24


def save_out_of_fold(folder: RunFolder, y: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray) -> None:
    """Keep the chosen model's out-of-fold predictions, so that the report can be made anew after `assess`."""
    folder.checkpoints.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, y=y, predicted=predicted, probabilities=probabilities)
    write_bytes(folder.checkpoints / "out_of_fold.npz", buffer.getvalue())


def find_mistakes(data: Dataset, predicted: np.ndarray, probabilities: np.ndarray) -> tuple[Mistake, ...]:
    """The most confident wrong answers, with the picture or the row."""
    wrong = np.flatnonzero(predicted != data.y)
    confidence = probabilities[np.arange(len(predicted)), predicted]
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_MISTAKES]
    return tuple(
        Mistake(
            id=str(data.ids[i]),
            truth=data.classes[data.y[i]],
            predicted=data.classes[predicted[i]],
            probability=float(confidence[i]),
            probability_of_truth=float(probabilities[i, data.y[i]]),
            picture=np.asarray(data.x[i]) if data.kind == "images" else None,
            row=_row(data, int(i)) if data.kind == "table" else {},
        )
        for i in worst
    )


def _row(data: Dataset, i: int) -> dict[str, Any]:
    row = data.x.iloc[i]
    return {str(name): row[name] for name in list(data.x.columns)[:40]}


def write_report(
    folder: RunFolder,
    values: Mapping[str, Any],
    mistakes: tuple[Mistake, ...],
    *,
    test: Scored | None = None,
    warnings: tuple[str, ...] = (),
) -> None:
    """Write ``report.html``. ``mistakes`` are those of the test rows if ``test`` is given."""
    from heldout.report.page import render_report

    write_text(folder.report, render_report(_content(folder, values, mistakes, test, warnings)))


def _content(
    folder: RunFolder,
    values: Mapping[str, Any],
    mistakes: tuple[Mistake, ...],
    test: Scored | None,
    warnings: tuple[str, ...],
) -> ReportContent:
    environment = folder.read_json("environment.json")
    classes = values["data"]["classes"]
    seal = values.get("seal") or {}
    resampling = values["cross_validation"]
    repeats = f" × {resampling['repeats']} repeats" if resampling["repeats"] > 1 else ""
    n_ladder, n_train = values["ladder_rows"], values["data"]["train"]
    on = f", on {n_ladder:,} of the {n_train:,} training rows" if n_ladder < n_train else ""
    note = values["chosen"]["note"]
    return ReportContent(
        title=folder.name,
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        chosen=values["chosen"]["title"],
        choice=". ".join([values["chosen"]["why"], *_decision(values)]) + ".",
        resampling=f"{resampling['folds']} folds{repeats}{on}",
        data=_data_summary(values["data"]),
        ladder=_ladder(values),
        cross_validated=_out_of_fold(folder, classes),
        test=test,
        seal=Seal(
            openings=tuple(
                Opening(time=o["time"], run=o["run"], model=o["model"], result=o.get("result", ""))
                for o in seal.get("history", ())
            ),
            ledger=seal.get("ledger", ""),
            intact=not seal.get("problems"),
            detail="; ".join([*seal.get("problems", ()), *seal.get("remarks", ())]),
        ),
        mistakes=mistakes,
        mistakes_from="test" if test is not None else "cross-validation",
        histories=_histories(folder),
        versions=_versions(environment),
        command=environment["command"],
        seed=values["seed"],
        config=(folder.path / MARK).read_text("utf-8"),
        seconds=values["seconds"],
        warnings=(*warnings, *((note,) if note else ())),
    )


def _decision(values: Mapping[str, Any]) -> list[str]:
    """How labels follow from probabilities, if that was asked for."""
    return [f"Decision: {values['decision']['says']}"] if values.get("decision") else []


def _data_summary(data: Mapping[str, Any]) -> DataSummary:
    counts = [(name, data["train_counts"][name] + data["test_counts"].get(name, 0)) for name in data["classes"]]
    grouped = data["groups"] < data["train"]
    return DataSummary(
        name=data["name"],
        kind=data["kind"],
        n_train=data["train"],
        n_test=data["test"],
        classes=tuple(counts),
        n_groups=data["groups"] if grouped else None,
        groups=f"{data['groups']:,} groups among the training rows; none crosses a split or a fold" if grouped else "",
        copies=data["copies"]["note"],
        skipped=tuple((name, reason) for name, reason in data["skipped"]),
        notes=tuple(note for note in data["notes"] if note != data["copies"]["note"]),
        fingerprint=data["fingerprint"],
    )


def _ladder(values: Mapping[str, Any]) -> tuple[LadderRow, ...]:
    best = max((rung for rung in values["ladder"] if rung["mean"] is not None), key=lambda rung: rung["mean"])
    threshold = best["mean"] - (best["se"] or 0.0)
    return tuple(
        LadderRow(
            model=rung["model"],
            title=rung["title"],
            status=rung["status"],
            why=rung["why"],
            mcc=rung["mean"],
            mcc_se=rung["se"],
            accuracy=rung["accuracy"],
            accuracy_se=rung["accuracy_se"],
            seconds=rung["seconds"] if rung["mean"] is not None else None,
            predict_seconds_per_1000=rung["predict_seconds_per_1000"],
            parameters=rung["parameters"],
            chosen=rung["model"] == values["chosen"]["model"],
            within_one_se=rung["mean"] is not None and rung["mean"] >= threshold,
        )
        for rung in values["ladder"]
    )


def _out_of_fold(folder: RunFolder, classes: list[str]) -> Scored | None:
    try:
        with np.load(folder.checkpoints / "out_of_fold.npz", allow_pickle=False) as kept:
            y, predicted, probabilities = kept["y"], kept["predicted"], kept["probabilities"]
    except FileNotFoundError:
        return None
    return score(y, probabilities, classes, predictions=predicted, with_intervals=False)


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
