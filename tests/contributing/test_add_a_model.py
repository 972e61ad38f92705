"""CONTRIBUTING, 'add a model': an entry in models/table.py, and the leaderboard, bundles and recipes know it."""

import json

import pytest

ENTRY = """    Candidate(
        "stump",
        "Decision stump",
        Estimator("sklearn.tree", "DecisionTreeClassifier", {"max_depth": 1}),
        cost=lambda n, d, k: 0.01 + 1e-7 * n * d,
        steps=prepared(scale=False),
        seed="random_state",
        space=lambda task: {"min_samples_leaf": Range(1, 20, log=True, whole=True, simpler="high", start=1)},
        count=lambda model: _tree_numbers(model.tree_),
        parameters=_same("min_samples_leaf"),
    ),
"""
RECIPE = """
id: stumps
title: How many rows in a leaf?
question: Does it matter?
data: {name: iris, folds: 3, stratify: true}
model: {kind: stump}
vary: {min_samples_leaf: [1, 40]}
repeats: 1
measure: [accuracy]
"""


@pytest.fixture(scope="module", autouse=True)
def model(house):
    table = (house.root / "src/heldout/models/table.py").read_text("utf-8")
    before = table[table.index('    Candidate(\n        "forest",') :].splitlines(keepends=True)
    house.insert("src/heldout/models/table.py", "".join(before[:2]), ENTRY)


def test_it_is_trained_stored_and_predicts(house, tmp_path):
    quick = ["--folds", "3", "--repeats", "1", "--no-look", "--no-learning-curve", "--jobs", "1", "--quiet"]
    said = house.heldout("train", "iris", "--models", "stump", "--out", tmp_path / "run", *quick, "--json")
    values = json.loads(said)
    assert [candidate["title"] for candidate in values["candidates"]] == ["Decision stump"]
    assert values["chosen"]["parameters"] > 0
    (tmp_path / "new.csv").write_text(
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5.1,3.5,1.4,0.2\n"
    )
    found = house.heldout("predict", tmp_path / "run", tmp_path / "new.csv", "--json")
    assert json.loads(found)["predictions"][0]["label"] == "setosa"


def test_it_is_searched_and_offered_by_name(house, tmp_path):
    quick = ["--folds", "3", "--repeats", "1", "--no-look", "--no-learning-curve", "--jobs", "1", "--quiet"]
    said = house.heldout("train", "iris", "--models", "stump", "--search", "light", "--out", tmp_path, *quick, "--json")
    searched = json.loads(said)["candidates"][1]
    assert (searched["title"], searched["status"]) == ("Decision stump, searched", "finished")
    assert "stump" in house.heldout("train", "iris", "--models", "stmp", code=2)


def test_a_recipe_names_it(house, tmp_path):
    (tmp_path / "mine.yaml").write_text(RECIPE)
    said = house.heldout("run", tmp_path / "mine.yaml", "--jobs", "1", "--json", "--quiet")
    values = json.loads(said)
    assert values["failed"] == []
    assert {line["variant"] for line in values["experiments"][0]["lines"]} == {
        "min_samples_leaf=1",
        "min_samples_leaf=40",
    }
