"""A recipe's data: what it says is checked by key, kept as it was hashed, and splits as asked for."""

from __future__ import annotations

import numpy as np
import pytest

from heldout.errors import SettingError
from heldout_course.experiments.data import DATA_KEYS, DataSpec
from heldout_course.experiments.expand import expand
from heldout_course.experiments.reading import RecipeError
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.results import Part, Result, pack_right
from heldout_course.experiments.rows import find_rows

WRONG = {
    "name": (3, "The data have no name"),
    "as": ("pictures", "as is 'pictures'; it must be one of vectors, images"),
    "scale": ("1/25", "scale is '1/25'; it must be one of none, 1/256"),
    "pca": (0, "pca is 0; it must be at least 1"),
    "classes": (["1"], "classes is "),
    "labels": ("odd-even", "labels is 'odd-even'"),
    "scramble": ("yes", "scramble is 'yes', not true or false"),
    "shuffle": ("every", "shuffle is 'every'"),
    "train": ("rest", "train is 'rest'"),
    "test": ("some", "Unknown rows 'some'"),
    "folds": (1, "folds is 1"),
    "stratify": (1, "stratify is 1, not true or false"),
    "target": (3, "target is 3, not text"),
    "group": (5.0, "group is 5.0, not text"),
}


def test_every_key_of_a_recipe_has_a_value_that_is_refused_here():
    assert set(WRONG) == set(DATA_KEYS)


@pytest.mark.parametrize("key", WRONG)
def test_an_impossible_value_is_refused_by_its_key(key):
    value, says = WRONG[key]
    with pytest.raises(RecipeError, match=says) as error:
        DataSpec.of({"name": "iris", key: value}).check()
    assert error.value.key == key
    assert error.value.fix


def test_a_description_is_read_back_as_it_was_written():
    given = {"name": "mnist", "as": "images", "classes": ["3", 5], "train": "first 9", "folds": 3, "content": "ab"}
    record = DataSpec.of(given).record()
    assert {key: record[key] for key in given} == given
    assert set(record) == {*DATA_KEYS, "content"}
    assert DataSpec.of(record) == DataSpec.of(given)
    assert "content" not in DataSpec(name="iris").record()


PLACES = {
    "in the data": ("scale: 1/256", "scale: 1/25", 3),
    "in the model": ("lr: 0.1", "lr: fast", 4),
    "in a value of an axis": ("batch: 8", "batch: 0", 7),
    "in the values of an axis": ("[0, 0.9]", "[0, 2]", 8),
    "in a profile": ("epochs: 2", "epochs: 0", 10),
    "in a correction": ("momentum: 0.5", "momentum: 5", 12),
    "in the net of an axis": ("dense 9", "dnese 9", 6),
}
RECIPE = """id: mine
title: Places
data: {name: digits, train: 80%, scale: 1/256}
model: {net: "dense 8, relu", optimizer: sgd, lr: 0.1}
vary:
  size: {small: {}, large: {net: "dense 9, relu"},
    odd: {batch: 8}}
  momentum: [0, 0.9]
profiles:
  quick: {epochs: 2}
corrected:
  - {name: slower, set: {momentum: 0.5}, says: less}
measure: [error]
"""


@pytest.mark.parametrize("place", PLACES)
def test_the_line_of_an_error_is_that_of_the_key_that_causes_it(place):
    old, new, line = PLACES[place]
    assert old in RECIPE
    with pytest.raises(SettingError, match=f"mine.yaml, line {line}: "):
        expand(recipe_from_text(RECIPE.replace(old, new), "mine.yaml"), "quick")


def test_published_folds_are_those_of_the_data(tmp_path):
    rows = [f"{n * n % 17},{'xy'[n % 2]},{n % 4}" for n in range(40)]
    path = tmp_path / "folded.csv"
    path.write_text("\n".join(["a,label,fold", *rows]))
    found = find_rows(DataSpec(name=str(path), target="label", folds="published"), 1)
    assert len(found.pairs) == 4
    assert all(len(np.unique(found.data.folds[test])) == 1 for _, test in found.pairs)


def test_data_without_folds_have_none_to_publish():
    with pytest.raises(SettingError, match="iris: These data came without folds"):
        find_rows(DataSpec(name="iris", folds="published"), 1)


def test_a_part_keeps_which_rows_were_right():
    right = np.array([True, False, True] * 7)
    part = Part(n_train=1, n_test=21, confusion=[[1]], right=pack_right(right))
    assert np.array_equal(part.right_rows, right)


def test_results_are_read_with_gaps_and_with_what_a_newer_version_added():
    part = {"n_train": 1, "n_test": 8, "confusion": [[4, 0], [1, 3]], "right": pack_right(np.ones(8, bool))}
    record = {"classes": ["a", "b"], "parts": [part | {"watts": 3}], "parameters": 7, "colour": "red"}
    found = Result.read(record)
    assert (found.parameters, found.parts[0].auc, found.parts[0].unfinished) == (7, None, "")
    assert found.record() == {"classes": ["a", "b"], "parts": [part], "parameters": 7}
    assert Result.read({"values": {"a": 1}}).record() == {"values": {"a": 1}}
