"""Our numbers are written, and compared, with the digits of the print."""

from __future__ import annotations

import numpy as np
import pytest

from heldout_course.book.entries import Entry, Line, make_entry
from heldout_course.experiments.expand import expand
from heldout_course.experiments.procedures import PROCEDURES, procedure
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.store import Finished, Store

if "numbers-for-print" not in PROCEDURES:

    @procedure("numbers-for-print")
    def numbers(k: int, seed: int) -> dict:
        return {}

    @procedure("exact-for-print")
    def exact(k: int) -> dict:
        return {}


def line(tmp_path, printed: str, values: list[float], name: str = "numbers-for-print") -> Line:
    return entry(tmp_path, printed, values, name).lines[0]


def entry(tmp_path, printed: str, values: list[float], name: str = "numbers-for-print", more: str = "") -> Entry:
    text = f"""
id: printed
title: printed
model: {{procedure: {name}}}
vary: {{k: [1, 2]}}
repeats: {len(values)}
measure: [score]
printed: {{score: {{1: {printed}, 2: 0.1234}}}}
{more}
"""
    recipe = recipe_from_text(text)
    variant = expand(recipe, "quick").variants[0]
    with Store(tmp_path / "s.sqlite") as store:
        pairs = zip(variant.jobs, values, strict=True)
        store.finish(
            [(Finished(job.id, {"values": {"score": v}}, job.seed, {}, "", 0.0), job.spec) for job, v in pairs], "me"
        )
        return make_entry(recipe, store, "quick")


def test_a_perfect_print_is_not_met_by_a_number_that_rounds_to_it(tmp_path):
    found = line(tmp_path, "1.0", [0.98], "exact-for-print")
    assert (found.ours, found.agrees) == ("0.9800", "differs")


def test_a_mean_of_shares_below_one_is_not_equal_to_a_column_of_perfect_print(tmp_path):
    text = "id: a\ntitle: a\nmodel: {procedure: numbers-for-print, k: 1}\nrepeats: 2\nmeasure: [score]\n"
    recipe = recipe_from_text(text + "printed: {score: 1.0}\n")
    jobs = expand(recipe, "quick").variants[0].jobs
    for values, agrees in (((0.94, 0.99), "within our interval"), ((1.0, 1.0), "equal")):
        with Store(tmp_path / f"{values[0]}.sqlite") as store:
            done = [
                (Finished(j.id, {"values": {"score": v}}, j.seed, {}, "", 0.0), j.spec)
                for j, v in zip(jobs, values, strict=True)
            ]
            store.finish(done, "me")
            assert make_entry(recipe, store, "quick").lines[0].agrees == agrees


def test_a_number_equal_to_the_last_printed_digit_is_equal(tmp_path):
    assert line(tmp_path, "0.965", [0.96504], "exact-for-print").agrees == "equal"


@pytest.mark.parametrize(("printed", "agrees"), [("0.51", "within our interval"), ("0.9", "outside our interval")])
def test_a_printed_single_run_is_compared_with_the_spread_of_ours(tmp_path, printed, agrees):
    found = line(tmp_path, printed, [0.49, 0.5, 0.51, 0.52])
    se = np.std([0.49, 0.5, 0.51, 0.52], ddof=1) / 2
    assert found.ours == f"0.5050 ± {se:.4f}"
    assert found.agrees == agrees


def test_one_run_of_ours_says_nothing_about_agreement(tmp_path):
    assert line(tmp_path, "0.9", [0.5]).agrees == ""


@pytest.mark.parametrize(("profile", "agrees", "state"), [("", "outside our interval", "not held"), ("k: 1", "", None)])
def test_a_profile_that_is_cut_short_neither_meets_the_print_nor_refutes_a_claim(tmp_path, profile, agrees, state):
    more = f"claims: [score(k=1) > 0.7]\nprofiles: {{quick: {{{profile}}}}}"
    found = entry(tmp_path, "0.9", [0.49, 0.5, 0.51, 0.52], more=more)
    assert found.lines[0].agrees == agrees
    assert found.verdicts[0].state == (state or "not decidable")
    assert ("not so in this shorter profile" in found.verdicts[0].test) is (state is None)
