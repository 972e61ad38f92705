"""A sound planted in rows that must stay unseen changes no fitted number, though features are made beforehand."""

import json

import numpy as np
import pytest

from heldout.data.dataset import Dataset
from heldout.job.run import train
from heldout.models.candidate import task_of
from heldout.select.candidates import candidates_for
from heldout.select.fitting import Rows, fit_fold, fit_net_folds
from heldout.select.views import Views

RATE, LENGTH = 4000, 1600
CLASSICAL = [candidate.name for candidate in candidates_for("sounds") if not candidate.is_net]


def sounds(n=45, seed=0):
    """Tones of three heights in noise."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3
    time = np.arange(LENGTH) / RATE
    x = np.sin(2 * np.pi * np.array([200, 500, 900])[y, None] * time + random.uniform(0, 7, (n, 1)))
    x = x * random.uniform(0.05, 0.3, (n, 1)) + random.normal(size=x.shape) * 0.1
    return np.rint(x * 32767).clip(-32768, 32767).astype(np.int16)[..., None], y


def planted(x, rows):
    """These rows become a square wave of full scale, unlike all others."""
    x = x.copy()
    x[rows] = np.where(np.arange(LENGTH) // 4 % 2, 32767, -32768)[:, None]
    return x


def dataset(x, y, is_test=None):
    wanted = {"kind": "sounds", "rate": RATE, "length": LENGTH, "channels": 1}
    ids = np.arange(len(y)).astype(str)
    return Dataset("t", "sounds", x, y, ("x", "y", "z"), ids, official_test=is_test, input=wanted)


@pytest.mark.parametrize("name", CLASSICAL)
def test_validation_rows_change_no_fitted_number(name):
    x, y = sounds()
    [candidate] = candidates_for("sounds", [name])
    fitted, validation = np.arange(30), np.arange(30, 45)
    scores = []
    for rows in (x, planted(x, validation[:6])):
        with Views(Rows("sounds", rows, y), 1, 1) as views:
            made, estimator = views.apart(candidate.build(task_of(dataset(rows, y), n_rows=30, seed=1)))
            assert made.x.shape == (45, 131)
            scores.append(fit_fold(made, estimator, fitted, validation))
    np.testing.assert_array_equal(scores[0].predicted[6:], scores[1].predicted[6:])
    if scores[0].scores is not None:
        np.testing.assert_array_equal(scores[0].scores[6:], scores[1].scores[6:])


@pytest.mark.parametrize("name", ["signal-cnn", "spectrogram-cnn"])
def test_validation_rows_change_nothing_in_a_stack_of_nets(name):
    pytest.importorskip("torch")
    x, y = sounds()
    [candidate] = candidates_for("sounds", [name])
    folds = [(np.arange(15, 45), np.arange(15)), (np.arange(30), np.arange(30, 45))]
    results = []
    for rows in (x, planted(x, np.arange(6))):  # validation of the first fold; the second trains on them
        with Views(Rows("sounds", rows, y), 1, 1) as views:
            made, net = views.apart(candidate.build(task_of(dataset(rows, y), n_rows=30, seed=1)))
            net.set_params(epochs=2)
            results.append(fit_net_folds(made, net, folds, [5, 6]))
    np.testing.assert_array_equal(results[0][0].scores[6:], results[1][0].scores[6:])
    assert not np.array_equal(results[0][1].scores, results[1][1].scores)


@pytest.mark.parametrize("models", ["nearest-centroid,k-nn,linear-svm", "spectrogram-cnn"])
def test_sealed_rows_change_nothing_in_the_whole_job(models, tmp_path):
    if "cnn" in models:
        pytest.importorskip("torch")
    x, y = sounds(60)
    is_test = np.arange(60) >= 45
    found = []
    for number, rows in enumerate((x, planted(x, np.flatnonzero(is_test)))):
        data = dataset(rows, y, is_test)
        run = train(data, out=tmp_path / str(number), seed=3, folds=2, repeats=1, models=models)
        header = json.loads((run.path / "model" / "header.json").read_text())["model"]
        arrays = (run.path / "model" / "arrays.safetensors").read_bytes()
        scores = [(candidate["model"], candidate["mean"], candidate["se"]) for candidate in run.metrics["candidates"]]
        found.append((header, arrays, scores))
    assert found[0] == found[1]


def test_a_view_is_made_once_and_its_time_counts():
    x, y = sounds()
    with Views(Rows("sounds", x, y), 1, 1) as views:
        task = task_of(dataset(x, y), n_rows=30, seed=1)
        first, second = (views.apart(candidates_for("sounds", [name])[0].build(task))[0] for name in ("k-nn", "forest"))
    assert first.x is second.x
    result = fit_fold(first, candidates_for("table", ["dummy"])[0].build(task)[-1], np.arange(30), np.arange(30, 45))
    assert result.fit_seconds >= 30 * first.row_seconds > 0
    assert result.predict_seconds >= 15 * first.row_seconds
