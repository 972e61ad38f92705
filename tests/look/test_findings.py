"""Faults planted in clean data are found, and clean data are left alone."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer

import heldout as ho
from heldout.cli.main import main
from heldout.look.survey import look


def clean_table(seed=0):
    """Breast cancer, whose rows are real and whose faults are few."""
    found = load_breast_cancer(as_frame=True)
    frame = found.frame.rename(columns={"target": "label"})
    frame["label"] = np.where(frame["label"] == 1, "benign", "malignant")
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def findings(frame, **options):
    return {each.id: each for each in look(ho.load(frame, target="label", **options)).findings}


def test_a_clean_table_has_no_error():
    assert all(each.severity != "error" for each in findings(clean_table()).values())


def test_flipped_labels_are_found_among_the_doubtful():
    frame = clean_table()
    flipped = np.random.default_rng(1).choice(len(frame), 28, replace=False)
    frame.loc[flipped, "label"] = frame.loc[flipped, "label"].map({"benign": "malignant", "malignant": "benign"})
    found = findings(frame)["suspicious-label"]
    listed = {int(str(item).split(":")[0]) for item in found.items}
    assert found.n_items >= 14  # at least half of those planted, and few others
    assert len(listed & set(flipped.tolist())) >= 0.7 * len(listed)


def test_planted_copies_are_grouped_and_counted():
    frame = clean_table()
    copied = frame.iloc[:20].copy()
    found = look(ho.load(pd.concat([frame, copied], ignore_index=True), target="label"))
    assert found.copies.n_copies == 40
    assert found.copies.n_groups == 20
    assert "copies" in {each.id for each in found.findings}


def test_copies_with_two_labels_are_worse_than_copies():
    frame = clean_table()
    copied = frame.iloc[:20].copy()
    copied["label"] = copied["label"].map({"benign": "malignant", "malignant": "benign"})
    found = look(ho.load(pd.concat([frame, copied], ignore_index=True), target="label")).findings
    assert any(each.severity in ("error", "warning") and "label" in each.title for each in found)


def test_leaking_constant_double_and_id_columns_are_named():
    frame = clean_table()
    random = np.random.default_rng(0)
    frame.insert(3, "treated", np.where(frame["label"] == "malignant", 1.0, 0.0) + random.normal(0, 0.01, len(frame)))
    frame.insert(5, "site", "north")
    frame.insert(7, "again", frame["mean radius"])
    frame.insert(9, "patient number", random.permutation(len(frame)) + 100_000)
    told = [(each.id, each.title + " ".join(each.items)) for each in look(ho.load(frame, target="label")).findings]
    for column in ("treated", "site", "again", "patient number"):
        assert any(column in text for _, text in told), (column, told)
    assert any("leak" in name for name, _ in told)


def image_folder(folder, background):
    """Two classes of noise; with a background that gives the class away, or not."""
    random = np.random.default_rng(0)
    for label in ("tank", "tree"):
        (folder / label).mkdir(parents=True)
        for i in range(60):
            pixels = random.integers(60, 190, (24, 24, 3), dtype=np.uint8)
            if background and label == "tank":
                pixels[:4] = pixels[-4:] = random.integers(200, 230, (4, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i}.png")
    return folder


@pytest.mark.parametrize("background", [True, False])
def test_a_background_that_tells_the_class_is_said_and_only_then(tmp_path, background):
    found = {each.id for each in look(ho.load(image_folder(tmp_path / "photos", background))).findings}
    assert ("background-cue" in found) == background


def test_groups_in_file_names_are_offered(tmp_path):
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "clips" / label).mkdir(parents=True)
        for patient in range(12):
            base = random.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            for take in range(5):
                noisy = np.clip(base + random.normal(0, 60, base.shape), 0, 255).astype(np.uint8)
                name = f"p{patient + 20 * (label == 'b'):02d}_{take}.png"
                Image.fromarray(noisy).save(tmp_path / "clips" / label / name)
    found = [each for each in look(ho.load(tmp_path / "clips")).findings if "name" in each.id]
    assert found
    assert "--group-pattern" in found[0].remedy or "labels.csv" in found[0].remedy


def call(*words):
    """Exit code of the command line."""
    with pytest.raises(SystemExit) as ended:
        main(["look", *map(str, words)])
    return ended.value.code


def test_the_command_answers_machines_and_fails_on_request(tmp_path, capsys):
    frame = clean_table()
    frame["leak"] = (frame["label"] == "benign").astype(int)
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    page = tmp_path / "look.html"
    assert call(path, "--target", "label", "--json", "--out", page) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == len(frame)
    assert {"id", "severity", "title", "explanation", "remedy", "items"} <= told["findings"][0].keys()
    text = page.read_text("utf-8")
    assert "leak" in text
    assert "http://" not in text.replace("http://www.w3.org", "")  # self-contained
    assert call(path, "--target", "label", "--quiet", "--fail-on", "warning") == 1


def test_checks_are_listed_chosen_and_hidden(tmp_path, capsys):
    assert call("--list-checks", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["checks"]
    assert {"id", "title", "severities", "kinds", "description", "meaning", "remedy", "settings"} <= listed[0].keys()
    frame = clean_table()
    frame["leak"] = (frame["label"] == "benign").astype(int)
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    asked = (path, "--target", "label", "--only", "leaking-column,outliers", "--level", "error", "--quiet")
    assert call(*asked, "--fail-on", "warning") == 1  # what is not shown counts
    shown = capsys.readouterr().out
    assert "[leaking-column]" not in shown
    assert "26 left out; not shown: 1 warning, 1 note (--level error)" in shown
    assert call(*asked, "--ignore", "leaking-column", "--fail-on", "warning") == 0
    assert call(path, "--target", "label", "--only", "leaking") == 2
    assert "did you mean 'leaking-column'?" in capsys.readouterr().err
    assert call() == 2
    assert "DATA is missing" in capsys.readouterr().err


def test_bad_input_ends_with_a_clear_error(tmp_path, capsys):
    assert call(tmp_path / "nothing.csv") == 2
    assert "Fix:" in capsys.readouterr().err
