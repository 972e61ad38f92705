"""Runs that released versions left behind are read, used, assessed and compared as if they were of today."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_cases import versions
from golden_runs import copy_run, data_of, kept_runs, training_part
from test_golden_metrics import differences

import heldout as ho
from heldout.cli.main import _run

RUNS = kept_runs()
PROBABILITY = 1e-6
"""Of a model's numbers, which are kept to the last bit, and of sums whose order another machine chooses."""


@pytest.fixture(params=RUNS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A copy of a kept run, and what the version that wrote it answered."""
    here = copy_run(request.param, tmp_path)
    return here, json.loads((here / "expected.json").read_text("utf-8"))


def answered(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    assert _run([*map(str, words), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_there_are_runs_of_every_kind_and_way() -> None:
    assert {"0.1.0/table", "0.1.0/images", "0.1.0/sounds", "0.1.0/table-assessed", "0.1.0/table-searched"} <= set(RUNS)


def test_the_run_is_read_and_predicts_the_same(kept: tuple[Path, dict[str, Any]]) -> None:
    here, expected = kept
    run = ho.open_run(here / "run")
    assert run.chosen == expected["chosen"]
    assert run.metrics["data"]["fingerprint"] == json.loads((here / "run/split.json").read_text())["fingerprint"]
    assert list(run.leaderboard()["model"]) != []
    found = run.predict([data_of(here)])
    place = {name: number for number, name in enumerate(found.ids)}
    for name, label, probabilities in expected["predicted"]:
        row = place[name.replace("{HERE}", str(here))]
        assert found.labels[row] == label
        np.testing.assert_allclose(found.probabilities[row], probabilities, rtol=0, atol=PROBABILITY)


def test_the_run_is_assessed_and_reported_on(
    kept: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    here, expected = kept
    was_assessed = "test" in ho.open_run(here / "run").metrics
    found = answered(capsys, "assess", here / "run")
    golden, now = ({"chosen": found["chosen"], "test": test} for test in (expected["test"], found["test"]))
    assert differences(golden, now) == []
    assert found["seal"]["openings"] == 1
    again = answered(capsys, "assess", here / "run", "--again")  # its ledger stayed where it was written
    assert again["seal"]["number"] == (1 if was_assessed else 2)
    assert again["test"]["confusion"] == expected["test"]["confusion"]
    page = (here / "run/report.html").read_text("utf-8")
    assert found["data"]["fingerprint"] in page
    assert found["chosen"]["title"] in page
    assert (here / "run/predictions.csv").read_text("utf-8").count("\n") == 1 + found["data"]["test"]


def test_the_run_is_evaluated_on_other_rows_and_keeps_its_sealed_ones(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, expected = kept
    split = json.loads((here / "run/split.json").read_text("utf-8"))
    known = training_part(data_of(here), split, tmp_path)
    found = answered(capsys, "evaluate", here / "run", known, "--allow-leak")
    chosen = {"chosen": {"model": expected["chosen"]}}
    assert differences({**chosen, "found": expected["evaluated"]}, {**chosen, "found": found}) == []
    assert _run(["evaluate", str(here / "run"), str(data_of(here))]) == 2
    assert "rows are sealed test rows of this run" in capsys.readouterr().err


def test_its_models_are_compared_as_they_were(
    kept: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    here, expected = kept
    if "compared" not in expected:
        assert _run(["compare", str(here / "run")]) == 2
        assert "nothing to compare it with" in capsys.readouterr().err
        return
    pairs = answered(capsys, "compare", here / "run")["pairs"]
    for pair, golden in zip(pairs, expected["compared"], strict=True):
        assert (pair["a"], pair["b"]) == (golden["a"], golden["b"])
        for key in ("difference", "p"):
            assert math.isclose(pair[key], golden[key], rel_tol=1e-9, abs_tol=1e-12)


def test_to_resume_it_changes_nothing(kept: tuple[Path, dict[str, Any]]) -> None:
    here, _ = kept
    files = [path for path in (here / "run").rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    command = ["train", "--config", str(here / "run/config.yaml"), "--out", str(here / "run"), "--resume", "-q"]
    assert _run(command) == 0
    assert [path.relative_to(here).as_posix() for path in files if path.read_bytes() != before[path]] == []


def test_runs_of_the_same_folds_are_paired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = (copy_run(f"0.1.0/{name}", tmp_path) / "run" for name in ("table", "table-assessed"))
    found = answered(capsys, "compare", one, other)
    assert [pair["paired"] for pair in found["pairs"]] == [True]


@pytest.mark.parametrize("name", ["table", "images-parted"])
def test_its_training_rows_are_augmented(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = copy_run(f"0.1.0/{name}", tmp_path)
    train = json.loads((here / "run/split.json").read_text("utf-8"))["train"]
    out = tmp_path / ("out.csv" if data_of(here).is_file() else "out")
    command = ["augment", data_of(here), out, "--run", here / "run", "--copies", "1"]
    assert answered(capsys, *command)["originals"] == len(train)


def test_a_run_that_was_broken_off_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    here = copy_run("0.1.0/table", tmp_path)
    expected = json.loads((here / "run/metrics.json").read_text("utf-8"))
    if versions()["scikit-learn"] != json.loads((here / "expected.json").read_text())["versions"]["scikit-learn"]:
        pytest.skip("the numbers were written with another version of scikit-learn")
    for file in ("metrics.json", "report.html", "checkpoints/naive-bayes.json", "checkpoints/out_of_fold.npz"):
        (here / "run" / file).unlink()
    shutil.rmtree(here / "run/model")
    command = ["train", "--config", here / "run/config.yaml", "--out", here / "run", "--resume"]
    assert differences(expected, answered(capsys, *command)) == []
