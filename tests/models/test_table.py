"""The table of models: every entry can be built, fitted, searched and counted by what it says of itself."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

from heldout.errors import SettingError
from heldout.models.candidate import Task
from heldout.models.table import CLASSICAL
from heldout.select.candidates import CANDIDATES, candidates_for, check_names, count_parameters

by_name = pytest.mark.parametrize("candidate", CLASSICAL, ids=lambda candidate: candidate.name)


def iris():
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True, as_frame=True)


def parameters_of(candidate) -> set[str]:
    return set(inspect.signature(type(candidate.estimator())).parameters)


def test_names_and_titles_are_unique():
    assert len({candidate.name for candidate in CANDIDATES}) == len(CANDIDATES)
    assert len({candidate.title for candidate in CANDIDATES}) == len(CANDIDATES)


@by_name
def test_what_recipes_and_searches_set_are_parameters_of_the_estimator(candidate):
    known = parameters_of(candidate)
    assert set(candidate.parameters.values()) <= known
    assert set(candidate.estimator.given) <= known
    if candidate.space is not None:
        frame = iris()[0]
        space = candidate.space(Task("table", (4,), 150, 3, 0, frame))
        assert set(space) <= set(candidate.parameters.values())


@by_name
def test_a_model_that_takes_a_seed_says_so(candidate):
    assert ("random_state" in parameters_of(candidate)) == (candidate.seed == "random_state") or candidate.name in (
        "dummy",  # random only with another strategy
        "rbf-svm",  # random only with probability=True
    )


EXPECTED = {
    "dummy": lambda model: 3,
    "nearest-centroid": lambda model: 3 * 4,
    "k-nn": lambda model: 150 * 4,
    "naive-bayes": lambda model: 3 * (4 + 4 + 1),
    "tree": lambda model: nodes(model.tree_),
    "forest": lambda model: sum(nodes(tree.tree_) for tree in model.estimators_),
    "linear-svm": lambda model: 3 * 5,
    "rbf-svm": lambda model: len(model.support_) * (4 + 2) + 3,
    "boosting": lambda model: 2 * sum(tree.get_n_leaf_nodes() * 2 - 1 for r in model._predictors for tree in r),
}


def nodes(tree) -> int:
    inner = int((tree.children_left >= 0).sum())
    return 2 * inner + 3 * (tree.node_count - inner)


@by_name
def test_a_fitted_model_is_counted(candidate):
    frame, y = iris()
    model = candidate.build(Task("table", (4,), len(y), 3, 0, frame))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frame, y)
    assert count_parameters(model) == EXPECTED[candidate.name](model.steps[-1][1])


def test_a_model_that_is_in_no_table_has_an_unknown_count():
    from sklearn.linear_model import RidgeClassifier

    frame, y = iris()
    assert count_parameters(RidgeClassifier().fit(frame, y)) is None


def test_names_are_read_as_people_write_them():
    assert [candidate.name for candidate in candidates_for("table", ["kNN", "RBF_svm"])] == ["k-nn", "rbf-svm"]
    names = [candidate.name for candidate in candidates_for("table")]
    assert names == [*(candidate.name for candidate in CLASSICAL), "mlp"]


@pytest.mark.parametrize(
    ("names", "kind", "says"),
    [
        (["forrest"], "table", r"Unknown model 'forrest' for table; did you mean forest\?"),
        (["cnn"], "table", "Unknown model 'cnn' for table"),
        (["forrest"], None, r"Unknown model 'forrest'; did you mean forest\?"),
    ],
)
def test_an_unknown_name_is_refused_with_the_near_ones(names, kind, says):
    with pytest.raises(SettingError, match=says) as error:
        check_names(names) if kind is None else candidates_for(kind, names)
    assert "nearest-centroid" in error.value.fix


def test_building_one_model_imports_no_other():
    import subprocess
    import sys

    code = (
        "import sys; from heldout.models.table import CLASSICAL; assert 'sklearn' not in sys.modules; "
        "CLASSICAL[1].estimator(); assert 'sklearn.ensemble' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_of_a_task_override_what_is_always_given():
    frame = iris()[0]
    [neighbours] = candidates_for("table", ["k-nn"])
    few = neighbours.build(Task("table", (4,), 8, 3, 0, frame)).steps[-1][1]
    assert (few.n_neighbors, few.algorithm) == (2, "brute")
    assert np.isclose(neighbours.cost(1000, 4, 3), 0.02 + 2e-9 * 1000 * 1000 * 2)
