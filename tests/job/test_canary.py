"""A shift planted in rows that must stay unseen changes no fitted number."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from heldout.data.dataset import Dataset
from heldout.deploy.bundle import save_bundle
from heldout.job.run import train
from heldout.models.calibrated import SoftmaxCalibrated
from heldout.models.candidate import task_of
from heldout.select.candidates import candidates_for
from heldout.select.fitting import Rows, fit_final, fit_net_folds

CLASSICAL = [candidate.name for candidate in candidates_for("table") if not candidate.is_net]


def table(n=90, seed=0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3
    frame = pd.DataFrame({"a": random.normal(size=n) + y, "b": random.normal(size=n), "c": random.normal(size=n) * 100})
    frame.loc[random.random(n) < 0.1, "b"] = np.nan
    frame["colour"] = pd.Series(random.choice(["red", "green", None], n), dtype=object)
    return frame, y


def shifted(frame, rows, category="planted"):
    """Every column of these rows is moved far away, and gets a category that occurs nowhere else."""
    frame = frame.copy()
    frame.loc[rows, ["a", "b", "c"]] = frame.loc[rows, ["a", "b", "c"]].fillna(0) + 1e6
    if category:
        frame.loc[rows, "colour"] = category
    return frame


def fitted_numbers(model, folder):
    """Hash of every number and category that a fitted model keeps."""
    if not hasattr(model, "predict_proba"):
        model = SoftmaxCalibrated(model)
    save_bundle(folder, model, classes=["x", "y", "z"], input={}, info={})
    header = json.loads((folder / "header.json").read_text())
    tree = json.dumps(header["model"], sort_keys=True)
    return hashlib.sha256(tree.encode() + (folder / "arrays.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("name", CLASSICAL)
def test_validation_rows_change_no_fitted_number(name, tmp_path):
    frame, y = table()
    fitted, validation = np.arange(60), np.arange(60, 90)
    data = Dataset("t", "table", frame, y, ("x", "y", "z"), np.arange(90).astype(str))
    [candidate] = candidates_for("table", [name])
    prints = []
    for number, x in enumerate((frame, shifted(frame, validation))):
        estimator = candidate.build(task_of(data, n_rows=60, seed=1))
        model, _ = fit_final(Rows("table", x, y), estimator, fitted)
        prints.append(fitted_numbers(model, tmp_path / str(number)))
    assert prints[0] == prints[1]
    # The check can fail: training rows do change what is fitted (at least those of the preparation).
    model, _ = fit_final(
        Rows("table", shifted(frame, fitted[:30]), y), candidate.build(task_of(data, n_rows=60, seed=1)), fitted
    )
    assert fitted_numbers(model, tmp_path / "other") != prints[0]


def test_validation_rows_change_nothing_in_a_stack_of_nets():
    pytest.importorskip("torch")
    frame, y = table()
    [candidate] = candidates_for("table", ["mlp"])
    data = Dataset("t", "table", frame, y, ("x", "y", "z"), np.arange(90).astype(str))
    folds = [(np.arange(30, 90), np.arange(30)), (np.arange(60), np.arange(60, 90))]
    planted = np.arange(15)  # half of the first fold's validation rows; the second fold trains on them
    results = []
    # No new category: the second fold's net would be wider, train in a stack of its own, and sum in another order.
    for x in (frame, shifted(frame, planted, category=None)):
        estimator = candidate.build(task_of(data, n_rows=60, seed=1))
        results.append(fit_net_folds(Rows("table", x, y), estimator, folds, [5, 6]))
    np.testing.assert_array_equal(results[0][0].scores[15:], results[1][0].scores[15:])
    assert not np.array_equal(results[0][1].scores, results[1][1].scores)


@pytest.mark.parametrize("models", ["nearest-centroid,k-nn,linear-svm", "mlp"])
def test_sealed_rows_change_nothing_in_the_whole_job(models, tmp_path):
    if models == "mlp":
        pytest.importorskip("torch")
    frame, y = table(120)
    is_test = np.arange(120) >= 90
    found = []
    for number, x in enumerate((frame, shifted(frame, np.flatnonzero(is_test)))):
        columns = [{"name": name, "type": "numeric"} for name in "abc"] + [{"name": "colour", "type": "categorical"}]
        data = Dataset(
            "canary",
            "table",
            x,
            y,
            ("x", "y", "z"),
            np.arange(120).astype(str),
            official_test=is_test,
            input={"kind": "table", "columns": columns, "target": "t", "group": None},
        )
        run = train(data, out=tmp_path / str(number), seed=3, folds=3, repeats=1, models=models)
        header = json.loads((run.path / "model" / "header.json").read_text())["model"]
        arrays = (run.path / "model" / "arrays.safetensors").read_bytes()
        scores = [(candidate["model"], candidate["mean"], candidate["se"]) for candidate in run.metrics["candidates"]]
        found.append((header, arrays, scores, run.metrics["cross_validation"]))
    assert found[0] == found[1]
