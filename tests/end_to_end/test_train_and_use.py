"""The main job as a user runs it: train, look, assess, predict, evaluate."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer

from heldout.cli.main import _run
from heldout.run.metrics import without_times
from waiting import wait_until

QUICK = ["--models", "dummy,nearest-centroid,k-nn,linear-svm", "--folds", "3", "--repeats", "1"]


def run_json(arguments, capsys, code=0):
    assert _run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def heldout(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", "from heldout.cli import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.fixture
def patients(tmp_path):
    """A table as people have them: missing values, categories, and several rows a patient."""
    random = np.random.default_rng(1)
    n = 240
    patient = np.repeat(np.arange(n // 3), 3)
    outcome = (patient % 2).astype(bool)
    frame = pd.DataFrame(
        {
            "patient": [f"P{p}" for p in patient],
            "age": np.where(random.random(n) < 0.1, np.nan, random.normal(50, 9, n).round(1)),
            "marker": (random.normal(size=n) + 2.5 * outcome).round(3),
            "ward": random.choice(["north", "south", ""], n),
            "outcome": np.where(outcome, "ill", "well"),
        }
    )
    path = tmp_path / "patients.csv"
    frame.to_csv(path, index=False)
    return path, frame


def test_a_table_from_training_to_use(patients, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path, frame = patients
    found = run_json(["train", str(path), "--target", "outcome", "--group", "patient", "--seed", "1", *QUICK], capsys)
    run = Path(found["run"])
    assert run == Path("runs/patients")
    assert {p.name for p in run.iterdir()} >= {
        *("config.yaml", "split.json", "leaderboard.csv", "scores.csv", "metrics.json", "environment.json"),
        *("report.html", "events.jsonl", "model", "checkpoints"),
    }
    assert "test" not in json.loads((run / "metrics.json").read_text())
    assert not (run / "predictions.csv").exists()
    split = json.loads((run / "split.json").read_text())
    sides = [set(frame["patient"][[int(i) for i in split[part]]]) for part in ("train", "test")]
    assert not sides[0] & sides[1]
    assert len(split["train"]) + len(split["test"]) == len(frame)

    assessed = run_json(["assess", str(run)], capsys)
    test = assessed["test"]
    assert test["n"] == len(split["test"])
    with (run / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == split["test"]
    right = np.mean([row["label"] == row["prediction"] for row in rows])
    assert test["accuracy"] == pytest.approx(right)
    assert test["accuracy_ci"][0] < right < test["accuracy_ci"][1] or right == 1
    assert assessed["seal"]["openings"] == 1
    assert {"tp", "fn", "informedness", "markedness"} <= set(test)

    again = run_json(["assess", str(run)], capsys)
    assert again["seal"]["openings"] == 1, "a recorded result is shown without a second look"
    assert run_json(["assess", str(run), "--again"], capsys)["seal"]["openings"] == 2

    # Prediction needs the bundle alone, finds columns by name, and agrees with what was assessed.
    sealed = frame.iloc[[int(i) for i in split["test"]]]
    new = tmp_path / "new.csv"
    sealed[["ward", "marker", "age"]].to_csv(new, index=False)
    (run / "model").rename(tmp_path / "taken")
    predictions = run_json(["predict", str(tmp_path / "taken"), str(new)], capsys)["predictions"]
    (tmp_path / "taken").rename(run / "model")
    assert [p["label"] for p in predictions] == [row["prediction"] for row in rows]
    for p, row in zip(predictions, rows, strict=True):
        assert p["probabilities"]["ill"] == pytest.approx(float(row["p_ill"]), rel=1e-5, abs=1e-6)

    # Other labelled data are scored; sealed rows are not to be had this way, training rows are left out.
    fresh = frame.assign(marker=frame["marker"] + 0.0101)
    fresh.to_csv(tmp_path / "fresh.csv", index=False)
    assert run_json(["evaluate", str(run), str(tmp_path / "fresh.csv")], capsys)["n"] == len(frame)
    assert _run(["evaluate", str(run), str(path)]) == 2
    assert "sealed" in capsys.readouterr().err
    mixed = pd.concat([frame.iloc[[int(i) for i in split["train"][:30]]], fresh.iloc[:50]])
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    partly = run_json(["evaluate", str(run), str(tmp_path / "mixed.csv")], capsys)
    assert partly["n"] == 50
    assert "30 rows are left out" in " ".join(partly["notes"])


def test_the_summary_says_what_a_person_wants_to_know(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _run(["train", "iris", "--assess", "--models", "dummy"]) == 0
    out = capsys.readouterr().out
    for words in ("Chosen: ", "Cross-validated: accuracy", "±", "Worst confusions", "Test: accuracy", "95 % interval"):
        assert words in out
    assert "Report: runs/iris/report.html" in out


def test_the_same_seed_gives_the_same_metrics(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = []
    for number in range(2):
        monkeypatch.setenv("HELDOUT_LEDGER", str(tmp_path / f"ledger{number}.sqlite"))
        arguments = [
            "train",
            "iris",
            "--seed",
            "4",
            "--assess",
            "--out",
            f"r{number}",
            "--folds",
            "3",
            "--repeats",
            "1",
        ]
        run_json([*arguments, "--models", "forest,rbf-svm,boosting" + (",mlp" if number < 9 else "")], capsys)
        values = json.loads(Path(f"r{number}/metrics.json").read_text())
        values["seal"].pop("ledger")
        for opening in values["seal"]["history"]:
            opening.pop("run")
        found.append(without_times(values))
    assert found[0] == found[1]


def test_a_folder_of_images_with_mixed_sizes_and_modes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    modes = ["L", "RGB", "RGBA", "P", "I;16"]
    for number, (name, base) in enumerate((("dark", 40), ("light", 200))):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(30):
            mode, size = modes[(i + number) % 5], (20 + i % 3, 30 - i % 4)
            grey = np.clip(random.normal(base, 25, size), 0, 255)
            if mode == "I;16":
                image = Image.fromarray((grey * 257).astype(np.uint16))
            else:
                image = Image.fromarray(grey.astype(np.uint8)).convert(mode)
            image.save(tmp_path / "photos" / name / f"{i}.png")
    (tmp_path / "photos" / "dark" / "cut.png").write_bytes((tmp_path / "photos/dark/0.png").read_bytes()[:60])
    (tmp_path / "photos" / "light" / "text.png").write_text("no image")
    found = run_json(["train", "photos", "--assess", "--image-size", "16", *QUICK], capsys)
    assert found["data"]["rows"] == 60
    assert {name for name, _ in found["data"]["skipped"]} == {"dark/cut.png", "light/text.png"}
    assert found["test"]["accuracy"] == 1.0
    one = run_json(["predict", found["run"], "photos/light/3.png"], capsys)["predictions"]
    assert one[0]["label"] == "light"
    everything = run_json(["predict", found["run"], "photos", "--skip-bad"], capsys)
    assert len(everything["predictions"]) == 60
    assert len(everything["skipped"]) == 2
    same = [p for p in everything["predictions"] if p["id"].endswith("light/3.png")]
    assert same[0]["probabilities"] == one[0]["probabilities"], "alone or among others, the same bits"


def test_a_split_that_came_with_the_data_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for part, n in (("train", 24), ("test", 7)):
        for name, base in (("a", 60), ("b", 160)):
            folder = tmp_path / "d" / part / name
            folder.mkdir(parents=True)
            for i in range(n):
                pixels = np.clip(random.normal(base, 30, (9, 9)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    # A training picture that is also in the test part is left out, and said.
    (tmp_path / "d/train/a/copy.png").write_bytes((tmp_path / "d/test/a/0.png").read_bytes())
    found = run_json(["train", "d", "--assess", *QUICK], capsys)
    split = json.loads((Path(found["run"]) / "split.json").read_text())
    assert len(split["test"]) == 14
    assert all(name.startswith("test/") for name in split["test"])
    assert split["left_out"] == ["train/a/copy.png"]
    assert "1 training rows are left out" in " ".join(found["data"]["notes"])
    assert found["test"]["n"] == 14


def test_near_copies_with_random_labels_are_not_learnt(tmp_path, monkeypatch, capsys):
    """200 random points with random labels, five near-copies each: the truth is 0.5, and we say so."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    points, labels = random.normal(size=(200, 10)), random.integers(0, 2, 200)
    x = np.repeat(points, 5, axis=0) + random.normal(scale=0.001, size=(1000, 10))
    order = random.permutation(1000)
    frame = pd.DataFrame(x[order], columns=[f"x{i}" for i in range(10)])
    frame["label"] = np.where(np.repeat(labels, 5)[order], "heads", "tails")
    frame.to_csv("noise.csv", index=False)
    arguments = ["train", "noise.csv", "--target", "label", "--assess"]
    found = run_json([*arguments, "--models", "dummy,k-nn,tree,forest,rbf-svm"], capsys)
    assert found["data"]["copies"]["groups"] == 200
    assert "1000 of 1000" in found["data"]["copies"]["note"]
    candidate = next(r for r in found["candidates"] if r["model"] == found["chosen"]["model"])
    assert abs(candidate["accuracy"] - 0.5) < 2 * candidate["accuracy_se"]
    low, high = found["test"]["accuracy_ci"]
    assert low < 0.5 < high


def test_ctrl_c_ends_with_the_best_so_far(tmp_path):
    frame = load_breast_cancer(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "bad", 1: "good"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    models = "nearest-centroid,naive-bayes,forest,boosting"
    job = heldout("train", "t.csv", "--target", "target", "--repeats", "20", "--models", models, cwd=tmp_path)
    lines = []
    for line in job.stderr:
        lines.append(line)
        if line.startswith("Gaussian naive Bayes"):
            job.send_signal(signal.SIGINT)
            break
    out, err = job.communicate()
    assert job.returncode == 1, (out, err)
    assert "Stopped early" in out
    assert "Traceback" not in err
    values = json.loads((tmp_path / "runs/t/metrics.json").read_text())
    assert [r["status"] for r in values["candidates"]] == ["finished", "finished", "skipped", "skipped"]
    assert (tmp_path / "runs/t/model/header.json").exists()


def test_a_killed_run_resumes_to_the_same_result(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models = ["--models", "nearest-centroid,k-nn,forest,boosting", "--seed", "2"]
    job = heldout("train", "breast-cancer", "--out", "killed", *models, cwd=tmp_path)
    events = tmp_path / "killed/events.jsonl"
    wait_until(lambda: events.exists() and '"candidate-started", "model": "forest"' in events.read_text())
    job.kill()
    job.communicate()
    assert not (tmp_path / "killed/metrics.json").exists()
    first = (tmp_path / "killed/checkpoints/k-nn.json").read_bytes()
    resumed = run_json(["train", "breast-cancer", "--out", "killed", "--resume", *models], capsys)
    assert (tmp_path / "killed/checkpoints/k-nn.json").read_bytes() == first, "a finished candidate is not run again"
    whole = run_json(["train", "breast-cancer", "--out", "whole", *models], capsys)
    for values in (resumed, whole):
        values.pop("run")
    assert without_times(resumed) == without_times(whole)
    other = ["train", "breast-cancer", "--out", "killed", "--resume", "--seed", "3"]
    assert _run(other) == 2
    assert "other settings" in capsys.readouterr().err


def test_two_processes_that_assess_at_once_lose_no_entry(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("r1", "r2"):
        run_json(["train", "iris", "--out", name, *QUICK], capsys)
    jobs = [heldout("assess", name, cwd=tmp_path) for name in ("r1", "r2")]
    for job in jobs:
        out, err = job.communicate()
        assert job.returncode == 0, (out, err)
    with sqlite3.connect(os.environ["HELDOUT_LEDGER"]) as ledger:
        tables = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert tables
    openings = sorted(
        json.loads((tmp_path / name / "metrics.json").read_text())["seal"]["entry"] for name in ("r1", "r2")
    )
    assert openings[0] != openings[1]
    third = run_json(["train", "iris", "--out", "r3", "--assess", *QUICK], capsys)
    assert third["seal"]["openings"] == 3
    assert third["seal"]["level"] == pytest.approx(1 - 0.05 / 3)
    assert third["seal"]["problems"] == []


def test_deleting_a_run_does_not_hide_a_look_and_tampering_is_said(tmp_path, monkeypatch, capsys):
    import shutil

    monkeypatch.chdir(tmp_path)
    run_json(["train", "iris", "--out", "r1", "--assess", *QUICK], capsys)
    shutil.rmtree("r1")
    assert run_json(["train", "iris", "--out", "r2", "--assess", *QUICK], capsys)["seal"]["openings"] == 2
    path = os.environ["HELDOUT_LEDGER"]
    with sqlite3.connect(path) as ledger:
        for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f"DROP TRIGGER {name}")
        [(table,)] = ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        ledger.execute(f"DELETE FROM {table} WHERE rowid = 2")
    ledger.close()
    third = run_json(["train", "iris", "--out", "r3", "--assess", *QUICK], capsys)
    assert third["seal"]["problems"]


def test_a_changed_row_does_not_make_the_test_rows_new(patients, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path, frame = patients
    arguments = ["--target", "outcome", "--group", "patient", "--seed", "1", "--assess", *QUICK]
    first = run_json(["train", str(path), *arguments], capsys)
    frame.loc[int(json.loads(Path(first["run"], "split.json").read_text())["train"][0]), "marker"] += 0.5
    frame.to_csv("changed.csv", index=False)
    second = run_json(["train", "changed.csv", *arguments], capsys)["seal"]
    assert (first["seal"]["openings"], second["openings"]) == (1, 1)
    assert (first["seal"]["overlapping"], second["overlapping"]) == (0, 1)
    assert second["level"] == pytest.approx(0.975)


@pytest.mark.parametrize("change", ["sorted", "shuffled"])
def test_rows_that_moved_are_found_again_by_content(change, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(300, 4)), columns=list("abcd"))
    frame["y"] = random.choice(["heads", "tails"], 300)
    frame.to_csv("noise.csv", index=False)
    arguments = ["train", "noise.csv", "--target", "y", "--models", "tree", "--repeats", "1"]
    run_json([*arguments, "--out", "r1"], capsys)
    run_json([*arguments, "--out", "r2", "--assess"], capsys)
    as_it_was = run_json(["assess", "r2"], capsys)["test"]
    moved = frame.sort_values("a") if change == "sorted" else frame.sample(frac=1, random_state=1)
    moved.to_csv("noise.csv", index=False)
    test = run_json(["assess", "r1"], capsys)["test"]
    assert test["confusion"] == as_it_was["confusion"]


def test_a_model_or_a_split_of_another_run_is_refused(tmp_path, monkeypatch, capsys):
    import shutil

    monkeypatch.chdir(tmp_path)
    for seed in ("1", "2"):
        run_json(["train", "iris", "--seed", seed, "--out", f"r{seed}", *QUICK], capsys)
    shutil.copytree("r1", "r3")
    shutil.rmtree("r3/model")
    shutil.copytree("r2/model", "r3/model")
    assert _run(["assess", "r3"]) == 2
    assert "not the one that this run trained" in capsys.readouterr().err
    split = json.loads(Path("r1/split.json").read_text())
    other = json.loads(Path("r2/split.json").read_text())
    Path("r1/split.json").write_text(json.dumps({**split, "test_digests": other["test_digests"]}))
    assert _run(["assess", "r1"]) == 2
    assert "not those that this run sealed" in capsys.readouterr().err
    assert run_json(["train", "iris", "--out", "r4", *QUICK], capsys)["seal"]["openings"] == 0


def test_sealed_rows_are_known_whatever_their_label_and_last_digits(patients, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path, frame = patients
    arguments = ["--target", "outcome", "--group", "patient", "--seed", "1", *QUICK]
    run = run_json(["train", str(path), *arguments], capsys)["run"]
    sealed = frame.iloc[[int(i) for i in json.loads(Path(run, "split.json").read_text())["test"]]].copy()
    sealed["outcome"] = sealed["outcome"].map({"ill": "well", "well": "ill"})
    sealed.to_csv("flipped.csv", index=False)
    sealed.assign(marker=sealed["marker"] * (1 + 1e-12)).to_csv("nudged.csv", index=False)
    for name in ("flipped.csv", "nudged.csv"):
        for option in ([], ["--allow-leak"]):
            assert _run(["evaluate", run, name, *option]) == 2
            assert "sealed test rows of this run" in capsys.readouterr().err


def test_resuming_an_assessed_run_keeps_what_was_seen(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "iris", "--out", "r", *QUICK]
    before = run_json([*arguments, "--assess"], capsys)
    after = run_json([*arguments, "--resume"], capsys)
    assert after == before
    second = run_json(["train", "iris", "--out", "r2", *QUICK], capsys)
    assert second["seal"]["openings"] == 1
    assert "test" not in second
    assert "never been looked at" not in Path("r2/report.html").read_text("utf-8")


def test_a_data_frame_is_trained_on_directly_and_a_path_is_found_from_anywhere(patients, tmp_path, monkeypatch, capsys):
    from heldout.job.run import train

    monkeypatch.chdir(tmp_path)
    path, frame = patients
    settings = {"models": "k-nn,tree", "folds": 3, "repeats": 1}
    run = train(frame, target="outcome", group="patient", out="f", **settings)
    assert 0 <= run.assess()["accuracy"] <= 1
    run_json(["train", path.name, "--target", "outcome", "--out", "p", *QUICK], capsys)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run_json(["assess", "../p"], capsys)["seal"]["openings"] == 1


def test_a_class_name_cannot_forge_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60)})
    frame["y"] = random.choice(["no", "yes\nTest: accuracy 0.9990"], 60)
    frame.to_csv("t.csv", index=False)
    assert _run(["train", "t.csv", "--target", "y", "--models", "k-nn", "--repeats", "1"]) == 0
    captured = capsys.readouterr()
    assert not [line for line in (captured.out + captured.err).splitlines() if line.startswith("Test: accuracy")]


def test_help_is_quick_to_load_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom heldout.cli.main import _run\n_run(['--help'])\n"
        "heavy = {'torch', 'sklearn', 'pandas', 'numpy', 'scipy', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "heldout train digits" in done.stdout


def test_every_command_has_help_with_an_example(capsys):
    from heldout.cli.main import COMMANDS

    for name in COMMANDS:
        assert _run([name, "--help"]) == 0
        assert "Example:" in capsys.readouterr().out, name


def test_without_torch_the_ladder_says_how_to_add_nets(tmp_path, monkeypatch, capsys):
    import heldout.errors

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert _run(["train", "iris", "--models", "nearest-centroid,mlp", "--folds", "3", "--repeats", "1"]) == 0
    out = capsys.readouterr().out
    assert "pip install 'heldout[nets]'" in out
    assert heldout is not None
