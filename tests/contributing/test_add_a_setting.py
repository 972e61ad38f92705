"""CONTRIBUTING, 'add a setting': one field in run/settings.py, and everything else about it follows."""

import json
from pathlib import Path

import pytest
import yaml

FIELD = '    toy: int = setting(3, "How toy-like it is.", within=Range(1, 9), metavar="N")\n'


@pytest.fixture(scope="module", autouse=True)
def field(house):
    house.insert("src/heldout/run/settings.py", "    seed: int = setting(", FIELD)


def test_it_is_an_option_with_default_and_range(house):
    page = house.heldout("train", "--help")
    assert "--toy N" in page
    assert "How toy-like it is.  [default: 3; between 1 and 9]" in page


def test_it_is_in_the_schema_and_in_the_docs(house):
    schema = json.loads(house.heldout("train", "--config-schema"))
    assert schema["properties"]["toy"]["maximum"] == 9
    script = "import sys; sys.path.insert(0, 'tools'); import write_docs; print(*write_docs.pages().values())"
    assert "| `toy` | whole number, between 1 and 9 | 3 | How toy-like it is. |" in house.python("-c", script)


@pytest.mark.parametrize(
    ("arguments", "value"), [([], 3), (["--toy", "4"], 4), (["toy=5"], 5), (["--config", "c.yaml"], 6)]
)
def test_it_is_read_from_options_overrides_and_files(house, arguments, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("toy: 6\n")
    shown = house.heldout("train", "iris", *arguments, "--show-config", cwd=tmp_path)
    assert yaml.safe_load(shown)["toy"] == value


def test_a_value_out_of_range_is_refused(house):
    assert "toy is 10; it must be between 1 and 9" in house.heldout("train", "iris", "toy=10", code=2)
