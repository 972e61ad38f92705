"""`heldout augment` as a user runs it, and what `heldout train` then makes of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heldout.augment import staging, writing
from heldout.augment.disk import augment_to_disk
from heldout.augment.making_sounds import run_tasks
from heldout.augment.plan import folder_names
from heldout.augment.settings import AugmentSettings
from heldout.augment.tables import augment_table
from heldout.cli.main import _run
from heldout.errors import SettingError, TrainingError
from heldout.files import DiskError
from heldout.kinds.loading import load
from waiting import wait_until

QUICK = ["--models", "dummy,nearest-centroid", "--folds", "2", "--repeats", "1", "--seed", "1", "--quiet"]


def run_json(arguments, capsys, code=0):
    assert _run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def labels_of(folder):
    return pd.read_csv(folder / "labels.csv", dtype=str, keep_default_na=False).set_index("file")


@pytest.fixture
def photos(tmp_path):
    """Three classes of 10 pictures, two of each motif; a motif is a group by its name."""
    random = np.random.default_rng(0)
    folder = tmp_path / "photos"
    for number, label in enumerate(["ash", "birch", "Birch wood"]):
        (folder / label).mkdir(parents=True)
        for motif in range(5):
            for take in range(2):
                picture = random.integers(0, 120, (12, 12, 3)) + 60 * number
                Image.fromarray(picture.astype(np.uint8)).save(folder / label / f"m{number}{motif}-{take}.png")
    return folder


@pytest.fixture
def clips(tmp_path):
    import soundfile

    random = np.random.default_rng(0)
    folder = tmp_path / "clips"
    for number, label in enumerate(["low", "high"]):
        (folder / label).mkdir(parents=True)
        for take in range(6):
            tone = 0.3 * np.sin(2 * np.pi * (300 + 900 * number) * np.arange(1600) / 8000) * random.random()
            soundfile.write(folder / label / f"{take}.wav", tone + 0.01 * random.normal(size=1600), 8000)
    return folder


@pytest.fixture
def patients(tmp_path):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "age": np.where(random.random(60) < 0.1, np.nan, random.integers(20, 90, 60)),
            "marker": random.normal(size=60).round(3),
            "ward": random.choice(["north", "south", "east"], 60),
            "patient": [f"P{row // 2}" for row in range(60)],
            "outcome": np.where(np.arange(60) // 2 % 2, "ill", "well"),
        }
    )
    path = tmp_path / "patients.csv"
    frame.to_csv(path, index=False)
    return path


def assert_no_group_crosses(run, group_of):
    """No group is in training and test, nor in training and validation of any fold."""
    split = json.loads((run / "split.json").read_text())
    sides = [{group_of[i] for i in split[part]} for part in ("train", "test")]
    assert split["test"]
    assert not sides[0] & sides[1]
    for fold in json.loads((run / "folds.json").read_text())["folds"]:
        validation = {group_of[i] for i in fold["validation"]}
        rest = {group_of[i] for i in split["train"] if i not in set(fold["validation"])}
        assert validation
        assert not validation & rest


def test_copies_of_images_stay_with_their_originals_through_training(photos, tmp_path, capsys):
    out = tmp_path / "more"
    found = run_json(
        ["augment", str(photos), str(out), "--copies", "3", "--seed", "1", "--group-pattern", r"(m\d+)-"], capsys
    )
    assert (found["originals"], found["copies"], found["groups"]) == (30, 90, 15)
    listed = labels_of(out)
    assert len(listed) == 120
    assert (listed.groupby("source").size() == 4).all()
    assert listed.groupby("source")["group"].nunique().max() == 1
    assert set(listed["group"]) == {f"m{n}{m}" for n in range(3) for m in range(5)}
    data = load(str(out))
    assert data.groups is not None
    assert (np.bincount(data.groups) == 8).all()
    originals = load(str(photos))
    kept = data.x[[list(data.ids).index(name) for name in listed.index[listed.index.str.endswith("-00.png")]]]
    assert np.array_equal(kept, originals.x)
    run = Path(run_json(["train", str(out), "--out", str(tmp_path / "run"), *QUICK], capsys)["run"])
    assert_no_group_crosses(run, listed["group"].to_dict())


def test_copies_of_rows_stay_with_their_originals_through_training(patients, tmp_path, capsys):
    out = tmp_path / "more.csv"
    asked = [
        "--target",
        "outcome",
        "--group",
        "patient",
        "--copies",
        "2",
        "--with",
        "pca-noise 0.1, smote 3, swap ward p 0.3",
    ]
    found = run_json(["augment", str(patients), str(out), *asked], capsys)
    assert found["train"] == f"heldout train {out} --target outcome"
    made = pd.read_csv(out)
    assert len(made) == 180
    before = pd.read_csv(patients)
    pd.testing.assert_frame_equal(made[before.columns][:60], before)
    assert (made["outcome"] == np.tile(before["outcome"], 3)).all()
    assert (made.groupby("patient")["heldout_source"].nunique() == 1).all()
    # Without --group in this call: the source alone keeps them together, and is no feature.
    run = Path(
        run_json(["train", str(out), "--target", "outcome", "--out", str(tmp_path / "run"), *QUICK], capsys)["run"]
    )
    assert_no_group_crosses(run, dict(enumerate(made["heldout_source"])) | dict_of_texts(made["heldout_source"]))
    data = load(str(out), target="outcome", group="patient")
    assert "heldout_source" not in data.x.columns
    assert len(np.unique(data.groups)) == made["heldout_source"].nunique()


def dict_of_texts(values):
    return {str(row): value for row, value in enumerate(values)}


def test_a_group_named_by_the_user_and_the_sources_are_joined(tmp_path):
    frame = pd.DataFrame(
        {
            "x": [1.0, 2, 3, 4, 5, 6],
            "site": ["a", "b", "b", "c", "d", "d"],
            "heldout_source": [0, 0, 1, 1, 2, 3],
            "y": ["u", "v", "u", "v", "u", "v"],
        }
    )
    groups = load(frame, target="y", group="site").groups
    assert len(set(groups[:4])) == 1
    assert len(set(groups[4:])) == 1
    assert groups[0] != groups[5]


@pytest.mark.parametrize("form", ["wav", "flac", "ogg"])
def test_sounds_are_written_and_read_back_with_their_sources(clips, tmp_path, capsys, form):
    out = tmp_path / "more"
    run_json(["augment", str(clips), str(out), "--copies", "2", "--format", form, "--jobs", "1"], capsys)
    listed = labels_of(out)
    data = load(str(out))
    assert data.kind == "sounds"
    assert len(data) == len(listed) == 36
    assert data.input["rate"] == 8000
    assert (np.bincount(data.groups) == 3).all()
    if form != "ogg":
        first = [name for name in data.ids if name.endswith(f"-00.{form}")]
        assert np.array_equal(data.x[np.isin(data.ids, first)], load(str(clips)).x[::1])


def test_only_training_rows_of_a_run_are_augmented_and_sealed_ones_if_named(photos, tmp_path, capsys):
    run = run_json(["train", str(photos), "--out", str(tmp_path / "run"), *QUICK], capsys)["run"]
    split = json.loads((Path(run) / "split.json").read_text())
    fold = json.loads((Path(run) / "folds.json").read_text())["folds"][0]["validation"]
    wanted = {
        "train": set(split["train"]),
        "sealed": set(split["test"]),
        "validation": set(fold),
        "rest": set(split["train"]) - set(fold),
    }
    for name, more in {
        "train": [],
        "sealed": ["--part", "sealed"],
        "validation": ["--part", "validation", "--fold", "1"],
        "rest": ["--fold", "1"],
    }.items():
        out = tmp_path / name
        run_json(["augment", str(photos), str(out), "--copies", "1", "--run", run, *more], capsys)
        assert set(labels_of(out)["source"]) == wanted[name]


def test_what_a_run_does_not_have_is_refused(photos, tmp_path, capsys):
    run = run_json(["train", str(photos), "--out", str(tmp_path / "run"), *QUICK], capsys)["run"]
    ask = ["augment", str(photos), str(tmp_path / "out"), "--run", run]
    said = run_json([*ask, "--part", "validation"], capsys, code=2)["error"]
    assert "belong to a fold" in said["what"]
    assert "the run has only 2 folds" in run_json([*ask, "--fold", "7"], capsys, code=2)["error"]["what"]
    picture = next((photos / "ash").iterdir())
    Image.new("RGB", (12, 12)).save(picture)
    assert "rows of" in run_json(ask, capsys, code=2)["error"]["what"]
    assert not (tmp_path / "out").exists()


def test_the_test_part_that_came_with_the_data_is_left_out_unless_named(photos, tmp_path, capsys):
    folder = tmp_path / "split"
    shutil.copytree(photos, folder / "train")
    for label in ("ash", "birch", "Birch wood"):
        (folder / "test" / label).mkdir(parents=True)
        (folder / "train" / label).joinpath(next((folder / "train" / label).iterdir()).name).rename(
            folder / "test" / label / "0.png"
        )
    found = run_json(["augment", str(folder), str(tmp_path / "a"), "--copies", "1"], capsys)
    assert set(labels_of(tmp_path / "a")["source"].str.split("/").str[0]) == {"train"}
    assert any("3 test rows" in note for note in found["notes"])
    run_json(["augment", str(folder), str(tmp_path / "b"), "--copies", "1", "--part", "sealed"], capsys)
    assert set(labels_of(tmp_path / "b")["source"].str.split("/").str[0]) == {"test"}
    assert (
        "without a sealed part"
        in (
            run_json(["augment", str(photos), str(tmp_path / "c"), "--part", "sealed"], capsys, code=2)["error"]["what"]
        )
    )


def test_only_the_named_classes_get_copies(photos, tmp_path, capsys):
    out = tmp_path / "more"
    run_json(["augment", str(photos), str(out), "--copies", "2", "--only-classes", "ash"], capsys)
    assert labels_of(out)["label"].value_counts().to_dict() == {"ash": 30, "birch": 10, "Birch wood": 10}
    said = run_json(["augment", str(photos), str(tmp_path / "x"), "--only-classes", "oak"], capsys, code=2)["error"]
    assert said["what"] == "Unknown class 'oak'"


def test_mixtures_tie_two_groups_and_no_more_and_keep_to_their_fold(photos, tmp_path):
    data = load(str(photos), group_pattern=r"(m\d+)-")
    written = augment_to_disk(data, tmp_path / "out", AugmentSettings(operations="mix 0.4 p 1", copies=3))
    assert 6 <= written.n_groups < 15
    listed = labels_of(tmp_path / "out")
    assert (listed.groupby("group")["label"].nunique() == 1).all()
    assert listed.groupby("group")["source"].nunique().max() <= 4


def test_a_stopped_call_leaves_no_target_and_the_same_call_goes_on(photos, tmp_path, monkeypatch, capsys):
    whole, out = tmp_path / "whole", tmp_path / "out"
    ask = ["--copies", "2", "--seed", "3", "--jobs", "1"]
    run_json(["augment", str(photos), str(whole), *ask], capsys)
    monkeypatch.setattr(writing, "_BATCH", 10)
    true, calls = writing.write_batch, []

    def stopped(batch):
        calls.append(batch)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return true(batch)

    monkeypatch.setattr(writing, "write_batch", stopped)
    said = run_json(["augment", str(photos), str(out), *ask], capsys, code=1)["error"]
    assert "stopped before it was complete" in said["what"]
    assert "run the same command again" in said["fix"]
    assert not out.exists()
    assert (tmp_path / ".out.part").is_dir()
    refused = run_json(["augment", str(photos), str(out), "--copies", "3"], capsys, code=2)["error"]
    assert "stopped call with other settings" in refused["what"]
    monkeypatch.setattr(writing, "write_batch", true)
    found = run_json(["augment", str(photos), str(out), *ask], capsys)
    assert found["went_on"]
    assert not (tmp_path / ".out.part").exists()
    for path in sorted(whole.rglob("*.*")):
        assert path.read_bytes() == (out / path.relative_to(whole)).read_bytes()


def test_what_is_there_already_is_left_alone_or_replaced_when_asked(photos, patients, tmp_path, capsys):
    out = tmp_path / "out"
    ask = ["augment", str(photos), str(out), "--copies", "1"]
    run_json(ask, capsys)
    assert run_json(ask, capsys, code=2)["error"]["what"] == "already exists"
    run_json([*ask, "--overwrite", "--no-originals"], capsys)
    assert len(labels_of(out)) == 30
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    said = run_json(["augment", str(photos), str(mine), "--overwrite"], capsys, code=2)["error"]
    assert "not written by heldout augment" in said["what"]
    assert (mine / "thesis.txt").read_text() == "mine"
    before = patients.read_bytes()
    said = run_json(["augment", str(patients), str(patients), "--target", "outcome", "--overwrite"], capsys, code=2)[
        "error"
    ]
    assert said["what"] == "OUT is DATA itself"
    assert patients.read_bytes() == before


@pytest.mark.parametrize(
    ("out", "more", "says"),
    [
        ("photos/more", [], "OUT and DATA overlap"),
        ("nowhere/more", [], "its folder does not exist"),
        ("more.csv", [], "images are written into a folder"),
        ("more", ["--copies", "-1"], "copies is -1; it must be between 0 and 10000"),
        ("more", ["--copies", "0", "--no-originals"], "0 copies and no originals"),
        ("more", ["--with", "pitch 3"], "pitch is for sounds, not for images"),
        ("more", ["--with", "random-crop 13"], "random-crop 13x13 of images of 12x12"),
        ("more", ["--fold", "1"], "--fold needs a run"),
        ("more", ["--sheet", "sheet.gif"], "a sheet is a .png or .html file"),
    ],
)
def test_a_call_that_cannot_be_is_refused_before_anything_is_written(photos, tmp_path, capsys, out, more, says):
    said = run_json(["augment", str(photos), str(tmp_path / out), *more], capsys, code=2)["error"]
    assert says in said["what"]
    assert {path.name for path in tmp_path.iterdir()} == {"photos"}


def test_a_full_disk_is_noticed_before_and_while_writing(photos, tmp_path, monkeypatch):
    data = load(str(photos))
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: usage(1, 1, 10_000))
        with pytest.raises(DiskError, match="GB are needed"):
            augment_to_disk(data, tmp_path / "out", AugmentSettings(copies=2))
    assert {path.name for path in tmp_path.iterdir()} == {"photos"}

    def full(path, content):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(DiskError, match="No space left"):
            augment_to_disk(data, tmp_path / "out", AugmentSettings(copies=2))
    assert not (tmp_path / "out").exists()
    assert augment_to_disk(data, tmp_path / "out", AugmentSettings(copies=2)).went_on


def test_classes_of_any_name_get_folders_of_their_own():
    classes = ["a/b", "a\\b", "A_b", "..", "con", "", "näh", "x" * 300, "train", "a b"]
    names = folder_names(classes)
    assert len({name.casefold() for name in names}) == len(classes)
    for name in names:
        assert name not in ("", ".", "..", "con")
        assert not set(name) & set('/\\:*?"<>|\n ')
        assert len(name.encode()) < 200


@pytest.mark.parametrize("ending", ["png", "html"])
def test_a_sheet_shows_each_operation_before_and_after(photos, clips, patients, tmp_path, capsys, ending):
    for source, out, more in (
        (photos, "a", ["--with", "flip, rotate 30"]),
        (clips, "b", ["--with", "gain 6, shift 0.05s", "--jobs", "1"]),
        (patients, "c.csv", ["--target", "outcome", "--with", "pca-noise 0.1, swap ward"]),
    ):
        sheet = tmp_path / f"{out}.{ending}"
        run_json(["augment", str(source), str(tmp_path / out), "--copies", "1", "--sheet", str(sheet), *more], capsys)
        if ending == "png":
            assert np.ptp(np.asarray(Image.open(sheet)), axis=(0, 1)).max() > 100
        else:
            page = sheet.read_text()
            assert page.count("<figure>") == 3
            assert 'src="http' not in page
            assert more[-1].split(", ")[-1].split()[0] in page or "swap" in page


def test_new_rows_keep_the_form_of_their_columns(patients):
    data = load(str(patients), target="outcome", group="patient")
    made, source, partner = augment_table(data.x, data.y, "pca-noise 0.5, smote 4, swap ward", copies=5, seed=1)
    x = data.x.iloc[source].reset_index(drop=True)
    assert (made["age"].isna() == x["age"].isna()).all()
    known = made["age"].dropna()
    assert (known == known.round()).all()
    for name in ("age", "marker"):
        assert made[name].min() >= data.x[name].min()
        assert made[name].max() <= data.x[name].max()
    assert (made["marker"] != x["marker"]).mean() > 0.9
    assert set(made["ward"]) == {"north", "south", "east"}
    mixed = partner >= 0
    assert 0.3 < mixed.mean() < 0.7
    assert (data.y[source[mixed]] == data.y[partner[mixed]]).all()


def test_an_operation_without_its_column_is_refused(patients):
    data = load(str(patients), target="outcome")
    with pytest.raises(SettingError, match="'wart' is not a column of categories"):
        augment_table(data.x, data.y, "swap wart")
    with pytest.raises(SettingError, match="'pca-noise' needs a column of numbers"):
        augment_table(data.x[["ward"]], data.y, "pca-noise")


def test_a_file_is_whole_or_not_there(tmp_path):
    def fails(beside):
        beside.write_bytes(b"half")
        raise OSError(5, "Input/output error")

    with pytest.raises(DiskError, match="Input/output"):
        staging.write_whole(tmp_path / "a.png", fails)
    assert not list(tmp_path.iterdir())


def ends_itself(task):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_worker_that_is_killed_is_named():
    with pytest.raises(TrainingError, match="was ended by SIGKILL"):
        list(run_tasks(iter(range(3)), ends_itself, jobs=2))


def test_a_killed_command_goes_on_where_it_was(clips, tmp_path, capsys):
    out = tmp_path / "out"
    ask = ["augment", str(clips), str(out), "--copies", "15", "--jobs", "1"]
    script = "from heldout.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", script, *ask, "--quiet"], stdout=subprocess.DEVNULL)
    half = tmp_path / ".out.part"
    wait_until(lambda: process.poll() is not None or len(list(half.rglob("*.flac"))) > 20)
    assert process.poll() is None
    process.kill()
    process.wait()
    assert not out.exists()
    assert run_json(ask, capsys)["went_on"]
    whole = tmp_path / "whole"
    run_json([*ask[:2], str(whole), *ask[3:]], capsys)
    names = sorted(path.relative_to(whole) for path in whole.rglob("*.*"))
    assert len(names) == 12 * 16 + 2
    assert sorted(path.relative_to(out) for path in out.rglob("*.*") if ".tmp" not in path.name) == names
    for name in names:
        assert (whole / name).read_bytes() == (out / name).read_bytes()
