"""Results of recipes that a released version kept: they open, count as finished, and say the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from heldout_course.book.entries import make_entry
from heldout_course.book.work import run_task
from heldout_course.experiments.expand import expand
from heldout_course.experiments.recipe import load_recipe
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

STORES = Path(__file__).with_name("stores")
CASES = [(version.name, recipe) for version in sorted(STORES.iterdir()) for recipe in sorted(version.glob("*.yaml"))]


@pytest.mark.parametrize(("version", "path"), CASES, ids=lambda value: value if isinstance(value, str) else value.stem)
def test_results_of_an_older_version_are_finished_and_say_the_same(version, path, tmp_path):
    shutil.copy(STORES / version / "results.sqlite", tmp_path / "results.sqlite")
    recipe = load_recipe(path)
    expected = json.loads((STORES / version / "expected.json").read_text("utf-8"))[path.stem]
    with Store(tmp_path / "results.sqlite") as store:
        outcome = run_jobs(expand(recipe, "quick").jobs, store, run_task, n_workers=0)
        assert (outcome.n_done, outcome.n_before) == (0, outcome.n_jobs)
        entry = make_entry(recipe, store, "quick")
    found = [[line.variant, line.measure, line.ours] for line in entry.lines]
    found += [[verdict.claim, verdict.state, verdict.p] for verdict in entry.verdicts]
    assert json.loads(json.dumps([*found, *entry.notes])) == expected
