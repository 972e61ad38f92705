"""Scores of groups of classes, from the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import matthews_corrcoef

import heldout as ho
from heldout.cli.main import _run
from heldout.errors import SettingError
from heldout.evaluate.grouping import parse_coarse

GROUPS = "small: setosa, versicolor; large: virginica"


@pytest.fixture(scope="module")
def run_and_more(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coarse")
    flowers = load_iris(as_frame=True)
    frame = flowers.data.assign(y=flowers.target_names[flowers.target])
    drawn = np.random.default_rng(0).random(len(frame)) < 0.6
    frame[drawn].to_csv(folder / "first.csv", index=False)
    frame[~drawn].drop_duplicates().to_csv(folder / "more.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELDOUT_LEDGER", str(folder / "ledger.sqlite"))
        ho.train(folder / "first.csv", target="y", models="nearest-centroid", jobs=1, out=folder / "run", look=False)
    return folder / "run", folder / "more.csv"


def test_groups_are_scored_by_the_sum_of_their_classes_probabilities(run_and_more, capsys):
    run, more = run_and_more
    assert _run(["evaluate", str(run), str(more), "--coarse", GROUPS, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    coarse, fine = found["coarse"], np.array(found["confusion"])
    assert coarse["classes"] == ["small", "large"]
    assert coarse["n"] == found["n"] == fine.sum()
    table = pd.read_csv(more)
    answers = ho.open_run(run).predict(table.drop(columns="y"))
    together = answers.probabilities[:, :2].sum(axis=1)
    if found["n"] == len(table):  # no row was left out as a copy
        wanted = matthews_corrcoef(table["y"] == "virginica", together < 0.5)
        assert coarse["mcc"] == pytest.approx(wanted)
    wrong = round((1 - coarse["accuracy"]) * coarse["n"])
    assert sum(one["rows"] for one in coarse["errors"]) == wrong > 0
    assert coarse["accuracy_ci"][0] < coarse["accuracy"] < coarse["accuracy_ci"][1]


def test_the_mistakes_between_groups_are_told_by_class(run_and_more, capsys):
    run, more = run_and_more
    assert _run(["evaluate", str(run), str(more), "--coarse", GROUPS]) == 0
    told = capsys.readouterr().out
    assert "Of the groups small, large:" in told
    assert "taken for large:" in told or "taken for small:" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("small setosa", "not a group of classes"),
        ("a: setosa", "there is only one group"),
        ("a: setosa; a: virginica", "named twice"),
        ("a: ; b: virginica", "not a group of classes"),
    ],
)
def test_groups_that_cannot_be_read_are_refused(text, said):
    with pytest.raises(SettingError, match=said):
        parse_coarse(text)


def test_classes_in_no_group_are_named(run_and_more, capsys):
    run, more = run_and_more
    assert _run(["evaluate", str(run), str(more), "--coarse", "a: setosa; b: virginica"]) == 2
    assert "in no group: versicolor" in capsys.readouterr().err
