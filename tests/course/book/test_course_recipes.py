"""The course's recipes: all can be read and planned; the worked examples come out to the printed digits."""

from __future__ import annotations

import pytest

from heldout.errors import SettingError
from heldout_course.book.entries import make_entry
from heldout_course.book.library import all_ids, choose, find_recipe
from heldout_course.book.page import html_of
from heldout_course.book.plain import markdown_of, text_of
from heldout_course.book.work import register, run_task
from heldout_course.experiments.expand import expand
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.recipe import PROFILES
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

register()


@pytest.mark.parametrize("identity", all_ids())
def test_a_recipe_is_planned_in_both_profiles(identity):
    recipe = find_recipe(identity)
    assert recipe.title
    assert recipe.question
    for profile in PROFILES:
        assert expand(recipe, profile).jobs


FAR = "outside our interval"
SLIPS = [  # of the print; each is said in a note
    ("ch04.figure-4-1", "dimensions=2, points=100", "covered"),
    ("ch04.figure-4-1", "dimensions=3, points=100", "covered"),
    ("ch04.table-4-8", "feature=x3", "mean"),
    *(
        ("ch05.figure-5-5", "pair=sepal length and width, irises=versicolor and virginica", share)
        for share in ("share_1", "share_2")
    ),
    ("ch11.table-11-4", "", "tnr"),
]


def worked_examples() -> list[str]:
    recipes = map(find_recipe, all_ids())
    return [r.id for r in recipes if "procedure" in r.model and PROCEDURES[r.model["procedure"]].light]


def test_worked_examples_come_out_as_printed_but_for_the_known_slips(tmp_path):
    ids = worked_examples()
    assert len(ids) >= 12
    with Store(tmp_path / "book.sqlite") as store:
        jobs = {job.id: job for name in ids for job in expand(find_recipe(name), "quick").jobs}
        assert run_jobs(list(jobs.values()), store, run_task, n_workers=0).failed == {}
        entries = [make_entry(find_recipe(name), store) for name in ids]
    lines = [(entry.recipe.id, line) for entry in entries for line in entry.lines]
    wrong = [(name, line.variant, line.measure) for name, line in lines if line.agrees in ("differs", FAR)]
    assert set(wrong) == set(SLIPS)
    refuted = [(e.recipe.id, v.claim) for e in entries for v in e.verdicts if v.state == "not held"]
    assert refuted == []
    by_id = {entry.recipe.id: entry for entry in entries}
    right = next(line for line in by_id["ch11.table-11-9"].lines if line.measure == "from_8_to_3")
    assert (right.ours, right.right) == ("7.1", {"by row": "7.4"})
    page = html_of(entries)
    assert "<script" not in page
    assert page.count("<article") == len(ids)
    assert "8 called 3 is 7.4 %" in page
    assert any("| 0.9811 | 0.9811 | equal |" in line for line in markdown_of(entries))
    assert any(str(line).startswith("[held]") for line in text_of(by_id["ch11.table-11-4"]))


def test_titles_from_a_recipe_are_escaped_on_the_page(tmp_path):
    from dataclasses import replace

    recipe = replace(find_recipe("ch11.table-11-4"), title="<img src=x onerror=alert(1)> | `x`")
    entry = make_entry(recipe, None)
    assert "<img" not in html_of([entry])
    assert "\\<img src=x" in "\n".join(markdown_of([entry]))


def test_an_unknown_id_offers_the_near_ones():
    with pytest.raises(SettingError, match=r"Unknown experiment 'ch11\.table-11-44'") as error:
        find_recipe("ch11.table-11-44")
    assert "ch11.table-11-4" in error.value.fix


@pytest.mark.parametrize(
    ("word", "offered"),
    [("ch99", "the chapters are ch"), ("ch11.zzzzzzzz", "this chapter has ch11."), ("", "ch")],
)
def test_a_word_that_is_near_to_nothing_is_told_what_there_is(word, offered):
    with pytest.raises(SettingError, match="Unknown experiment") as error:
        choose((word,))
    assert offered in error.value.fix


def test_a_chapter_stands_for_all_of_its_experiments():
    assert choose(("ch11",)) == [name for name in all_ids() if name.startswith("ch11.")]
    assert len(choose(("ch10", "ch10.table-10-3"))) == len(choose(("ch10",)))
