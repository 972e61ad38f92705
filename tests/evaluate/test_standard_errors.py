"""Standard errors against simulations and identities."""

import math

import numpy as np
import pytest

from heldout.evaluate.confusion import mcc
from heldout.evaluate.standard_errors import (
    above_chance,
    difference_se_floor,
    jackknife_values,
    share_standard_error,
)


def test_the_standard_error_of_a_share_is_the_binomial_one_and_never_0():
    plain = math.sqrt(0.7 * 0.3 / 5000)
    assert share_standard_error(0.7, 5000) == pytest.approx(plain, rel=1e-3)
    for pseudo_rows in (2, 4):
        assert 0 < share_standard_error(1.0, 1000, pseudo_rows=pseudo_rows) < 0.003
    # four pseudo-rows: (50 + 2) / (50 + 4), by hand
    assert share_standard_error(1.0, 50) == pytest.approx(math.sqrt((52 / 54) * (2 / 54) / 54))


def test_the_floor_of_a_difference_is_one_row_for_each_model():
    assert difference_se_floor(98) == pytest.approx(math.sqrt(0.01**2 + 0.01**2))


def test_jackknife_values_of_a_mean_are_the_values_themselves():
    x = np.array([0.2, 0.9, 0.4, 0.7])
    without = [float(np.delete(x, k).mean()) for k in range(4)]
    assert jackknife_values(float(x.mean()), without) == pytest.approx(x.tolist())


def test_the_spread_of_jackknife_values_is_the_error_of_a_pooled_mcc():
    rng, k = np.random.default_rng(0), 20
    found, said = [], []
    for _ in range(200):
        y = rng.integers(0, 2, 400)
        guess = np.where(rng.random(400) < 0.8, y, 1 - y)
        parts = [np.setdiff1d(np.arange(400), np.arange(i, 400, k)) for i in range(k)]
        values = jackknife_values(mcc(y, guess), [mcc(y[rows], guess[rows]) for rows in parts])
        found.append(mcc(y, guess))
        said.append(np.std(values, ddof=1) / math.sqrt(k))
    assert np.mean(said) == pytest.approx(np.std(found), rel=0.15)


def test_chance_and_always_right_are_the_ends_of_the_scale():
    assert [above_chance(value, 0.25) for value in (0.25, 0.625, 1.0)] == [0.0, 0.5, 1.0]
    assert above_chance(1.0, 1.0) == 0.0
