"""Each ends with exit code 2 and one message that names cause, place and remedy, and leaves no half-written run."""

import json

import numpy as np
import pytest
from PIL import Image

from heldout.cli.main import _run


def picture(path, value=0, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)


def pictures(root, classes=("a", "b"), n=10):
    random = np.random.default_rng(0)
    for c in classes:
        for i in range(n):
            path = root / c / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 255, (8, 8), dtype=np.uint8)).save(path)
    return root


def rows(n=40):
    random = np.random.default_rng(0)
    return [f"{random.normal():.3f},{random.normal():.3f},{'yes' if i % 2 else 'no'}" for i in range(n)]


def csv(tmp_path, lines=None, header="a,b,label", name="t.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *(rows() if lines is None else lines)]) + "\n")
    return path


def no_such_path(tmp):
    return [str(tmp / "none.csv"), "--target", "y"], "none.csv"


def empty_folder(tmp):
    (tmp / "photos").mkdir()
    return [str(tmp / "photos")], "empty"


def one_class_folder(tmp):
    return [str(pictures(tmp / "p", ["only"]))], "class"


def one_class_table(tmp):
    return [str(csv(tmp, [f"{i},{i},same" for i in range(30)])), "--target", "label"], "class"


def class_smaller_than_folds(tmp):
    return [str(csv(tmp, [*rows(), "1,2,rare", "2,3,rare", "9,4,rare"])), "--target", "label"], "rare"


def no_such_target(tmp):
    return [str(csv(tmp)), "--target", "lable"], "label"


def no_target_at_all(tmp):
    return [str(csv(tmp))], "target"


def target_is_an_id(tmp):
    return [str(csv(tmp, [f"{i % 7},{i % 5},id{i}" for i in range(50)])), "--target", "label"], "differ"


def ragged_rows(tmp):
    return [str(csv(tmp, [*rows(), "1,2"])), "--target", "label"], "42"


def byte_that_is_not_utf8(tmp):
    path = csv(tmp)
    path.write_bytes(path.read_bytes() + b"1,2,caf\xe9\n")
    return [str(path), "--target", "label"], "UTF-8"


def duplicate_columns(tmp):
    return [str(csv(tmp, header="a,a,label")), "--target", "label"], "a"


def missing_label(tmp):
    return [str(csv(tmp, [*rows(), "1,2,"])), "--target", "label"], "label"


def infinite_label(tmp):
    return [str(csv(tmp, [*(f"{i},{i % 3},{i % 2}" for i in range(40)), "1,2,inf"])), "--target", "label"], "label"


def unknown_test_label(tmp):
    pictures(tmp / "d" / "train")
    pictures(tmp / "d" / "test", ["a", "b", "new"])
    return [str(tmp / "d")], "new"


def output_is_not_a_run(tmp):
    (tmp / "out").mkdir()
    (tmp / "out" / "thesis.doc").write_text("")
    return ["iris", "--out", str(tmp / "out")], "not a run"


def unknown_model(tmp):
    return ["iris", "--models", "forrest"], "forest"


def bad_time(tmp):
    return ["iris", "--time", "soon"], "10m"


def unknown_override(tmp):
    return ["iris", "fold=3"], "folds"


def mirror_without_the_file(tmp):
    return ["mnist", "--mirror", str(tmp)], "mirror"


def bad_images_are_fatal_when_strict(tmp):
    pictures(tmp / "p")
    (tmp / "p" / "a" / "broken.png").write_text("this is no image")
    return [str(tmp / "p"), "--strict"], "broken.png"


CASES = [
    no_such_path,
    empty_folder,
    one_class_folder,
    one_class_table,
    class_smaller_than_folds,
    no_such_target,
    no_target_at_all,
    target_is_an_id,
    ragged_rows,
    byte_that_is_not_utf8,
    duplicate_columns,
    missing_label,
    infinite_label,
    unknown_test_label,
    output_is_not_a_run,
    unknown_model,
    bad_time,
    unknown_override,
    mirror_without_the_file,
    bad_images_are_fatal_when_strict,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_bad_input_ends_with_2_and_a_message(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELDOUT_MIRROR", raising=False)
    arguments, word = case(tmp_path)
    assert _run(["train", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    [message] = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert "Fix: " in err
    assert word in err[err.index(message) :]
    assert "Traceback" not in err
    assert not (tmp_path / "runs").exists()


def test_errors_are_json_when_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _run(["train", "nothing-like-this.csv", "--json", "--target", "y"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert set(error) == {"kind", "what", "where", "fix"}


@pytest.mark.parametrize(
    "arguments", [["train"], ["trian", "iris"], ["train", "iris", "--no-such"], ["predict"], ["assess"]]
)
def test_wrong_calls_end_with_2(arguments, capsys):
    assert _run(arguments) == 2
    assert "Usage" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["assess", "predict", "evaluate"])
def test_a_folder_that_is_no_run_is_named(command, tmp_path, capsys):
    extra = [] if command == "assess" else ["iris"]
    assert _run([command, str(tmp_path), *extra]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_the_package_itself_is_the_command():
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "heldout", "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("heldout ")
    done = subprocess.run([sys.executable, "-m", "heldout", "trian"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Did you mean 'train'" in done.stderr
