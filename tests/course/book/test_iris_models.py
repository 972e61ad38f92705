"""Classical models on iris and on enlarged iris: against scikit-learn, and what ten copies of a row amount to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from heldout.errors import SettingError
from heldout_course.book.entries import make_entry
from heldout_course.book.library import find_recipe
from heldout_course.book.work import register, run_task
from heldout_course.experiments.expand import expand
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store
from heldout_course.procedures.components import N_TRAIN, shuffled_iris
from heldout_course.procedures.iris_models import model_on_iris

register()

TINY = {"kind": "svm", "kernel": "rbf", "C": 1.0, "gamma": 0.001}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_svm_on_ten_copies_is_that_of_scikit_learn_and_one_of_ten_times_the_penalty(seed):
    x, y = shuffled_iris(seed)
    theirs = SVC(C=1.0, gamma=0.001).fit(np.tile(x[:N_TRAIN], (10, 1)), np.tile(y[:N_TRAIN], 10))
    copies = model_on_iris(TINY, enlarged=True, augment="copies", seed=seed)
    assert copies["rows"] == 1200
    assert copies["accuracy"] == pytest.approx(theirs.score(x[N_TRAIN:], y[N_TRAIN:]))
    assert {**model_on_iris({**TINY, "C": 10.0}, seed=seed), "rows": 1200} == copies


@pytest.mark.parametrize("augment", ["printed", "right"])
def test_enlarged_rows_are_ten_times_as_many_and_another_seed_makes_others(augment):
    forest = {"kind": "forest", "trees": 5}
    first = model_on_iris(forest, enlarged=True, augment=augment, seed=1)
    assert first == model_on_iris(forest, enlarged=True, augment=augment, seed=1)
    assert first["rows"] == 1200
    assert sum(first[f"called_{k}"] for k in range(3)) == 30
    assert first["errors"] == round(30 * (1 - first["accuracy"]))


@pytest.mark.parametrize(
    ("classifier", "augment", "what"),
    [
        (TINY, "twice", "augment is 'twice'"),
        ({}, "right", "names no kind"),
        ({"kind": "svn"}, "right", "Unknown model 'svn'"),
    ],
)
def test_settings_that_there_are_none_of_are_refused(classifier, augment, what):
    with pytest.raises(SettingError, match=what):
        model_on_iris(classifier, True, augment, seed=1)


def test_augmentation_rescues_the_tiny_gamma_no_better_than_copies_do(tmp_path):
    recipe = find_recipe("ch07.iris-svm-augmentation")
    with Store(tmp_path / "s.sqlite") as store:
        assert run_jobs(expand(recipe, "quick").jobs, store, run_task, n_workers=0).failed == {}
        entry = make_entry(recipe, store, "quick")
    assert [verdict.state for verdict in entry.verdicts] == ["held"] * 4
    assert {line.agrees for line in entry.lines if line.printed} == {"within our interval"}
