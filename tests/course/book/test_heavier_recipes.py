"""Recipes of chapters 4 to 6 that are not among the quick worked examples: all run, and come out as they say."""

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

DIGITS = ("ch05.mnist-dataset", "ch05.table-5-1", "ch05.figure-5-3")
PHOTOGRAPHS = ("ch05.table-5-2", "ch05.figure-5-4", "ch05.figure-5-7", "ch05.cifar10-augmentation")
SPLITS = ("ch04.anecdotes", "ch04.listing-4-2", "ch04.table-4-10", "ch04.table-4-9")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("heavier") / "store.sqlite") as made:
        yield made


def finished(identity: str, store: Store) -> Entry:
    recipe = find_recipe(identity)
    assert run_jobs(expand(recipe, "quick").jobs, store, run_task, n_workers=0).failed == {}
    return make_entry(recipe, store, "quick")


def check(entry: Entry) -> None:
    assert [(one.claim, one.state) for one in entry.verdicts if one.state != "held"] == []
    assert [line for line in entry.lines if line.agrees in ("differs", "outside our interval")] == []


def test_every_recipe_of_these_chapters_is_run_by_a_test():
    chapters = [name for name in all_ids() if name[:4] in ("ch04", "ch05", "ch06")]
    heavy = {n for n in chapters if not PROCEDURES[find_recipe(n).model["procedure"]].light}
    assert heavy == {*DIGITS, *PHOTOGRAPHS, *SPLITS}
    assert len(chapters) == 23 + 15 + 13


@pytest.mark.slow
@pytest.mark.parametrize("identity", SPLITS)
def test_splits_and_backgrounds_come_out_as_claimed(identity, store):
    check(finished(identity, store))


@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("identity", DIGITS)
def test_digits_are_as_printed(identity, store):
    check_pictures(finished(identity, store))


@pytest.mark.slow
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("identity", PHOTOGRAPHS)
def test_photographs_are_as_printed(identity, store):
    check_pictures(finished(identity, store))


def check_pictures(entry: Entry) -> None:
    """A sheet must not make the page heavy."""
    check(entry)
    pictures = pictures_of(entry.found)
    assert len(pictures) == ("draw" in entry.recipe.plot)
    assert all(10_000 < len(picture) < 600_000 for picture in pictures)
