"""`--prepare` through the whole job, and the canary: rows that must stay unseen change no fitted number."""

import json

import numpy as np
import pandas as pd
import pytest

from heldout.cli.main import _run
from heldout.data.dataset import Dataset
from heldout.errors import SettingError
from heldout.job.run import train
from heldout.run.settings import read_config


def images(n=60, seed=0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = random.integers(0, 190, (n, 10, 10, 3), dtype=np.uint8)
    x[y == 1, 3:7, 3:7] += 60
    spec = {"kind": "images", "height": 10, "width": 10, "channels": 3, "rule": "keep"}
    return Dataset("squares", "images", x, y, ("dark", "light"), np.arange(n).astype(str), input=spec)


@pytest.mark.parametrize("line", ["centre-crop 8, grey, minmax, pca 0.8", "resize 5, robust", "standardize"])
def test_images_are_prepared_as_asked_and_the_model_is_kept_whole(line, tmp_path):
    data = images()
    run = train(data, prepare=line, models="nearest-centroid", out=tmp_path / "run", repeats=1)
    steps = json.loads((tmp_path / "run" / "model" / "header.json").read_text())["model"]
    assert line.split(",")[0].split()[0] in json.dumps(steps) or "standard-scaler" in json.dumps(steps)
    run.assess()
    assert run.metrics["test"]["accuracy"] > 0.8


def test_a_convolutional_net_reads_pictures_and_is_left_out_where_there_are_none(tmp_path):
    pytest.importorskip("torch")
    options = {"models": "dummy,cnn", "folds": 2, "repeats": 1, "jobs": 1}
    run = train(images(), prepare="centre-crop 8, grey", out=tmp_path / "a", **options)
    candidates = {candidate["model"]: candidate for candidate in run.metrics["candidates"]}
    assert candidates["cnn"]["status"] == "finished"
    assert run.metrics["chosen"]["model"] == "cnn"
    run.assess()
    run = train(images(), prepare="centre-crop 8, standardize", out=tmp_path / "b", **options)
    candidates = {candidate["model"]: candidate for candidate in run.metrics["candidates"]}
    assert candidates["cnn"]["status"] == "skipped"
    assert "reads pictures" in candidates["cnn"]["why"]


@pytest.mark.parametrize("line", ["impute mean, ordinal, standardize, pca 0.9", "one-hot, robust", "minmax, pca 2"])
def test_sealed_rows_change_nothing_that_a_line_fits(line, tmp_path):
    random = np.random.default_rng(0)
    n, y = 90, np.arange(90) % 3
    frame = pd.DataFrame({"a": random.normal(size=n) + y, "b": random.normal(size=n) * 9})
    frame.loc[::9, "b"] = np.nan
    frame["c"] = pd.Series(random.choice(["red", "green", None], n), dtype=object)
    is_test = np.arange(n) >= 60
    moved = frame.copy()
    moved.loc[is_test, ["a", "b"]] = 1e6
    moved.loc[is_test, "c"] = "planted"
    found = []
    for number, x in enumerate((frame, moved)):
        columns = [{"name": name, "type": "numeric"} for name in "ab"] + [{"name": "c", "type": "categorical"}]
        data = Dataset(
            "canary",
            "table",
            x,
            y,
            ("x", "y", "z"),
            np.arange(n).astype(str),
            official_test=is_test,
            input={"kind": "table", "columns": columns, "target": "t", "group": None},
        )
        run = train(data, out=tmp_path / str(number), prepare=line, folds=3, repeats=1, models="nearest-centroid,k-nn")
        model = json.loads((run.path / "model" / "header.json").read_text())["model"]
        arrays = (run.path / "model" / "arrays.safetensors").read_bytes()
        found.append((model, arrays, [candidate["mean"] for candidate in run.metrics["candidates"]]))
    assert found[0] == found[1]


def test_a_run_of_version_0_1_is_read_in_the_words_of_today(tmp_path, monkeypatch, capsys):
    """`crop` meant the middle of the image here, and something else in two other languages."""
    options = {"models": "nearest-centroid", "repeats": 1}
    run = train(images(), prepare="centre-crop 8, grey, standardize", out=tmp_path / "run", **options)
    config = tmp_path / "run" / "config.yaml"
    config.write_text(config.read_text().replace("centre-crop 8", "crop 8"))
    assert read_config(config)["prepare"] == "centre-crop 8, grey, standardize"
    run.assess()
    assert run.metrics["test"]["accuracy"] > 0.8
    monkeypatch.chdir(tmp_path)
    assert _run(["train", "digits", "--prepare", "crop 8", "--out", "new"]) == 2
    assert "write centre-crop 8" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_wrong_line_points_at_the_word_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _run(["train", "iris", "--prepare", "standardize, pca lots", "--out", "run"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[1].strip() == "standardize, pca lots"
    assert said[1].index("lots") == said[2].index("^")
    assert _run(["train", "iris", "--prepare", "centre-crop 4", "--out", "run"]) == 2
    assert "centre-crop is not for table" in capsys.readouterr().err
    assert _run(["train", "iris", "--prepare", "standardize, pca 5", "--out", "run"]) == 2
    assert "a row has 4 numbers, and 5 components" in capsys.readouterr().err
    assert _run(["train", "digits", "--prepare", "centre-crop 9", "--out", "run"]) == 2
    assert "cannot be cut out of 8 x 8" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(SettingError, match="did you mean 'minmax'"):
        train("iris", prepare="minimax", out=tmp_path / "run")
