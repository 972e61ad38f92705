"""Drawings of recipes: a figure from finished results, on the page and as a file."""

from __future__ import annotations

import base64
import re

import pytest

from heldout.cli.main import main
from heldout.errors import SettingError
from heldout_course.book.entries import make_entry
from heldout_course.book.library import all_ids, find_recipe
from heldout_course.book.page import html_of
from heldout_course.book.pictures import pictures_of, write_figures
from heldout_course.book.work import register, run_task
from heldout_course.drawings.registry import DRAWINGS, Shown, drawing, find_drawing
from heldout_course.experiments.expand import expand
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

register()


def finished(identity: str, tmp_path, profile: str = "quick"):
    recipe = find_recipe(identity)
    with Store(tmp_path / "s.sqlite") as store:
        run_jobs(expand(recipe, profile).jobs, store, run_task, n_workers=0)
        return make_entry(recipe, store, profile)


def svg_of(picture: str) -> str:
    return base64.b64decode(re.search(r"base64,([^\"]+)", picture)[1]).decode()


def test_a_drawing_is_an_image_of_the_page_with_words_for_those_who_cannot_see_it(tmp_path):
    entry = finished("ch04.figure-4-5", tmp_path)
    page = html_of([entry])
    assert page.count('<img class="drawn" src="data:image/svg+xml;base64,') == 1
    assert "a box for each feature" in page
    svg = svg_of(pictures_of(entry.found)[0])
    for words in ("feature", "x4"):
        assert f">{words}</text>" in svg
    assert "<script" not in svg


def test_the_same_results_give_the_same_bytes(tmp_path):
    found = finished("ch04.figure-4-5", tmp_path).found
    assert pictures_of(found) == pictures_of(found)


def test_what_is_not_finished_is_not_drawn():
    entry = make_entry(find_recipe("ch04.figure-4-5"), None)
    assert pictures_of(entry.found) == []


def test_pictures_are_written_as_files(tmp_path):
    paths = write_figures(finished("ch04.figure-4-5", tmp_path).found, tmp_path / "pictures")
    assert [path.name for path in paths] == ["ch04.figure-4-5.svg"]
    assert paths[0].read_text().startswith("<?xml")


def test_a_curve_is_written_with_its_styles(tmp_path):
    from xml.etree import ElementTree

    paths = write_figures(finished("ch11.table-11-9", tmp_path).found, tmp_path)
    root = ElementTree.fromstring(paths[0].read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "stroke" in root[0].text


def test_show_writes_figures(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HELDOUT_STORE", str(tmp_path / "store.sqlite"))
    for arguments in (
        ["book", "run", "ch04.figure-4-5", "-j", "0"],
        ["book", "show", "ch04.figure-4-5", "--figures", str(tmp_path / "to")],
    ):
        with pytest.raises(SystemExit, match=r"^0$"):
            main(arguments)
    assert "Wrote" in capsys.readouterr().out
    assert (tmp_path / "to" / "ch04.figure-4-5.svg").exists()


def test_all_drawings_that_recipes_name_exist():
    names = {find_recipe(identity).plot.get("draw") for identity in all_ids()} - {None}
    assert {find_drawing(name).name for name in names} == names
    assert all(one.alt for one in DRAWINGS.values())


def test_an_unknown_drawing_offers_the_near_ones():
    with pytest.raises(SettingError, match="Unknown drawing 'boxs'") as error:
        find_drawing("boxs")
    assert "boxes" in error.value.fix


def test_a_name_stands_for_one_drawing():
    find_drawing("boxes")
    with pytest.raises(SettingError, match="Two drawings"):
        drawing("boxes", "again")(lambda results: None)


def test_a_drawing_needs_no_axes_of_the_plot():
    text = "id: a\ntitle: a\nmodel: {procedure: outcomes}\nmeasure: [outcome]\nplot: {draw: boxes, x: epoch}\n"
    with pytest.raises(SettingError, match="plot has draw and other keys") as error:
        recipe_from_text(text)
    assert "line 5" in str(error.value)


def test_without_matplotlib_the_page_says_what_is_missing(tmp_path, monkeypatch):
    from heldout.errors import MissingExtraError
    from heldout_course.drawings import registry

    def missing(*_: object, **__: object) -> None:
        raise MissingExtraError("this drawing needs matplotlib", fix="pip install 'heldout[plots]'")

    entry = finished("ch04.figure-4-5", tmp_path)
    monkeypatch.setattr(registry, "require", missing)
    assert "heldout[plots]" in html_of([entry])


def test_results_that_lack_what_is_drawn_do_not_break_the_page(tmp_path):
    from dataclasses import replace

    entry = finished("ch06.gini-examples", tmp_path)
    recipe = replace(entry.recipe, plot={"draw": "boxes"})
    plan = replace(entry.found.plan, recipe=recipe)
    (picture,) = pictures_of(replace(entry.found, plan=plan))
    assert "No drawing" in picture
    assert "these results do not have" in picture


def test_drawings_and_the_results_that_they_take_are_small(tmp_path):
    for identity in ("ch04.figure-4-1", "ch05.figure-5-5", "ch06.figure-6-4", "ch06.figure-6-5", "ch06.figure-6-7"):
        (picture,) = pictures_of(finished(identity, tmp_path).found)
        assert len(picture) < 200_000
        assert svg_of(picture).rstrip().endswith("</svg>")


def test_a_drawing_of_a_model_gets_the_means_of_what_is_measured(tmp_path):
    from heldout.evaluate.figures import new_figure

    seen = []

    def draw(results):
        seen.extend((one.labels["k"], one["accuracy"]) for one in results)
        return new_figure("x", "y", "")[0]

    if "accuracies" not in DRAWINGS:
        drawing("accuracies", "nothing")(draw)
    text = """
id: mine
title: mine
data: {name: iris, folds: 3}
model: {kind: k-nn}
vary: {k: [1, 5]}
repeats: 2
measure: [accuracy]
plot: {draw: accuracies}
"""
    recipe = recipe_from_text(text)
    with Store(tmp_path / "s.sqlite") as store:
        run_jobs(expand(recipe, "quick").jobs, store, run_task, n_workers=0)
        found = make_entry(recipe, store, "quick").found
    assert len(pictures_of(found)) == 1
    series = {v.labels["k"]: found.series(v, "accuracy").mean for v in found.plan.variants}
    assert seen == list(series.items())


OWN = """id: mine
title: mine
data: {name: iris, folds: 3}
model: {kind: k-nn}
vary: {k: [1, 5]}
repeats: 2
measure: [accuracy]
plot: PLOT
"""


def run_own(tmp_path, plot: str) -> int:
    (tmp_path / "mine.yaml").write_text(OWN.replace("PLOT", plot))
    with pytest.raises(SystemExit, match=r"^\d$") as end:
        main(["run", str(tmp_path / "mine.yaml"), "-j", "0", "--figures", str(tmp_path / "pictures")])
    return end.value.code


def test_the_curve_of_one_s_own_recipe_is_written(tmp_path, capsys):
    assert run_own(tmp_path, "{x: k, y: accuracy}") == 0
    assert "Picture: --figures" in capsys.readouterr().out
    assert (tmp_path / "pictures" / "mine.svg").read_text().startswith("<svg")


def test_an_unknown_drawing_is_refused_before_anything_runs(tmp_path, capsys):
    assert run_own(tmp_path, "{draw: boxs}") == 2
    told = capsys.readouterr().err
    assert "mine.yaml, line 8" in told
    assert "boxes" in told
    assert not (tmp_path / "mine.results.sqlite").exists()


@pytest.mark.parametrize(("name", "words"), [("roc-by-threshold", "perfection"), ("scores-by-threshold", "MCC")])
def test_thresholds_are_drawn_from_the_scores_at_each(name, words):
    at = {
        f"{measure}_at_{percent}": value
        for percent in range(10, 100, 10)
        for measure, value in (
            ("tpr", 1 - percent / 200),
            ("fpr", 0.3 - percent / 400),
            ("ppv", percent / 100),
            ("mcc", 0.5),
        )
    }
    figure = find_drawing(name).function([Shown({}, [at])])
    axes = figure.axes[0]
    told = [text.get_text() for text in (*axes.texts, *(axes.get_legend().get_texts() if axes.get_legend() else ()))]
    assert words in told
    first = axes.lines[0].get_xydata()
    expected = [0.3 - 50 / 400, 1 - 50 / 200] if name == "roc-by-threshold" else [0.5, 0.5]
    assert any(row == pytest.approx(expected) for row in first.tolist())
