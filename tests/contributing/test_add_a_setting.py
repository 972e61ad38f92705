"""CONTRIBUTING, 'add a setting': one field in run/settings.py, and everything else about it follows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HOME = Path(__file__).parents[2]
FIELD = '    toy: int = setting(3, "How toy-like it is.", within=Range(1, 9), metavar="N")\n'


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package with one more field, and nothing else."""
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(HOME / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HOME / "tools", root / "tools")
    path = root / "src" / "heldout" / "run" / "settings.py"
    text = path.read_text("utf-8")
    place = text.index("    seed: int = setting(")
    path.write_text(text[:place] + FIELD + text[place:], "utf-8")
    return root


def heldout(house, *arguments, code=0):
    environment = {**os.environ, "PYTHONPATH": str(house / "src"), "COLUMNS": "200"}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_it_is_an_option_with_default_and_range(house):
    page = heldout(house, "-m", "heldout", "train", "--help")
    assert "--toy N" in page
    assert "How toy-like it is.  [default: 3; between 1 and 9]" in page


def test_it_is_in_the_schema_and_in_the_docs(house):
    schema = json.loads(heldout(house, "-m", "heldout", "train", "--config-schema"))
    assert schema["properties"]["toy"]["maximum"] == 9
    script = "import sys; sys.path.insert(0, 'tools'); import write_docs; print(*write_docs.pages().values())"
    environment = {**os.environ, "PYTHONPATH": str(house / "src")}
    pages = subprocess.run([sys.executable, "-c", script], cwd=house, env=environment, capture_output=True, text=True)
    assert "| `toy` | whole number, between 1 and 9 | 3 | How toy-like it is. |" in pages.stdout


@pytest.mark.parametrize(
    ("arguments", "value"), [([], 3), (["--toy", "4"], 4), (["toy=5"], 5), (["--config", "c.yaml"], 6)]
)
def test_it_is_read_from_options_overrides_and_files(house, arguments, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("toy: 6\n")
    shown = heldout(house, "-m", "heldout", "train", "iris", *arguments, "--show-config")
    assert yaml.safe_load(shown)["toy"] == value


def test_a_value_out_of_range_is_refused(house):
    assert "toy is 10; it must be between 1 and 9" in heldout(house, "-m", "heldout", "train", "iris", "toy=10", code=2)
