"""The chosen model on parts of the rows: sizes, scores, and when there is no curve."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import heldout as ho
from heldout.evaluate.learning_curve import beginnings
from heldout.kinds.copies.find import find_copies


def run(tmp_path, name="run", data="iris", **settings):
    chosen = {"models": ("nearest-centroid",), "folds": 4, "repeats": 2, "jobs": 1, "seed": 3, "look": False}
    return ho.train(data, out=tmp_path / name, **{**chosen, **settings})


def test_the_curve_ends_at_the_scores_of_the_ladder(tmp_path):
    found = run(tmp_path).metrics["learning_curve"]
    table = pd.read_csv(tmp_path / "run" / "learning_curve.csv")
    scores = pd.read_csv(tmp_path / "run" / "scores.csv").query("repeat == 0")
    n_fit = int(scores["n_train"].mean())
    assert [point["rows"] for point in found["points"][:-1]] == [n_fit // 4, n_fit // 2]  # an eighth: below 20 rows
    whole = table[table["rows"] > n_fit // 2]
    assert whole["mcc"].tolist() == pytest.approx(scores["mcc"].tolist())
    assert found["points"][-1]["mcc"] == pytest.approx(scores["mcc"].mean())
    halves = table[table["rows"] == n_fit // 2]["mcc"].to_numpy()
    assert found["gain"]["mcc"] == pytest.approx((whole["mcc"].to_numpy() - halves).mean())
    assert found["gain"]["se"] > 0


def test_scores_of_the_parts_equal_those_of_scikit_learn_on_the_same_rows(tmp_path):
    from sklearn.metrics import matthews_corrcoef
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    out = run(tmp_path).path
    data = ho.load("iris")
    split = json.loads((out / "split.json").read_text("utf-8"))
    rows = np.flatnonzero(np.isin(data.ids, split["train"]))
    x, y, groups = data.x.iloc[rows].to_numpy(), data.y[rows], find_copies(data).groups[rows]
    folds = [fold for fold in json.loads((out / "folds.json").read_text("utf-8"))["folds"] if fold["repeat"] == 0]
    table = pd.read_csv(out / "learning_curve.csv").set_index(["rows", "fold"])["mcc"]
    size = int(np.mean([len(y) - len(fold["validation"]) for fold in folds])) // 2
    for fold in folds:
        held = np.isin(data.ids[rows], fold["validation"])
        order = beginnings(np.flatnonzero(~held), y, groups, np.random.default_rng([3, fold["fold"]]))
        part = order[:size]
        model = make_pipeline(StandardScaler(), NearestCentroid()).fit(x[part], y[part])
        assert table[size, fold["fold"]] == pytest.approx(matthews_corrcoef(y[held], model.predict(x[held])))


def test_the_curve_is_the_same_in_processes(tmp_path, monkeypatch):
    here = run(tmp_path, "here").metrics["learning_curve"]
    monkeypatch.setattr("heldout.select.learning_curve.HERE", 0.0)
    assert run(tmp_path, "there").metrics["learning_curve"] == here


def test_why_there_is_no_curve_is_told(tmp_path):
    assert "not asked" in run(tmp_path, "a", learning_curve=False).metrics["learning_curve"]["why"]
    assert "too few" in run(tmp_path, "b", rows=50).metrics["learning_curve"]["why"]
    assert not (tmp_path / "a" / "learning_curve.csv").exists()


def test_groups_stay_whole_up_to_the_end_of_a_part(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(240, 3)), columns=list("abc"))
    frame["who"] = np.repeat(np.arange(60), 4)
    frame["y"] = np.where(np.repeat(rng.random(60), 4) < 0.5, "p", "q")
    made = ho.train(
        frame, target="y", group="who", models=("nearest-centroid",), folds=3, jobs=1, out=tmp_path / "g", look=False
    )
    assert len(made.metrics["learning_curve"]["points"]) >= 2


def test_a_report_shows_the_curve_and_the_searches(tmp_path):
    pytest.importorskip("optuna")
    made = run(tmp_path, data="iris", models=("k-nn",), search="light", folds=3, repeats=1)
    page = made.report().read_text("utf-8")
    assert "Would more data help?" in page
    assert "What the search tried" in page
    assert page.count("data:image/svg+xml;base64,") == 1


def test_folds_of_one_class_are_scored_together_at_every_size(tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    frame["who"] = np.repeat(np.arange(20), 6)
    frame["y"] = np.where(frame["who"] % 2 == 0, "p", "q")
    frame["a"] += 3 * (frame["y"] == "q")
    options = {"models": ("nearest-centroid",), "folds": "loo-group", "jobs": 1, "look": False, "seed": 0}
    found = ho.train(frame, target="y", group="who", out=tmp_path / "g", **options).metrics["learning_curve"]
    assert min(point["mcc"] for point in found["points"]) > 0.5  # each fold alone has one class, and MCC 0


def test_errors_of_the_curve_are_no_smaller_than_those_of_so_many_groups(tmp_path):
    frame = pd.DataFrame({"a": np.repeat([0.0, 1.0] * 12, 6) + np.random.default_rng(0).normal(0, 0.01, 144)})
    frame["who"] = np.repeat(np.arange(24), 6)
    frame["y"] = np.where(frame["a"] > 0.5, "p", "q")
    made = ho.train(
        frame, target="y", group="who", models=("nearest-centroid",), folds=3, repeats=1, jobs=1, out=tmp_path / "g",
        look=False,
    )  # fmt: skip
    candidate, found = made.metrics["candidates"][0], made.metrics["learning_curve"]
    assert [point["mcc"] for point in found["points"]] == [1.0] * len(found["points"])
    assert found["points"][-1]["mcc_se"] == candidate["se"]
    assert found["points"][-1]["accuracy_se"] == candidate["accuracy_se"]
    assert all(point["mcc_se"] > 0.05 for point in found["points"])
    n_groups = made.metrics["data"]["groups"]
    assert found["gain"]["se"] == pytest.approx(2**0.5 / n_groups)


def test_ctrl_c_during_the_curve_keeps_the_model(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("heldout.select.learning_curve._by_size", stopped)
    made = run(tmp_path)
    assert made.metrics["learning_curve"] == {"why": "it was stopped by the user"}
    assert not made.metrics["interrupted"]
    assert (made.path / "model" / "header.json").exists()
    assert (made.path / "report.html").exists()
