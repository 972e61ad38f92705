"""`heldout train --search`: searched candidates beside the others, judged on rows that their searches did not see."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef

from heldout.cli.main import _run
from heldout.data.dataset import Dataset
from heldout.errors import LabelError, MissingExtraError, SettingError
from heldout.job.run import train
from heldout.run.metrics import without_times
from heldout.select.results import CandidateResult
from heldout.select.search import candidates as search_candidates
from heldout.select.search.candidates import promising

COLUMNS = [{"name": name, "type": "numeric"} for name in "abc"]
CALL = {"seed": 3, "folds": 3, "repeats": 1, "jobs": 1, "models": "naive-bayes,rbf-svm"}


def rows_of(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def dataset(n=120, seed=0, groups=None, shift=0.0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3
    frame = pd.DataFrame(random.normal(size=(n, 3)) * [1, 5, 0.2], columns=list("abc"))
    frame["a"] += y
    is_test = np.arange(n) >= n * 3 // 4
    frame.loc[is_test, ["a", "b", "c"]] += shift
    return Dataset(
        "toy",
        "table",
        frame,
        y,
        ("x", "y", "z"),
        np.arange(n).astype(str),
        groups=groups,
        official_test=is_test,
        input={"kind": "table", "columns": COLUMNS, "target": "t", "group": None},
    )


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    import os

    folder = tmp_path_factory.mktemp("light")
    before = os.environ.get("HELDOUT_LEDGER")
    os.environ["HELDOUT_LEDGER"] = str(folder / "ledger.sqlite")
    data = dataset()
    run = train(data, out=folder / "run", search="light", **CALL)
    if before is None:
        del os.environ["HELDOUT_LEDGER"]
    else:
        os.environ["HELDOUT_LEDGER"] = before
    return data, run


def test_searched_candidates_stand_above_their_own_and_leave_their_points(light):
    _, run = light
    names = [candidate["model"] for candidate in run.metrics["candidates"]]
    assert names == ["naive-bayes", "naive-bayes-searched", "rbf-svm", "rbf-svm-searched"]
    assert all(candidate["status"] == "finished" for candidate in run.metrics["candidates"])
    rows = rows_of(run.path / "searches.csv")
    svm = [row for row in rows if row["model"] == "rbf-svm-searched"]
    assert len(svm) == 4 * 8  # all rows and three folds, eight points each
    assert sum(row["chosen"] == "1" for row in svm) == 4
    assert all(float(row["C"]) > 0 and row["var_smoothing"] == "" for row in svm)
    pictures = {path.name for path in (run.path / "searches").iterdir()}
    assert pictures == {"naive-bayes-var_smoothing.svg", "rbf-svm-C.svg", "rbf-svm-gamma.svg", "rbf-svm-C-gamma.svg"}


def test_the_score_of_a_searched_candidate_is_that_of_the_setting_chosen_inside_each_fold(light):
    from heldout.models.candidate import task_of
    from heldout.select.candidates import candidates_for
    from heldout.select.search.points import with_setting

    data, run = light
    folds = json.loads((run.path / "folds.json").read_text())
    found = run.metrics["search"]["models"][1]
    scores = [row for row in rows_of(run.path / "scores.csv") if row["model"] == "rbf-svm-searched"]
    split = json.loads((run.path / "split.json").read_text())
    train_part = data.take(np.array([int(i) for i in split["train"]]))
    assert len(scores) == len(found["inside_folds"]) == 3
    at = {name: row for row, name in enumerate(train_part.ids)}
    for number, row in enumerate(scores):
        validation = np.sort([at[str(i)] for i in folds["folds"][number]["validation"]])
        rest = np.setdiff1d(np.arange(len(train_part)), validation)
        [candidate] = candidates_for("table", ["rbf-svm"])
        estimator = candidate.build(task_of(train_part, n_rows=len(rest), seed=3))
        model = with_setting(estimator, found["inside_folds"][number])
        model.fit(train_part.x.iloc[rest], train_part.y[rest])
        expected = matthews_corrcoef(train_part.y[validation], model.predict(train_part.x.iloc[validation]))
        assert float(row["mcc"]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("level", ["light", "deep"])
def test_sealed_rows_change_nothing_in_a_search(level, tmp_path, monkeypatch):
    if level == "deep":
        pytest.importorskip("optuna")
    small = search_candidates.Level(search_candidates.LEVELS[level].how, 10, 1, 0.5)
    monkeypatch.setitem(search_candidates.LEVELS, level, small)
    found = []
    for number, shift in enumerate((0.0, 1e6)):
        run = train(dataset(shift=shift), out=tmp_path / str(number), search=level, **CALL | {"models": "rbf-svm"})
        header = json.loads((run.path / "model" / "header.json").read_text())["model"]
        leaderboard = [
            (candidate["model"], candidate["mean"], candidate["se"]) for candidate in run.metrics["candidates"]
        ]
        found.append((header, leaderboard, run.metrics["search"], run.metrics["cross_validation"]))
    assert found[0] == found[1]
    assert found[0][2]["models"][0]["points"] == 10


def test_ctrl_c_in_a_search_keeps_the_best_so_far_and_resume_ends_as_if_nothing_had_been(tmp_path, monkeypatch):
    level = "light"
    monkeypatch.setattr("heldout.select.search.rounds.FITS_AT_ONCE", 12)
    whole = train(dataset(), out=tmp_path / "whole", search=level, **CALL)

    def stop(event):
        if event["event"] == "points-ended" and event["model"] == "rbf-svm-searched" and event["done"] >= 5:
            raise KeyboardInterrupt

    broken = train(dataset(), out=tmp_path / "broken", search=level, listen=stop, **CALL)
    assert broken.metrics["interrupted"]
    fitted = []
    original = search_candidates.Fitter.run
    monkeypatch.setattr(
        search_candidates.Fitter, "run", lambda self, fits, **more: fitted.extend(fits) or original(self, fits, **more)
    )
    again = train(dataset(), out=tmp_path / "broken", search=level, resume=True, **CALL)
    assert 0 < len(fitted) <= 4 * 3 * (8 - 5) + 3  # the points that were left, and one fit for each fold
    assert without_times(again.metrics["candidates"]) == without_times(whole.metrics["candidates"])
    assert again.metrics["search"] == whole.metrics["search"]
    points = [pd.read_csv(run.path / "searches.csv").drop(columns="fit_seconds") for run in (whole, again)]
    pd.testing.assert_frame_equal(*points)


def test_a_search_without_time_for_three_points_is_left_out_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("heldout.select.search.rounds.Clock.may_begin", lambda self: False)
    run = train(dataset(), out=tmp_path / "run", search="light", time="1h", **CALL | {"models": "rbf-svm"})
    searched = run.metrics["candidates"][1]
    assert searched["status"] == "skipped"
    assert "sufficed for 1 of at least 3 points" in searched["why"]
    assert "--time" in searched["why"]
    assert run.chosen == "rbf-svm"


def test_the_best_two_candidates_are_searched_and_a_third_if_it_is_as_good():
    def candidate(name, mean, spread=0.01):
        folds = [{"mcc": mean + d, "n_train": 80, "n_validation": 20} for d in (-spread, 0, spread)]
        return CandidateResult(name, name, status="finished", folds=folds)

    candidates = [
        candidate("dummy", 0.0),
        candidate("k-nn", 0.8),
        candidate("tree", 0.5),
        candidate("forest", 0.9),
        candidate("rbf-svm", 0.899),
    ]
    assert [r.name for r in promising(candidates, 3)] == ["k-nn", "forest", "rbf-svm"][1:]
    candidates[1] = candidate("k-nn", 0.895)
    assert [r.name for r in promising(candidates, 3)] == ["k-nn", "forest", "rbf-svm"]
    assert promising(candidates[:1], 3) == []  # class frequencies have nothing to search


def test_bad_searches_are_refused_before_anything_is_written(tmp_path, monkeypatch):
    with pytest.raises(SettingError, match="did you mean 'light'"):
        train(dataset(), out=tmp_path / "a", search="lihgt", **CALL)
    groups = np.arange(120) // 3 % 5
    groups[90:] = 99
    data = dataset(groups=groups)
    with pytest.raises(LabelError, match="too few for 3 folds") as caught:
        train(data, out=tmp_path / "b", search="light", **CALL | {"folds": 2})
    assert "--search light" in caught.value.where
    assert "leave out --search" in caught.value.fix
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="heldout\\[search\\]"):
        train(dataset(), out=tmp_path / "c", search="deep", **CALL)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_searches_and_says_what_it_chose(tmp_path, monkeypatch, capsys):
    data = dataset()
    data.x.assign(t=np.array(["x", "y", "z"])[data.y]).to_csv(tmp_path / "toy.csv", index=False)
    monkeypatch.chdir(tmp_path)
    options = ["--models", "linear-svm", "--search", "light", "--folds", "3", "--repeats", "1", "--jobs", "1"]
    assert _run(["train", "toy.csv", "--target", "t", *options]) == 0
    shown = capsys.readouterr()
    assert "Searching 8 settings each for: Linear SVM" in shown.err
    assert "Linear SVM, searched" in shown.out
    assert (tmp_path / "runs" / "toy" / "searches.csv").exists()
    assert _run(["train", "toy.csv", "--target", "t", "--search", "dep"]) == 2
    assert "did you mean 'deep'" in capsys.readouterr().err
