"""Say whether trained runs, or the models of one run, are really different."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from heldout.errors import ArtifactError, DataError, SettingError
from heldout.evaluate.answers import compare_answers
from heldout.evaluate.comparison import Comparison, adjust, compare
from heldout.evaluate.intervals import mean_interval
from heldout.evaluate.standard_errors import difference_se_floor
from heldout.run.folder import RunFolder
from heldout.run.metrics import Metrics, read_metrics
from heldout.run.openings import load_answers
from heldout.run.split import read_split

METRICS = ("mcc", "accuracy")


@dataclass(frozen=True)
class Side:
    """One model of one run, with what decides whether it can be compared with another.

    Attributes
    ----------
    name, model : str
    folder : RunFolder
    scores : float array, shape (J,)
        By repeat and fold.
    n_train, n_validation : float
        Mean rows of a fold.
    n_independent : float
        Rows (with groups: groups) that were cross-validated on.
    data : str
        Fingerprint.
    folds : str
        Rows and folds in one text; empty if not known.
    n_compared : int
        Models among which this one was chosen.
    """

    name: str
    model: str
    folder: RunFolder
    scores: np.ndarray
    n_train: float
    n_validation: float
    n_independent: float
    data: str
    folds: str
    n_compared: int


def compare_runs(
    runs: Sequence[str], *, metric: str = "mcc", margin: float | None = None, level: float = 0.95
) -> dict[str, Any]:
    """Compare the chosen models of several runs, or all models of one.

    Cross-validated scores are paired by repeat and fold where the runs have the same folds of the same rows, and
    compared by the corrected resampled t-test; runs of the same data with other folds are compared unpaired, which
    shows less. P-values are Holm's, over all pairs. Where two runs were assessed on the same sealed rows, their
    recorded answers are compared by McNemar's test, too; the seal stays as it is.

    Parameters
    ----------
    runs : sequence of path
    metric : 'mcc' or 'accuracy'
    margin : float, optional
        Largest difference that would not matter.
    level : float, default=0.95

    Returns
    -------
    dict
        ``metric``, ``level``, ``models`` (best mean first: name, run, model, mean, low, high, n, best_group), ``pairs``
        (as `Comparison.record`), ``test`` (McNemar, per pair that has one), ``verdict``, ``notes``.

    Raises
    ------
    DataError
        If the runs are of different data.
    SettingError, ArtifactError
        If there are too few models, the metric is unknown, or a run is incomplete, damaged or from a newer heldout.
    """
    if metric not in METRICS:
        raise SettingError(f"runs keep no {metric!r} for each fold", where="--metric", fix="use mcc or accuracy")
    sides = _sides(list(runs), metric)
    _require_same_data(sides)
    pairs, notes = [], []
    for a, b in combinations(sides, 2):
        pair, note = _compare_sides(a, b, metric, margin, level)
        pairs.append(pair)
        notes += [note] if note else []
    pairs = adjust(pairs)
    order = sorted(range(len(sides)), key=lambda i: -float(sides[i].scores.mean()))
    best = sides[order[0]].name
    level_with_best = [pair for pair in pairs if best in (pair.a, pair.b) and not pair.differs]
    together = {best, *(name for pair in level_with_best for name in (pair.a, pair.b))}
    notes += _notes(sides)
    return {
        "metric": metric,
        "level": level,
        "models": [_record(sides[i], level, sides[i].name in together) for i in order],
        "pairs": [pair.record() for pair in pairs],
        "test": [found for a, b in combinations(sides, 2) if (found := _on_test_rows(a, b, level))],
        "verdict": _verdict(best, [sides[i].name for i in order if sides[i].name in together], pairs),
        "notes": list(dict.fromkeys(notes)),
    }


def _sides(runs: list[str], metric: str) -> list[Side]:
    folders = [RunFolder(run).require_run() for run in runs]
    paths = [folder.path.resolve() for folder in folders]
    if len(set(paths)) < len(paths):
        raise SettingError("a run is named twice", where=str(runs[0]), fix="name different runs, or one alone")
    if len(folders) == 1:
        metrics = read_metrics(folders[0])
        names = [candidate.model for candidate in metrics.finished]
        if len(names) < 2:
            raise SettingError(
                f"the run has {len(names)} finished model, and nothing to compare it with",
                where=str(folders[0].path),
                fix="name a second run",
            )
        return [_side(folders[0], metrics, name, name, metric, 1) for name in names]
    short = [folder.name for folder in folders]
    labels = short if len(set(short)) == len(short) else [str(run) for run in runs]
    sides = []
    for folder, label in zip(folders, labels, strict=True):
        metrics = read_metrics(folder)
        n_compared = metrics.cross_validation.models_compared
        sides.append(_side(folder, metrics, label, metrics.chosen.model, metric, n_compared))
    return sides


def _side(folder: RunFolder, metrics: Metrics, name: str, model: str, metric: str, n_compared: int) -> Side:
    rows = [row for row in _score_rows(folder) if row["model"] == model]
    try:
        rows.sort(key=lambda row: (int(row["repeat"]), int(row["fold"])))
        table = np.array([[float(row[key]) for key in (metric, "n_train", "n_validation")] for row in rows])
        data = metrics.data
        n_independent = data.groups * metrics.cross_validated_rows / data.train
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        raise ArtifactError(
            f"its scores cannot be read ({error})", where=str(folder.path / "scores.csv"), fix="train again"
        ) from error
    if len(rows) < 2:
        raise ArtifactError(
            f"there are {len(rows)} scores of {model}", where=str(folder.path / "scores.csv"), fix="train again"
        )
    sizes = table[:, 1:].mean(axis=0)
    return Side(
        name,
        model,
        folder,
        table[:, 0],
        float(sizes[0]),
        float(sizes[1]),
        float(n_independent),
        data.fingerprint,
        _folds_text(folder),
        n_compared,
    )


def _score_rows(folder: RunFolder) -> list[dict[str, str]]:
    try:
        with (folder.path / "scores.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArtifactError(
            f"the run's scores cannot be read: {error}",
            where=str(folder.path / "scores.csv"),
            fix="finish it: heldout train ... --resume",
        ) from error


def _folds_text(folder: RunFolder) -> str:
    """Contents of the training rows in their order, and the folds over them; empty if the run keeps no folds."""
    if not (folder.path / "folds.json").exists():
        return ""
    return json.dumps([folder.read_json("folds.json"), list(read_split(folder).train_content)], sort_keys=True)


def _require_same_data(sides: list[Side]) -> None:
    other = next((side for side in sides if side.data != sides[0].data), None)
    if other is not None:
        raise DataError(
            f"{sides[0].name} and {other.name} were trained on different data "
            f"(fingerprints {sides[0].data[:12]} and {other.data[:12]}), so their scores cannot be compared",
            where=str(other.folder.path),
            fix="train both on the same data; `heldout evaluate RUN DATA` scores each on the same new rows",
        )


def _compare_sides(a: Side, b: Side, metric: str, margin: float | None, level: float) -> tuple[Comparison, str]:
    paired = a.folder.path == b.folder.path or (bool(a.folds) and a.folds == b.folds)
    paired = paired and len(a.scores) == len(b.scores)
    note = (
        ""
        if paired
        else (
            f"{a.name} and {b.name} have other folds (another seed, or other settings of the split or the folds): "
            "they are compared unpaired, which shows less; train both with the same for a sharper answer"
        )
    )
    n_train, n_validation = (a.n_train + b.n_train) / 2, (a.n_validation + b.n_validation) / 2
    found = compare(
        a.scores,
        b.scores,
        n_train=n_train,
        n_validation=n_validation,
        paired=paired,
        names=(a.name, b.name),
        margin=margin,
        level=level,
        se_floor=difference_se_floor(min(a.n_independent, b.n_independent)),
    )
    return found, note


def _on_test_rows(a: Side, b: Side, level: float) -> dict[str, Any] | None:
    """McNemar's test (with groups: a t-test of theirs) on recorded answers to the same sealed rows; None without."""
    if a.folder.path == b.folder.path:
        return None
    answers = [_answers(side.folder) for side in (a, b)]
    contents = [read_split(side.folder).test_content for side in (a, b)]
    if answers[0] is None or answers[1] is None or contents[0] != contents[1]:
        return None
    if len(answers[0]) != len(answers[1]) or len(answers[0]) != len(contents[0]):
        raise ArtifactError(
            f"its predictions have {len(answers[1])} rows, the test part has {len(contents[0])}",
            where=str(b.folder.path / "predictions.csv"),
            fix="heldout assess --again, on record",
        )
    kept = load_answers(a.folder)
    groups = None if kept is None or len(kept[0].y) != len(answers[0]) else kept[0].groups
    return compare_answers(answers[0], answers[1], groups=groups, names=(a.name, b.name), level=level)


def _answers(folder: RunFolder) -> np.ndarray | None:
    """Whether each sealed row was answered rightly, as recorded when the run was assessed."""
    path = folder.path / "predictions.csv"
    if not path.exists():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return np.array([row["label"] == row["prediction"] for row in csv.DictReader(stream)], dtype=bool)
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise ArtifactError(f"cannot be read: {error}", where=str(path), fix="heldout assess --again") from error


def _record(side: Side, level: float, in_best_group: bool) -> dict[str, Any]:
    floor = difference_se_floor(side.n_independent) / math.sqrt(2)
    ends = mean_interval(side.scores, side.n_train, side.n_validation, level=level, se_floor=floor)
    low, high = (max(-1.0, ends[0]), min(1.0, ends[1])) if ends else (None, None)
    return {
        "name": side.name,
        "run": str(side.folder.path),
        "model": side.model,
        "mean": float(side.scores.mean()),
        "low": low,
        "high": high,
        "n": len(side.scores),
        "best_group": in_best_group,
    }


def _verdict(best: str, together: list[str], pairs: list[Comparison]) -> str:
    if len(pairs) == 1:
        return pairs[0].says + "."
    others = [name for name in together if name != best]
    if not others:
        return f"{best} is better than every other (Holm's correction over {len(pairs)} comparisons)."
    return f"{best} has the highest mean; not shown to be worse: {', '.join(others)}."


def _notes(sides: list[Side]) -> list[str]:
    chosen = [side for side in sides if side.n_compared > 1]
    if not chosen:
        return []
    return [
        f"{', '.join(side.name for side in chosen)}: chosen as best of several models on these same folds, "
        "so slightly optimistic"
    ]


def draw_forest(found: dict[str, Any]) -> str:
    """Draw means with their intervals as SVG, a line a model; filled dots are not shown to be worse than the best."""
    from heldout.report.svg import Drawing

    models = found["models"]
    ends = [value for model in models for value in (model["low"], model["high"], model["mean"]) if value is not None]
    low, high = min(ends), max(ends)
    pad = 0.05 * (high - low) or 0.01
    low, high = low - pad, high + pad
    left, width, line = 20.0 + 7.0 * max(len(model["name"]) for model in models), 420.0, 26.0
    label = f"{found['metric'].upper()} of {len(models)} models with {100 * found['level']:g} % intervals"
    drawing = Drawing(left + width + 70, line * len(models) + 62, label)

    def at(value: float) -> float:
        return left + width * (value - low) / (high - low)

    drawing.text(left, 16, label, "title")
    for place, model in enumerate(models):
        y = 40 + line * place
        drawing.text(left - 10, y + 4, model["name"], "name", anchor="end")
        if model["low"] is not None:
            drawing.line(at(model["low"]), y, at(model["high"]), y, "bar")
        drawing.circle(at(model["mean"]), y, 5, "best" if model["best_group"] else "worse")
        drawing.text(left + width + 12, y + 4, f"{model['mean']:.3f}", "name")
    bottom = 40 + line * len(models)
    drawing.line(left, bottom - 8, left + width, bottom - 8, "axis")
    for value in (low, (low + high) / 2, high):
        drawing.line(at(value), bottom - 8, at(value), bottom - 3, "axis")
        drawing.text(at(value), bottom + 10, f"{value:.3f}", "tick", anchor="middle")
    style = (
        "<style>text{font:13px sans-serif;fill:#222}.tick{font-size:11px}.title{font-weight:bold}"
        ".bar,.axis{stroke:#222;stroke-width:1.5}.axis{stroke-width:1}.best{fill:#0b4f8a}"
        ".worse{fill:#fff;stroke:#222;stroke-width:1.5}</style>"
    )
    start, _, rest = str(drawing.done()).partition(">")
    return start.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + ">" + style + rest + "\n"


def write_forest(found: dict[str, Any], path: str) -> None:
    """Write `draw_forest` to a file that ends in .svg."""
    from heldout.files import write_text

    if Path(path).suffix.lower() != ".svg":
        raise SettingError(f"the picture is an SVG, and {path!r} is not named so", where="--svg", fix="name it .svg")
    write_text(Path(path), draw_forest(found))
