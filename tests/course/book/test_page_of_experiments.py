"""The page of all experiments: every number is there once, what has not run is said, and anyone can read it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from heldout_course.book.entries import make_entry
from heldout_course.book.library import find_recipe
from heldout_course.book.overview import Overview
from heldout_course.book.page import facts, html_of
from heldout_course.book.plain import text_of
from heldout_course.book.tables import lay_out
from heldout_course.book.work import register, run_task
from heldout_course.experiments.expand import expand
from heldout_course.experiments.procedures import PROCEDURES, procedure
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

register()
IDS = ("ch11.table-11-4", "ch11.table-11-9", "ch11.rate-extrapolation", "ch10.table-10-2")

if "numbers-for-page" not in PROCEDURES:

    @procedure("numbers-for-page")
    def numbers(k: int, m: int = 0, many: int = 2) -> dict:
        return {f"v{n}": 1000 * k + 100 * m + n for n in range(many)}

    @procedure("halves-for-page")
    def halves(k: int) -> dict:
        return {"half": k / 2, "whole": k}


def recipe(vary: str, measures: int, extra: str = ""):
    return recipe_from_text(
        f"id: ch11.page\ntitle: A page\nmodel: {{procedure: numbers-for-page, k: 1, many: {measures}}}\n"
        f"vary: {vary}\nmeasure: [{', '.join(f'v{n}' for n in range(measures))}]\n{extra}"
    )


def entry_of(found, tmp_path, run: bool = True):
    with Store(tmp_path / "s.sqlite") as store:
        if run:
            assert run_jobs(expand(found, "quick").jobs, store, run_task, n_workers=0).failed == {}
        return make_entry(found, store)


@pytest.mark.parametrize(
    ("vary", "measures", "extra"),
    [
        ("{}", 3, ""),
        ("{k: [1, 2, 3]}", 1, ""),
        ("{k: [1, 2, 3]}", 4, ""),
        ("{k: [1, 2], m: [3, 4]}", 2, ""),
        ("{k: [1, 2], m: [3, 4]}", 12, ""),
        (f"{{k: {list(range(1, 31))}, m: [3, 4]}}", 9, ""),
        ("{k: [1, 2]}", 2, "corrected: [{name: other, set: {m: 9}, says: it changes}]"),
        ("{k: [1, 2]}", 2, "printed: {v0: {1: 1000, 2: 5}}"),
    ],
)
def test_every_number_stands_once_in_the_table_and_rows_are_whole(tmp_path, vary, measures, extra):
    entry = entry_of(recipe(vary, measures, extra), tmp_path)
    grid = lay_out(entry)
    shown = [cell.ours for row in grid.rows for cell in row.cells if cell.ours]
    wanted = [line.ours for line in entry.lines]
    wanted += [words for line in entry.lines for words in line.right.values()]
    if grid.in_columns:
        wanted += [line.printed for line in entry.lines if line.printed]
    assert sorted(shown) == sorted(wanted)
    width = len(grid.heads) + len(grid.columns)
    covered = [sum(1 for _ in row.labels) + len(row.cells) for row in grid.rows]
    assert covered == [width] * len(grid.rows)
    for place in range(len(grid.heads)):
        assert sum(row.labels[place][1] for row in grid.rows) == len(grid.rows)
    assert grid.folded == (len(grid.rows) > 40)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    with Store(tmp_path_factory.mktemp("page") / "book.sqlite") as store:
        jobs = [job for name in IDS[:3] for job in expand(find_recipe(name), "quick").jobs]
        run_jobs(jobs, store, run_task, n_workers=0)
        return html_of([make_entry(find_recipe(name), store) for name in IDS])


def test_the_page_can_be_walked_by_headings_links_and_keys(page):
    reader = Reader()
    reader.feed(page)
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(below - above <= 1 for above, below in zip(reader.headings, reader.headings[1:], strict=False))
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)
    assert set(IDS) <= set(reader.ids)
    named = {name for _, found in reader.tags for name in (found.get("aria-labelledby") or "").split()}
    assert named <= set(reader.ids)
    regions = [found for _, found in reader.tags if found.get("role") == "region"]
    assert regions
    assert all(found.get("tabindex") == "0" and found.get("aria-label") for found in regions)
    assert len({found["aria-label"] for found in regions}) == len(regions)
    for tag, found in reader.tags:
        assert tag not in ("script", "iframe", "link", "form")
        if tag == "img":
            assert found.get("alt")
        if tag == "svg":
            assert found.get("aria-label") or found.get("aria-hidden")
        if tag == "th":
            assert found.get("scope") in ("col", "row", "rowgroup")


def test_the_page_needs_no_network_and_stays_small(page):
    assert not re.search(r"(src|href)=.?https?:", page)
    assert "url(http" not in page
    assert len(page) < 400_000


def test_agreement_is_said_in_words_not_by_signs_or_colours_alone(page):
    signs = page.count('aria-hidden="true" title="')
    assert signs > 5
    assert len(re.findall(r'<span class="sr"> (equal|differs|within our interval|outside our interval)', page)) == signs


def test_what_has_not_run_is_said_with_the_command_that_runs_it(page):
    assert "1 have not run yet" in page
    article = page.partition('<article id="ch10.table-10-2"')[2].partition("</article>")[0]
    assert "heldout book run ch10.table-10-2" in article
    assert "<table" not in article


def test_the_summary_counts_what_the_experiments_say(tmp_path):
    printed = "printed: {v0: {1: 1000, 2: 5}}\nclaims: ['v0(k=2) > v0(k=1)', 'v0(k=1) > v0(k=2)']"
    done = entry_of(recipe("{k: [1, 2]}", 2, printed), tmp_path)
    missing = entry_of(recipe("{k: [5, 6]}", 2), tmp_path, run=False)
    overview = Overview([done, missing])
    assert (overview.states["full"], overview.states["not run"]) == (1, 1)
    assert dict(overview.numbers) == {"equal": 1, "differs": 1}
    assert dict(overview.claims) == {"held": 1, "not held": 1}
    assert [(e.recipe.id, len(lines), claims) for e, lines, claims in overview.off] == [
        ("ch11.page", 1, ["v0(k=1) > v0(k=2)"])
    ]
    told = dict(facts(overview))
    assert told["Experiments"] == "1 of 2 have run: 1 as the course states them; 1 have not run yet"
    assert told["Numbers"] == "of 2 published numbers 1 came out equal, 0 lie within our interval, 1 differ"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_narrow_terminal_gets_narrow_lines_with_all_the_numbers(tmp_path, width):
    text = recipe(
        "{k: {a rather long name of a variant: {k: 1}, another long name: {k: 2}}}", 3, "notes: [" + "word " * 40 + "]"
    )
    entry = entry_of(text, tmp_path)
    lines = [str(line) for line in text_of(entry, width)]
    assert max(map(len, lines)) <= width
    for number in ("1,000", "1,001", "1,002", "2,000", "2,001", "2,002"):
        assert sum(number in line for line in lines) == 1


def test_a_column_without_print_has_the_same_decimals_in_all_its_rows(tmp_path):
    text = "id: h\ntitle: H\nmodel: {procedure: halves-for-page}\nvary: {k: [1, 2, 9]}\nmeasure: [half, whole]\n"
    entry = entry_of(recipe_from_text(text), tmp_path)
    assert [line.ours for line in entry.lines if line.measure == "half"] == ["0.50", "1.00", "4.50"]
    assert [line.ours for line in entry.lines if line.measure == "whole"] == ["1", "2", "9"]


def test_a_flaw_that_is_mended_is_headed_once_with_its_sentence(tmp_path):
    extra = "corrected: [{name: done right, set: {m: 9}, says: it changes much}]"
    entry = entry_of(recipe("{k: [1, 2]}", 2, extra), tmp_path)
    page = html_of([entry])
    assert "<b>Corrected: done right.</b> it changes much" in page
    assert "done right: done right" not in page.lower()
    assert "Corrected: done right. it changes much" in [str(line) for line in text_of(entry)]


def test_curves_and_matrices_are_told_in_words():
    from heldout_course.book.pictures import _draw, matrix_picture

    drawn = _draw([("a", [1.0, 2.0], [0.5, 0.25], None)], {"x": "epoch", "y": "test_error"}, "Title")
    assert 'aria-label="Title: test error by epoch; a from 0.5 to 0.25"' in drawn
    matrix = matrix_picture([[5, 1], [2, 7]], "counts")
    assert "the largest entry off the diagonal is 2, class 1 called 0" in matrix


def test_piped_text_is_not_wrapped(tmp_path):
    entry = entry_of(recipe("{k: [1, 2]}", 2, "notes: [" + "word " * 40 + "]"), tmp_path)
    assert any(line.startswith("Note: ") and line.count("word") == 40 for line in map(str, text_of(entry)))
