"""A copy of the house to which a test adds something, as CONTRIBUTING says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]


class House:
    """A copy of `src` and `tools`, and what a contributor does with it."""

    def __init__(self, root):
        self.root = root
        for name in ("src", "tools"):
            shutil.copytree(HOME / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))

    def insert(self, path, before, text):
        """Put a text into a file, before the only place where another stands."""
        place = self.root / path
        whole = place.read_text("utf-8")
        assert whole.count(before) == 1, f"{before!r} in {path}"
        place.write_text(whole.replace(before, text + before), "utf-8")

    def write(self, path, text):
        """Add a file."""
        (self.root / path).write_text(text, "utf-8")

    def python(self, *arguments, code=0, cwd=None):
        """Run Python with the copy in place of heldout; what it printed."""
        environment = {**os.environ, "PYTHONPATH": str(self.root / "src"), "COLUMNS": "200"}
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd or self.root)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def heldout(self, *arguments, code=0, cwd=None):
        """Run a command of the copy; what it printed."""
        return self.python("-m", "heldout", *arguments, code=code, cwd=cwd)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    return House(tmp_path_factory.mktemp("house"))
