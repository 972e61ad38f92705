"""Every mistake in a recipe is told with its file, its line and what to do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import SettingError
from heldout_course.experiments.expand import expand
from heldout_course.experiments.expressions import parse_claim
from heldout_course.experiments.reading import MOST_BYTES, Source
from heldout_course.experiments.recipe import load_recipe, recipe_from_text

GOOD = """id: mine
title: Momentum
data: {name: digits, train: 80%}
model: {net: "dense 8, relu", optimizer: sgd, lr: 0.1, epochs: 2}
vary:
  momentum: [0, 0.9]
measure: [error]
claims:
  - error(momentum=0.9) < error(momentum=0)
"""


def test_a_good_recipe_is_read():
    recipe = recipe_from_text(GOOD)
    assert list(recipe.axes["momentum"]) == ["0", "0.9"]
    assert [variant.name for variant in expand(recipe, "quick").variants] == ["momentum=0", "momentum=0.9"]


WRONG = {
    "a misspelt key": ("title:", "tilte:", 2, "did you mean 'title'"),
    "a misspelt key of data": ("train: 80%", "trian: 80%", 3, "did you mean 'train'"),
    "a misspelt setting of the net": ("optimizer:", "optimiser:", 4, "did you mean 'optimizer'"),
    "a word for a number": ("lr: 0.1", "lr: fast", 4, ""),
    "an impossible vary": ("[0, 0.9]", "[0, 0.9, 2]", 6, ""),
    "a vary of nothing": ("[0, 0.9]", "[]", 6, "[a, b]"),
    "a value twice": ("[0, 0.9]", "[0, 0.0]", 6, "leave one out"),
    "an unknown measure": ("[error]", "[eror]", 7, "did you mean 'error'"),
    "a claim that names an absent variant": ("error(momentum=0.9)", "error(momentum=0.8)", 9, "did you mean '0.9'"),
    "a claim that names an absent axis": ("error(momentum=0.9)", "error(momentun=0.9)", 9, "did you mean 'momentum'"),
    "a claim without comparison": ("<", "+", 9, "a claim compares"),
    "a claim that is code": ("error(momentum=0.9)", "__import__('os').system('true')", 9, "axis=value"),
    "an alias": ("[0, 0.9]", "&a [0, 0.9]", 6, "write the value out"),
    "a tag": ("[0, 0.9]", "!!python/tuple [0, 0.9]", 6, "leave out the word"),
    "a key twice": ("title: Momentum", "title: Momentum\ntitle: again", 3, "leave one out"),
    "an unknown layer": ("dense 8, relu", "dnese 8, relu", 4, ""),
    "a bad share": ("80%", "eighty", 3, "N%"),
    "a number that is none": ("lr: 0.1", "lr: .nan", 4, "give a number"),
    "a plot over an absent axis": ("claims:", "plot: {x: momentun, y: error}\nclaims:", 8, "did you mean 'momentum'"),
    "a plot of an absent measure": ("claims:", "plot: {x: momentum, y: eror}\nclaims:", 8, "did you mean 'error'"),
    "a plot without its y": ("claims:", "plot: {x: momentum}\nclaims:", 8, "y: error"),
    "a plot without its x": ("claims:", "plot: {y: error}\nclaims:", 8, "an axis, or epoch"),
    "a logarithm of something else": (
        "claims:",
        "plot: {x: momentum, y: error, log: y}\nclaims:",
        8,
        "log: x",
    ),
    "no YAML": ("[0, 0.9]", "[0, 0.9", 7, "name: value"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_told_with_line_and_remedy(tmp_path, what):
    old, new, line, remedy = WRONG[what]
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SettingError, match=f"mine.yaml, line {line}: ") as error:
        expand(load_recipe(path), "quick")
    assert remedy in error.value.fix


def test_a_missing_title_is_told():
    with pytest.raises(SettingError, match="title is missing"):
        recipe_from_text("id: a\nmeasure: [x]\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 5000, "nested deeper"),
        ("a: " * 2000, "not YAML"),
        ("x" * (MOST_BYTES + 1), "bytes"),
        ("\t", "not YAML"),
        ("- 1", "a list of `name: value` lines"),
        ("5", "a list of `name: value` lines"),
        ("", "a list of `name: value` lines"),
    ],
)
def test_hostile_texts_are_refused_in_words(tmp_path, content, says):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(SettingError, match=says):
        load_recipe(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingError, match="Cannot read this recipe"):
        load_recipe(tmp_path / "none.yaml")


def test_too_many_variants_are_refused():
    many = GOOD.replace("[0, 0.9]", str([n / 10_000 for n in range(3000)]))
    with pytest.raises(SettingError, match="3,000 variants"):
        recipe_from_text(many)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="abc01.=<>+-*/()[], '\"each_", max_size=40))
def test_any_text_is_a_claim_or_refused_in_words(text):
    try:
        claim = parse_claim(text, Source("here"), ())
    except SettingError as error:
        claim, place = None, error.where
    assert (claim.sign or not text) if claim else place == "here"


def test_deep_parentheses_are_refused():
    with pytest.raises(SettingError, match="Too many parts"):
        parse_claim("(" * 150 + "1" + ")" * 150 + " < 2", Source("here"), ())
