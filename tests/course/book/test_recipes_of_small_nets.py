"""Recipes of chapters 8 and 9, and pictures of chapter 7, that are not among the quick worked examples."""

from __future__ import annotations

import pytest

from heldout_course.book.entries import Entry, make_entry
from heldout_course.book.library import all_ids, find_recipe
from heldout_course.book.pictures import pictures_of
from heldout_course.book.work import register, run_task
from heldout_course.experiments.expand import expand
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

register()

SECONDS = ("ch08.figure-8-6", "ch09.listing-9-2", "ch09.initialization-schemes", "ch07.seed-side-effect")
MINUTES = ("ch08.figure-8-4", "ch08.iris2-mlp", "ch09.overfitting-rule")
"""Times of this machine, and nets that train for long: they run with the whole quick profile."""


def finished(identity: str, tmp_path) -> Entry:
    recipe = find_recipe(identity)
    with Store(tmp_path / "store.sqlite") as store:
        assert run_jobs(expand(recipe, "quick").jobs, store, run_task, n_workers=0).failed == {}
        return make_entry(recipe, store, "quick")


def test_every_recipe_of_these_chapters_is_quick_or_named_here():
    chapters = [name for name in all_ids() if name[:4] in ("ch08", "ch09")]
    heavy = {n for n in chapters if not PROCEDURES[find_recipe(n).model["procedure"]].light}
    assert heavy == {n for n in (*SECONDS, *MINUTES) if n[:4] != "ch07"}
    assert len(chapters) == 9 + 18


@pytest.mark.parametrize("identity", SECONDS)
def test_claims_hold(identity, tmp_path):
    entry = finished(identity, tmp_path)
    assert [(one.claim, one.state) for one in entry.verdicts if one.state != "held"] == []
    assert len(pictures_of(entry.found)) == ("draw" in entry.recipe.plot)


@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("identity", ["ch07.figure-7-1", "ch07.figure-7-3"])
def test_digits_are_drawn_and_claims_that_are_measured_hold(identity, tmp_path):
    entry = finished(identity, tmp_path)
    assert {one.state for one in entry.verdicts if one.test != "nothing here measures it"} == {"held"}
    assert 1_000 < len(pictures_of(entry.found)[0]) < 300_000


def test_each_schedule_is_named_in_its_drawing(tmp_path):
    entry = finished("ch09.lr-schedules", tmp_path)
    assert "invscaling" in decoded(pictures_of(entry.found)[0])


def decoded(picture: str) -> str:
    import base64
    import re

    return base64.b64decode(re.search(r"base64,([^\"]+)", picture)[1]).decode()
