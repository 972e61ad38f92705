"""A run tells what is wrong with its training rows, before cross-validation and in its report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import heldout as ho
from heldout.cli.main import _run

LINES = 120


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A column that tells the class, a wild value in line 40 (row 38), and nothing else to learn from."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=LINES) for i in range(3)})
    frame["ward"] = np.where(np.arange(LINES) % 2 == 0, 10.0, 20.0) + rng.normal(size=LINES)
    frame.loc[38, "x1"] = 4000.0
    frame["outcome"] = np.where(np.arange(LINES) % 2 == 0, "well", "ill")
    path = tmp_path / "patients.csv"
    frame.to_csv(path, index=False)
    return path


def train(path: Path, out: Path, *more: str) -> int:
    return _run(["train", str(path), "--target", "outcome", "--models", "dummy,tree", "--folds", "3", "--seed", "1",
                 "--repeats", "1", "--jobs", "1", "--out", str(out), *more])  # fmt: skip


def test_a_column_that_tells_the_class_is_told_before_cross_validation_and_in_the_report(leaky, tmp_path, capsys):
    assert train(leaky, tmp_path / "run") == 0
    told = capsys.readouterr().err
    assert told.index("'ward'") < told.index("Decision tree")
    kept = json.loads((tmp_path / "run" / "look.json").read_text("utf-8"))
    assert [found["id"] for found in kept["findings"] if "'ward'" in found["title"]] == ["leaking-column"]
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "<h3>Findings</h3>" in page
    assert "ward" in page.split('id="data"')[1]
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text("utf-8").splitlines()]
    order = [event["event"] for event in events]
    assert order.index("split") < order.index("looked") < order.index("candidate-started")


def test_only_training_rows_are_looked_at_and_named_as_in_the_file(leaky, tmp_path):
    run = ho.train(leaky, target="outcome", models=("dummy",), folds=3, repeats=1, seed=1, jobs=1, out=tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "look.json").read_text("utf-8"))
    split = json.loads((tmp_path / "run" / "split.json").read_text("utf-8"))
    assert kept["rows"] == run.metrics["data"]["train"] == len(split["train"])
    wild = [found for found in kept["findings"] if found["id"] == "far-out-values"]
    assert bool(wild) == ("38" in split["train"])
    assert all(item.endswith("in row 38") for found in wild for item in found["items"])


def test_contradicting_copies_are_told_but_not_that_there_are_copies(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(3).normal(size=(80, 4)).round(6), columns=list("abcd"))
    frame["y"] = np.tile(["p", "q"], 40)
    frame = pd.concat([frame, frame.iloc[:30].assign(y=lambda t: t["y"].map({"p": "q", "q": "p"}))])
    ho.train(frame, target="y", models=("dummy",), folds=2, repeats=1, jobs=1, out=tmp_path / "run")
    found = [each["id"] for each in json.loads((tmp_path / "run" / "look.json").read_text("utf-8"))["findings"]]
    assert "copies-between-classes" in found
    assert "copies" not in found


@pytest.mark.parametrize("settings", [{"look": False}, {"time": 59.0}])
def test_no_look_leaves_no_findings_and_the_same_scores(leaky, tmp_path, settings):
    chosen = {"target": "outcome", "models": ("dummy", "tree"), "folds": 3, "repeats": 1, "jobs": 1}
    ho.train(leaky, out=tmp_path / "with", **chosen)
    ho.train(leaky, out=tmp_path / "without", **chosen, **settings)
    assert (tmp_path / "with" / "look.json").exists()
    assert not (tmp_path / "without" / "look.json").exists()
    assert "<h3>Findings</h3>" not in (tmp_path / "without" / "report.html").read_text("utf-8")
    scores = [pd.read_csv(tmp_path / name / "scores.csv")["accuracy"].tolist() for name in ("with", "without")]
    assert scores[0] == scores[1]
