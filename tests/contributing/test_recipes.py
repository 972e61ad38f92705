"""CONTRIBUTING names files that exist, and each of its main recipes is followed by a test."""

import re
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
TEXT = (HOME / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = dict(re.findall(r"^\| (an? [a-z ]+?) \| (.+) \|$", TEXT, re.MULTILINE))
FOLLOWED = {
    "a model": "test_add_a_model.py",
    "a layer": "test_add_a_layer.py",
    "a check": "test_add_a_check.py",
    "a setting": "test_add_a_setting.py",
    "a command": "test_add_a_command.py",
    "a kind of data": "test_add_a_kind_of_data.py",
}


def test_every_file_that_it_names_exists():
    named = re.findall(r"`((?:src|tests|docs|tools)/[^` ]+)`", TEXT)
    assert len(named) > 15
    assert [path for path in named if not (HOME / path).exists()] == []


@pytest.mark.parametrize("recipe", ["a model", "a setting", "a layer", "a check", "a kind of data", "a command"])
def test_a_main_recipe_names_one_or_two_files(recipe):
    assert 1 <= len(re.findall(r"`src/", RECIPES[recipe].partition("; from another")[0])) <= 2


@pytest.mark.parametrize(("recipe", "test"), FOLLOWED.items())
def test_a_recipe_is_followed_by_a_test(recipe, test):
    assert recipe in RECIPES
    assert (Path(__file__).parent / test).exists()


def test_the_rooms_are_those_of_the_import_contract():
    import tomllib

    contracts = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [layer.removeprefix("heldout.") for layer in contracts[0]["layers"]]
    rooms = re.search(r"`(cli →.+?)`", TEXT, re.DOTALL)[1].replace("\n", " ").split(" → ")
    assert rooms == layers[: len(rooms)]
    assert all(f"`{name}`" in TEXT for name in layers[len(rooms) :])


def test_it_fits_one_screen():
    assert len(TEXT.splitlines()) <= 50
