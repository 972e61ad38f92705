"""CONTRIBUTING, 'add a check': a file in look/checks/ and its lines in `CHECKS`."""

import json

import pytest

CHECK = '''"""Check: few rows."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting


@dataclass(frozen=True)
class FewRows(Check):
    """Counts the rows."""

    id = "few-rows"
    title = "Few rows"
    topic = Topic.CLASSES
    severities = (Severity.NOTE,)
    meaning = "Scores on few rows have wide intervals."
    remedy = "collect more rows"

    enough: int = setting(1_000, "Rows that are enough.", within=Range(1))

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        n = len(evidence.data)
        return [] if n >= self.enough else [self.finding(Severity.NOTE, f"only {n} rows")]
'''


@pytest.fixture(scope="module", autouse=True)
def check(house):
    house.write("src/heldout/look/checks/few_rows.py", CHECK)
    path = "src/heldout/look/checks/__init__.py"
    house.insert(path, "from heldout.look.checks.file_cue", "from heldout.look.checks.few_rows import FewRows\n")
    house.insert(path, "    Imbalance(),\n", "    FewRows(),\n")


def test_it_is_listed_with_its_threshold(house):
    listed = json.loads(house.heldout("look", "--list-checks", "--json"))["checks"]
    [found] = [one for one in listed if one["id"] == "few-rows"]
    assert found["settings"] == [{"name": "enough", "default": 1000, "help": "Rows that are enough."}]


def test_it_finds_and_can_be_ignored(house):
    found = json.loads(house.heldout("look", "iris", "--json"))["findings"]
    assert "only 150 rows" in [one["title"] for one in found]
    ignored = json.loads(house.heldout("look", "iris", "--ignore", "few-rows", "--json"))["findings"]
    assert "few-rows" not in [one["id"] for one in ignored]
