"""The course joins the command line by entry points: its commands run, and a broken course takes nothing else along."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from heldout.cli.plugins import GROUP
from heldout_course.experiments.cluster import hash_of_code


def heldout(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "heldout", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_commands_of_the_course_are_entry_points():
    found = {point.name: point.value for point in entry_points(group=GROUP)}
    assert found["book"] == "heldout_course.cli.book:book"
    assert found["run"] == "heldout_course.cli.run:run"


@pytest.mark.parametrize("arguments", [("book", "list"), ("book", "--help"), ("run", "--help"), ("--help",)])
def test_they_run_like_any_other_command(arguments):
    done = heldout(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    words = {("book", "list"): "ch11.table-11-4", ("run", "--help"): "RECIPE.yaml"}.get(arguments, "book")
    assert words in done.stdout


@pytest.fixture(params=["raise ImportError('half a course')", "import a_package_that_nobody_has", "def ("])
def broken(request, tmp_path) -> Path:
    """A folder with a `heldout_course` that comes first and cannot be imported."""
    (tmp_path / "heldout_course").mkdir()
    (tmp_path / "heldout_course" / "__init__.py").write_text(request.param)
    return tmp_path


def test_a_broken_course_breaks_no_command_of_heldout(broken):
    for arguments in (("train", "--help"), ("data", "list"), ("--version",)):
        done = heldout(*arguments, path=broken)
        assert done.returncode == 0, done.stderr
    helped = heldout("--help", path=broken)
    assert helped.returncode == 0
    assert "train" in helped.stdout
    assert "cannot be loaded" in helped.stdout


def test_a_broken_course_says_so_when_it_is_asked_for(broken):
    done = heldout("book", "list", path=broken)
    assert done.returncode == 1
    assert "'book'" in done.stderr
    assert "cannot be loaded" in done.stderr
    assert "Fix: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_change_in_either_package_is_another_code(tmp_path):
    for place in ("here", "there"):
        for package in ("tool", "course"):
            (tmp_path / place / package / "room").mkdir(parents=True)
            (tmp_path / place / package / "room" / "file.py").write_text("x = 1\n")
    here, there = ([tmp_path / place / package for package in ("tool", "course")] for place in ("here", "there"))
    assert hash_of_code(*here) == hash_of_code(*there)
    for package in here:
        before = hash_of_code(*here)
        (package / "room" / "file.py").write_text("x = 2\n")
        assert hash_of_code(*here) != before
