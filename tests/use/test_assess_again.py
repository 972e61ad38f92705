"""What a run decided is not decided anew: groups and folds are those that were stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import heldout as ho
import heldout.job.preparing as preparing
import heldout.run.rows as rows
from heldout.errors import ArtifactError, DataError
from heldout.kinds.copies.groups import Copies
from heldout.run.folder import RunFolder
from heldout.run.split import read_split

SETTINGS = {"target": "y", "models": "dummy,tree", "folds": 3, "repeats": 1, "jobs": 1, "look": False}


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """Numbers without meaning, ten rows of which are nearly the same as others."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(120, 4)).round(4), columns=list("abcd"))
    frame = pd.concat([frame, frame.iloc[:10] + 0.0001], ignore_index=True)
    frame["y"] = np.where(random.random(130) < 0.5, "p", "q")
    frame.to_csv(tmp_path / "noise.csv", index=False)
    return tmp_path / "noise.csv"


def another_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a later version find other copies: every two neighbours."""

    def find(data, **_):
        groups = np.arange(len(data)) // 2
        return Copies(groups, len(data), int(groups.max()) + 1, "of a later version")

    monkeypatch.setattr(rows, "find_copies", find)
    monkeypatch.setattr(preparing, "find_copies", find)


def test_a_run_is_assessed_though_copies_are_found_otherwise_by_now(noise, tmp_path, monkeypatch):
    first, second = (ho.train(noise, out=tmp_path / name, **SETTINGS) for name in ("first", "second"))
    expected = ho.open_run(first.path).assess()
    another_search(monkeypatch)
    found = ho.open_run(second.path).assess()
    assert {key: found[key] for key in expected if not key.endswith("_ci") and key != "ci_level"} == {
        key: value for key, value in expected.items() if not key.endswith("_ci") and key != "ci_level"
    }
    kept = [np.load(run.path / "checkpoints/assessed.npz") for run in (first, second)]
    assert np.array_equal(kept[0]["groups"], kept[1]["groups"])


def test_a_run_that_kept_no_groups_trusts_its_split(noise, tmp_path, monkeypatch):
    run = ho.train(noise, out=tmp_path / "run", **SETTINGS)
    path = run.path / "split.json"
    values = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({k: v for k, v in values.items() if k not in ("schema", "groups", "copies", "notes")}))
    another_search(monkeypatch)
    assert ho.open_run(run.path).assess()["n"] == len(values["test"])


def test_groups_and_copies_stand_in_the_file_as_numbers(noise, tmp_path):
    run = ho.train(noise, out=tmp_path / "run", **SETTINGS)
    split = read_split(RunFolder(run.path))
    frame = pd.read_csv(noise)
    where = {
        int(row): split.groups[part][i] for part in ("train", "test") for i, row in enumerate(getattr(split, part))
    }
    assert sorted(where) == list(range(len(frame)))
    assert all(where[row] == where[120 + row] for row in range(10))
    assert len(set(where.values())) == 120
    assert split.copies.rows == run.metrics["data"]["copies"]["rows"] == 20
    assert split.notes == tuple(run.metrics["data"]["notes"])


def test_data_without_groups_keep_the_file_short(tmp_path):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(60, 3)), columns=list("abc")).assign(y=np.arange(60) % 2)
    run = ho.train(frame, out=tmp_path / "run", **SETTINGS)
    assert json.loads((run.path / "split.json").read_text("utf-8"))["groups"] == {}


def test_groups_follow_their_rows_when_the_file_is_sorted(noise, tmp_path):
    runs = [ho.train(noise, out=tmp_path / name, **SETTINGS) for name in ("first", "second")]
    ho.open_run(runs[0].path).assess()
    pd.read_csv(noise).sort_values("a").to_csv(noise, index=False)
    ho.open_run(runs[1].path).assess()
    answers = [np.load(run.path / "checkpoints/assessed.npz") for run in runs]
    assert len(np.unique(answers[0]["groups"])) < len(answers[0]["y"])
    assert sorted(answers[0]["groups"].tolist()) == sorted(answers[1]["groups"].tolist())
    for group in np.unique(answers[0]["groups"]):
        one, other = (np.sort(a["probabilities"][a["groups"] == group], axis=0) for a in answers)
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(schema=3), "this heldout reads up to 2"),
        (lambda v: v.pop("groups"), "cannot be read as a split"),
        (lambda v: v["groups"].pop("test"), "cannot be read as a split"),
        (lambda v: v["groups"]["test"].pop(), "another number of groups than of rows"),
        (lambda v: v["groups"]["test"].__setitem__(0, "1"), "groups are numbers"),
        (lambda v: v["test"].__setitem__(0, 1), "rows are lists of text"),
    ],
)
def test_a_damaged_split_is_named(change, message, noise, tmp_path):
    run = ho.train(noise, out=tmp_path / "run", **SETTINGS)
    path = run.path / "split.json"
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(ArtifactError, match=message) as caught:
        ho.open_run(run.path).assess()
    assert str(path) in caught.value.where


def broken_off(run: Path) -> None:
    """Take away what a run writes at its end, and one candidate."""
    for name in ("metrics.json", "report.html", "checkpoints/tree.json"):
        (run / name).unlink()


def test_a_broken_run_goes_on_with_its_own_split_and_folds(noise, tmp_path, monkeypatch):
    whole = ho.train(noise, out=tmp_path / "whole", **SETTINGS)
    part = ho.train(noise, out=tmp_path / "part", **SETTINGS)
    broken_off(part.path)
    kept = {name: (part.path / name).read_bytes() for name in ("split.json", "folds.json")}
    another_search(monkeypatch)
    again = ho.train(noise, out=part.path, resume=True, **SETTINGS)
    assert {name: (part.path / name).read_bytes() for name in kept} == kept
    assert again.metrics["data"] == whole.metrics["data"]
    scores = [[(row["mean"], row["se"]) for row in run.metrics["candidates"]] for run in (whole, again)]
    assert scores[0] == scores[1]


def test_a_broken_run_refuses_rows_that_moved_or_changed(noise, tmp_path):
    run = ho.train(noise, out=tmp_path / "run", **SETTINGS)
    broken_off(run.path)
    frame = pd.read_csv(noise)
    frame.iloc[::-1].to_csv(noise, index=False)
    with pytest.raises(DataError, match="different order"):
        ho.train(noise, out=run.path, resume=True, **SETTINGS)
    frame.iloc[1:].to_csv(noise, index=False)
    with pytest.raises(DataError, match="have changed since this run began"):
        ho.train(noise, out=run.path, resume=True, **SETTINGS)
