"""Sounds through the command line: train, predict, evaluate, assess, report; and the real ESC-10 where it is."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from heldout.cli.main import _run  # noqa: E402

RATE = 8000


def write(path, kind, number):
    """A tone (high or low) or noise of half a second, at a level and phase of its own."""
    generator = np.random.default_rng([len(kind), number])
    time = np.arange(RATE // 2) / RATE
    level, phase = generator.uniform(0.1, 0.5), generator.uniform(0, 7)
    if kind == "noise":
        samples = level * generator.normal(size=len(time)) / 3
    else:
        samples = level * np.sin(2 * np.pi * {"low": 300, "high": 1800}[kind] * time + phase)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples + 0.01 * generator.normal(size=len(time)), RATE)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds")
    for kind in ("low", "high", "noise"):
        for number in range(16):
            write(root / "known" / kind / f"{number}.{('wav', 'ogg', 'flac')[number % 3]}", kind, number)
        for number in range(100, 104):
            write(root / "new" / kind / f"{number}.wav", kind, number)
    return root


@pytest.fixture
def run(capsys):
    """Call the command line; its exit code, and what it wrote to both streams."""

    def call(*words):
        code = _run([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def answer(run):
    """The JSON that a call prints that must go well."""

    def call(*words):
        code, out, err = run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return call


@pytest.mark.parametrize("models", ["knn,forest,linear-svm", "spectrogram-cnn"])
def test_a_folder_of_sounds_from_training_to_the_report(folders, tmp_path, models, answer):
    if "cnn" in models:
        pytest.importorskip("torch")
    out = tmp_path / "run"
    found = answer("train", folders / "known", "--models", models, "--folds", 2, "--repeats", 1, "--seed", 1, "-o", out)
    assert found["data"]["kind"] == "sounds"
    assert found["candidates"][-1]["accuracy"] > 0.8

    labelled = answer("evaluate", out, folders / "new")
    assert (labelled["n"], labelled["accuracy"] > 0.8) == (12, True)
    predicted = answer("predict", out, folders / "new", folders / "known" / "low" / "0.wav")["predictions"]
    assert len(predicted) == 13
    alone = answer("predict", out, folders / "new" / "high" / "100.wav")["predictions"][0]
    assert alone == next(p for p in predicted if p["id"] == alone["id"])

    assessed = answer("assess", out)
    assert assessed["test"]["n"] == found["data"]["test"]
    page = (out / "report.html").read_text("utf-8")
    assert "sounds" in page
    with (out / "predictions.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.reader(stream))) == 1 + assessed["test"]["n"]


def test_bad_clips_at_prediction_end_it_or_are_skipped_when_asked(folders, tmp_path, run, answer):
    out = tmp_path / "run"
    answer("train", folders / "known", "--models", "knn", "--folds", 2, "--repeats", 1, "-o", out)
    (tmp_path / "bad.wav").write_text("no sound at all, really none")
    code, _, said = run("predict", out, tmp_path / "bad.wav")
    assert code == 2
    assert "text, not a sound" in said
    found = answer("predict", out, tmp_path / "bad.wav", folders / "new" / "low" / "100.wav", "--skip-bad")
    assert (len(found["predictions"]), len(found["skipped"])) == (1, 1)
    (tmp_path / "none").mkdir()
    assert "no sounds in this folder" in run("predict", out, tmp_path / "none")[2]


def test_a_model_of_sounds_refuses_images_and_the_options_of_the_other_kind(folders, tmp_path, run):
    code, _, said = run("train", folders / "known", "--image-size", 32, "-o", tmp_path / "run")
    assert code == 2
    assert "image_size is for images" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_esc10_with_its_groups_and_published_folds(real_data, tmp_path, answer):
    if not (real_data / "esc10").is_dir():
        pytest.skip("HELDOUT_MIRROR has no esc10")
    found = answer("train", "esc10", "--models", "knn", "--folds", "published", "--seed", 1, "-o", tmp_path / "run")
    assert found["data"]["groups"] <= 304
    assert found["cross_validation"]["folds"] == 5
    assert 0.55 < found["candidates"][0]["accuracy"] < 0.9
