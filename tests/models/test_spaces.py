"""Ranges of hyperparameters: what lies in them, which end is simpler, and that candidates accept all of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.errors import SettingError
from heldout.models.candidate import Task
from heldout.models.spaces import Options, Range, as_space, complexity, start_of
from heldout.select.candidates import CANDIDATES
from heldout.select.search.points import check_parameters, target_of


@given(
    low=st.floats(1e-6, 1e3),
    factor=st.floats(1.5, 1e6),
    log=st.booleans(),
    whole=st.booleans(),
    share=st.floats(0, 1),
)
def test_every_share_of_a_range_lies_in_it(low, factor, log, whole, share):
    high = low * factor
    if whole and np.ceil(low) > np.floor(high):
        with pytest.raises(SettingError, match="no whole number"):
            Range(low, high, log, whole)
        return
    range_ = Range(low, high, log, whole)
    value = range_.at(share)
    assert low <= value <= high
    if whole:
        assert value == int(value)
    else:
        assert range_.place(value) == pytest.approx(share, abs=1e-4)


def test_a_logarithmic_range_has_its_geometric_mean_in_the_middle():
    assert Range(0.01, 100, log=True).at(0.5) == 1
    assert Range(0.01, 100, log=True).values(5) == [0.01, 0.1, 1, 10, 100]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Range(5, 5), "empty"),
        (lambda: Range(5, 1), "empty"),
        (lambda: Range(0, float("nan")), "empty"),
        (lambda: Range(0, 1, log=True), "cannot begin at 0"),
        (lambda: Range(0.2, 0.8, whole=True), "no whole number"),
        (lambda: Range(0, 1, start=2), "outside"),
        (lambda: Range(0, 1, simpler="lower"), "simpler"),
        (lambda: Options([]), "no values to try"),
        (lambda: Options([1, 2], start=3), "not one of the values"),
        (lambda: as_space({}), "no hyperparameter"),
        (lambda: as_space({"C": []}), "C: there are no values"),
        (lambda: as_space({"C": 3}), "not a list"),
        (lambda: as_space({"kernel": "rbf"}), "not a list"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_its_reason(make, says):
    with pytest.raises(SettingError, match=says) as caught:
        make()
    assert caught.value.fix


def test_complexity_counts_only_what_is_declared_simpler_and_from_the_right_end():
    space = {
        "C": Range(0.01, 100, log=True, simpler="low"),
        "k": Range(1, 31, whole=True, simpler="high"),
        "lr": Range(0.1, 1),
        "w": Options(["uniform", "distance"], simpler="first"),
    }
    assert complexity(space, {"C": 0.01, "k": 31, "lr": 1, "w": "uniform"}) == 0
    assert complexity(space, {"C": 100, "k": 1, "lr": 0.1, "w": "distance"}) == 3
    assert complexity(space, {"C": 1, "k": 31, "lr": 0.5, "w": "uniform"}) == pytest.approx(0.5)


@pytest.mark.parametrize("candidate", [c for c in CANDIDATES if c.space is not None], ids=lambda c: c.name)
@pytest.mark.parametrize("n_rows", [12, 400, 50_000])
def test_a_candidates_model_has_every_hyperparameter_of_its_space_and_the_start_lies_in_it(candidate, n_rows):
    import pandas as pd

    if candidate.is_net:
        pytest.importorskip("torch")
    kind = (candidate.kinds or ("table",))[0]
    shape = {"table": (4,), "images": (28, 28, 1), "sounds": (8000,)}[kind]
    frame = pd.DataFrame(np.zeros((3, 4)), columns=list("abcd")) if kind == "table" else None
    task = Task(kind, shape, n_rows, 3, 0, frame, 8000 if kind == "sounds" else 0)
    estimator, space = candidate.build(task), candidate.space(task)
    check_parameters(estimator, space)
    start = start_of(space)
    target_of(estimator).set_params(**start)
    for parameter, dimension in space.items():
        assert 0 <= dimension.place(start[parameter]) <= 1
