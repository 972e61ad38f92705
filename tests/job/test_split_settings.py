"""`--split` and `--folds` through the whole job: the right rows are sealed, and the folds are those that were asked."""

import csv
import json

import numpy as np
import pytest

from heldout.cli.main import _run
from heldout.data.dataset import Dataset
from heldout.errors import LabelError, SettingError
from heldout.evaluate.confusion import mcc
from heldout.job.run import train
from heldout.select.results import CandidateResult, score_together
from heldout.split.partition import check_no_group_crosses
from heldout.split.record import load_split
from heldout.split.validation import leave_one_group_out

QUICK = ["--models", "dummy,nearest-centroid", "--quiet", "--jobs", "1"]


@pytest.fixture
def visits(tmp_path, monkeypatch):
    """120 visits of 30 patients (one class each) over 120 days, with folds and parts that came with them."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(4)
    rows = [["a", "b", "patient", "day", "fold", "part", "ill"]]
    for i in range(120):
        patient = i % 30
        ill = patient % 2
        day = f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}"
        part = ["train", "train", "train", "test", "val"][patient % 5]
        rows.append(
            [f"{random.normal() + 2 * ill:.4f}", f"{random.normal():.4f}", f"p{patient}", day, patient % 3, part]
        )
        rows[-1].append(["no", "yes"][ill])
    with (tmp_path / "visits.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def run(capsys, *options):
    code = _run(["train", "visits.csv", "--target", "ill", "--out", "run", *QUICK, *options])
    said = capsys.readouterr()
    assert code == 0, said.err
    from pathlib import Path

    return json.loads(Path("run/split.json").read_text()), json.loads(Path("run/metrics.json").read_text())


def patients(visits, ids):
    return {visits[int(row)]["patient"] for row in ids}


@pytest.mark.parametrize("way", ["class", "random", "hash", "hash:content"])
def test_each_way_keeps_patients_whole_and_can_be_read_back(way, visits, capsys):
    split, metrics = run(capsys, "--group", "patient", "--split", way, "--seed", "2")
    assert sorted(map(int, split["train"] + split["test"])) == list(range(120))
    assert not patients(visits, split["train"]) & patients(visits, split["test"])
    assert metrics["data"]["test"] == len(split["test"])
    again = load_split("run/split.json", np.arange(120).astype(str))
    assert again.parts["test"].tolist() == sorted(map(int, split["test"]))
    train_ids = np.array(split["train"])
    folds = load_split("run/folds.json", train_ids)
    assert len(folds.folds) == 15
    assert np.array_equal(
        np.sort(np.concatenate([v for r, _, _, v in folds.folds if r == 0])), np.arange(len(train_ids))
    )


def test_a_patient_stays_on_its_side_when_the_table_grows(visits, capsys, tmp_path):
    first, _ = run(capsys, "--group", "patient", "--split", "hash")
    sealed = patients(visits, first["test"])
    lines = (tmp_path / "visits.csv").read_text().splitlines()
    more = [f"{i / 7},{i / 3},q{i % 20},2025-01-{1 + i % 28:02d},0,train,{['no', 'yes'][i % 2]}" for i in range(60)]
    (tmp_path / "visits.csv").write_text("\n".join([lines[0], *more, *lines[1:]]) + "\n")
    (tmp_path / "run").rename(tmp_path / "earlier")
    second, _ = run(capsys, "--group", "patient", "--split", "hash")
    grown = [{"patient": line.split(",")[2]} for line in [*more, *lines[1:]]]
    assert {name for name in patients(grown, second["test"]) if name.startswith("p")} == sealed


def test_the_latest_days_are_sealed_and_the_day_is_no_feature(visits, capsys):
    split, metrics = run(capsys, "--split", "time:day")
    assert sorted(map(int, split["test"])) == list(range(96, 120))
    assert metrics["data"]["shape"] == [5]  # a, b, patient, fold, part
    assert any("the test rows are the latest" in note for note in metrics["data"]["notes"])


def test_a_column_of_parts_is_kept_and_validation_rows_are_learnt_from(visits, capsys):
    split, metrics = run(capsys, "--split", "column:part")
    assert {visits[int(row)]["part"] for row in split["test"]} == {"test"}
    assert {visits[int(row)]["part"] for row in split["train"]} == {"train", "val"}
    assert "part" not in json.dumps(metrics["data"]["notes"])


def test_published_folds_are_those_of_the_cross_validation(visits, capsys):
    split, metrics = run(capsys, "--folds", "published", "--group", "patient")
    assert (metrics["cross_validation"]["folds"], metrics["cross_validation"]["repeats"]) == (3, 1)
    folds = load_split("run/folds.json", np.array(split["train"]))
    held = [{visits[int(split["train"][row])]["fold"] for row in validation} for *_, validation in folds.folds]
    assert sorted(map(sorted, held)) == [[0], [1], [2]]


def test_leaving_out_each_group_scores_all_rows_together(visits, capsys):
    split, metrics = run(capsys, "--folds", "loo-group", "--group", "patient")
    n_groups = len(patients(visits, split["train"]))
    assert metrics["cross_validation"]["folds"] == n_groups
    leaderboard = {candidate["model"]: candidate for candidate in metrics["candidates"]}
    assert leaderboard["dummy"]["mean"] < 0.2
    assert leaderboard["nearest-centroid"]["mean"] > 0.4  # each patient has one class, so that an MCC a fold would be 0


def test_a_split_of_an_earlier_run_can_be_had_again(visits, capsys, tmp_path):
    first, _ = run(capsys, "--seed", "5")
    (tmp_path / "run").rename(tmp_path / "earlier")
    second, _ = run(capsys, "--seed", "6", "--split", "file:earlier/split.json")
    assert second["test"] == first["test"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--split", "times:day"], "did you mean 'time'"),
        (["--split", "time:dya"], "'day'"),
        (["--split", "column:ill"], "holds the labels"),
        (["--split", "column:patient"], "'p0' at line 2"),
        (["--split", "time:patient"], "no time that can be read, first 'p0' at line 2"),
        (["--split", "published"], "came with no split"),
        (["--split", "hash:group"], "no groups were declared"),
        (["--split", "file:none.json"], "none.json"),
        (["--folds", "three"], "folds is 'three'"),
        (["--folds", "published", "--repeats", "3"], "the same folds each time"),
        (["--folds", "loo-group"], "--group"),
        (["--folds", "61"], "visits.csv, column 'ill'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(options, said, visits, capsys, tmp_path):
    if "61" in options:
        lines = (tmp_path / "visits.csv").read_text().splitlines()
        (tmp_path / "visits.csv").write_text("\n".join(lines[:100]) + "\n")
    code = _run(["train", "visits.csv", "--target", "ill", "--out", "run", *QUICK, *options])
    assert code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_class_that_is_too_small_is_counted_in_whole_and_its_place_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "a,kind\n" + "".join(f"{i * i % 37},common\n" for i in range(40)) + "5.5,rare\n" * 1 + "9.5,rare\n" * 1
    )
    with pytest.raises(
        LabelError, match=r"class 'rare' has 2 rows, of which 1 is sealed as test; the 1 row left"
    ) as caught:
        train(path, target="kind", models="dummy", out=tmp_path / "run")
    assert caught.value.where == f"{path}, column 'kind'"


def test_a_named_dataset_without_times_refuses_a_split_by_time(tmp_path):
    with pytest.raises(SettingError, match="no column 'day'"):
        train("iris", split="time:day", out=tmp_path / "run")


def test_the_jackknife_of_the_pooled_mcc_has_its_mean_near_it():
    random = np.random.default_rng(0)
    y = np.repeat(np.arange(20) % 2, 5)
    predicted = np.where(random.random(100) < 0.8, y, 1 - y)
    parts = leave_one_group_out(y, np.repeat(np.arange(20), 5))
    folds = [{"mcc": mcc(y[v], predicted[v]), "n_train": 95, "n_validation": 5} for *_, v in parts]
    assert max(abs(fold["mcc"]) for fold in folds) == 0
    result = CandidateResult("x", "X", folds=folds, predicted=predicted)
    score_together(result, y, parts)
    values = [fold["mcc"] for fold in result.folds]
    assert np.mean(values) == pytest.approx(mcc(y, predicted), abs=0.01)
    by_hand = 20 * mcc(y, predicted) - 19 * mcc(y[5:], predicted[5:])
    assert values[0] == pytest.approx(by_hand)


def test_a_dataset_made_by_hand_keeps_its_times_and_folds_when_rows_are_taken():
    data = Dataset("t", "table", np.zeros((4, 1)), np.zeros(4, int), ("a",), np.arange(4).astype(str))
    data = Dataset(**{**vars(data), "kind": "images", "folds": np.arange(4), "time": np.arange(4.0)})
    part = data.take(np.array([3, 1]))
    assert part.folds.tolist() == [3, 1]
    assert part.time.tolist() == [3.0, 1.0]
    check_no_group_crosses(np.arange(4), {"a": part.folds})


def test_a_list_of_files_gives_parts_times_and_folds(tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    lines = ["file,label,fold,taken,part"]
    for i in range(40):
        pixels = random.integers(0, 90, (6, 6), dtype=np.uint8) + np.uint8(120 * (i % 2))
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{'ab'[i % 2]},{i % 5},2024-01-01T{i // 2:02d}:30,{'test' if i % 8 < 2 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    options = {"models": "nearest-centroid", "jobs": 1}
    run = train(tmp_path, split="time:taken", out=tmp_path / "runs" / "a", **options)
    assert sorted(json.loads((run.path / "split.json").read_text())["test"]) == sorted(
        f"{i}.png" for i in range(32, 40)
    )
    run = train(tmp_path, split="column:part", folds="published", out=tmp_path / "runs" / "b", **options)
    assert len(json.loads((run.path / "split.json").read_text())["test"]) == 10
    assert run.metrics["cross_validation"]["folds"] == 5
    with pytest.raises(SettingError, match="Unknown column 'when'; the columns are file, label, fold, taken, part"):
        train(tmp_path, split="time:when", out=tmp_path / "runs" / "c", **options)
    (tmp_path / "labels.csv").unlink()
    for i in range(40):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        (tmp_path / f"{i}.png").rename(tmp_path / "ab"[i % 2] / f"{i}.png")
    with pytest.raises(SettingError, match=r"without labels\.csv"):
        train(tmp_path, split="time:taken", out=tmp_path / "runs" / "c")


def test_a_data_frame_is_split_by_its_own_columns(tmp_path):
    import pandas as pd

    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=60) + np.arange(60) % 2, "b": random.normal(size=60)})
    frame["day"] = np.arange(60)[::-1]
    frame["y"] = np.arange(60) % 2
    run = train(frame, target="y", split="time:day", models="dummy", out=tmp_path / "run", jobs=1)
    assert sorted(map(int, json.loads((run.path / "split.json").read_text())["test"])) == list(range(12))
    assert run.metrics["data"]["shape"] == [2]
