import json
import os
import subprocess
import sys

import pytest

from heldout.errors import ArtifactError, SettingError
from heldout.files import DiskError, atomic_file, write_text
from heldout.run.folder import RunFolder, choose_folder


def make_run(path):
    path.mkdir(parents=True)
    (path / "config.yaml").write_text("data: x\n")
    (path / "split.json").write_text("{}")
    return path


def test_runs_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert choose_folder(None, "my data.v1", resume=False).path.as_posix() == "runs/my-data.v1"
    make_run(tmp_path / "runs" / "iris")
    assert choose_folder(None, "iris", resume=False).path.name == "iris-2"
    assert choose_folder(None, "iris", resume=True).path.name == "iris"


@pytest.mark.parametrize("name", ["../../x", "a/b", "..", "", "*?"])
def test_a_name_cannot_lead_out_of_runs(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = choose_folder(None, name, resume=False).path
    assert path.parent.name == "runs"
    assert path.resolve().parent == (tmp_path / "runs").resolve()


def test_a_folder_that_is_no_run_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(SettingError, match="exists and is not a run"):
        choose_folder(str(tmp_path), "x", resume=False)
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_a_finished_run_is_not_written_over(tmp_path):
    run = make_run(tmp_path / "r")
    with pytest.raises(SettingError, match="holds a run already"):
        choose_folder(str(run), "x", resume=False)
    assert choose_folder(str(run), "x", resume=True).path == run


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(SettingError, match="no run to resume"):
        choose_folder(str(tmp_path / "none"), "x", resume=True)


def test_a_file_as_output_is_refused(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(SettingError, match="a file, not a folder"):
        choose_folder(str(tmp_path / "f"), "x", resume=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_place_is_refused_before_training(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="nothing can be written"):
        choose_folder(str(tmp_path / "r"), "x", resume=False)


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(DiskError, match="nothing can be written"):
        choose_folder(str(tmp_path / "f" / "r"), "x", resume=False)


def test_a_second_process_on_the_same_run_is_told_who_holds_it(tmp_path):
    run = make_run(tmp_path / "r")
    code = (
        "import sys\nfrom heldout.run.folder import RunFolder\n"
        f"with RunFolder({str(run)!r}).lock():\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SettingError, match=f"in use by process {holder.pid} since"), RunFolder(run).lock():
            pass
    finally:
        holder.kill()
        holder.communicate()
    with RunFolder(run).lock():  # the lock of a dead process is no lock
        pass


def test_spreadsheets_get_no_formulas(tmp_path):
    RunFolder(tmp_path).write_csv("t.csv", ["id"], [["=1+1"], ["-x"], ["@a"], [None], [0.123456789]])
    assert (tmp_path / "t.csv").read_text().split("\n") == ["id", "'=1+1", "-x", "'@a", '""', "0.123457", ""]


def test_a_damaged_json_is_named(tmp_path):
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"metrics\.json"):
        RunFolder(tmp_path).read_json("metrics.json")


def write_half(path):
    with atomic_file(path) as stream:
        stream.write(b"half")
        raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "before")
    with pytest.raises(DiskError, match="No space left"):
        write_half(path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="file-size limits are POSIX")
def test_a_full_disk_is_said_with_the_place(tmp_path):
    # A file-size limit makes the kernel refuse the write, as a full disk does.
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom heldout.files import write_text\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"p = Path({str(tmp_path / 'a.txt')!r})\nwrite_text(p, 'small')\n"
        "try:\n    write_text(p, 'x' * 5000)\nexcept OSError as error:\n    print(type(error).__name__, error.where)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["DiskError", str(tmp_path / "a.txt")], done.stderr
    assert (tmp_path / "a.txt").read_text() == "small"
    assert json.dumps([p.name for p in tmp_path.iterdir()]) == '["a.txt"]'
