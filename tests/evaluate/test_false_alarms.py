"""How often each test finds a difference where there is none: at its level, and far above it without the correction."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from heldout.evaluate.significance import corrected_t_test, holm, mann_whitney, mcnemar, wilcoxon

N_SETS = 2000
SLACK = 3 * math.sqrt(0.05 * 0.95 / N_SETS)
"""Three binomial standard errors of the simulation itself."""


@cache
def cross_validated(n_rows: int = 60, n_folds: int = 5, repeats: int = 10) -> np.ndarray:
    """Accuracies of two equally good models, (2, N_SETS, n_folds × repeats): nearest centroids on a feature each."""
    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % 2
    features = rng.normal(size=(2, N_SETS, n_rows)) + 0.7 * y  # (model, data set, row): alike and independent
    scores = []
    for _ in range(repeats):
        part = rng.permutation(n_rows) % n_folds
        for fold in range(n_folds):
            train, held = part != fold, part == fold
            low, high = (features[..., train & (y == c)].mean(axis=-1, keepdims=True) for c in (0, 1))
            middle, up = (low + high) / 2, high > low
            guess = (features[..., held] > middle) == up
            scores.append((guess == y[held]).mean(axis=-1))
    return np.stack(scores, axis=-1)


def test_the_corrected_test_keeps_its_level_on_repeated_folds_and_the_uncorrected_one_does_not() -> None:
    a, b = cross_validated()
    corrected = corrected_t_test(a - b, n_train=48, n_validation=12)[1]
    plain = corrected_t_test(a - b)[1]
    assert (corrected <= 0.05).mean() <= 0.05 + SLACK
    assert (corrected <= 0.05).mean() >= 0.01, "a test that never speaks is of no use"
    assert (plain <= 0.05).mean() > 0.3


def test_rank_tests_on_repeated_folds_cry_wolf_which_is_why_compare_refuses_them_there() -> None:
    a, b = cross_validated()
    assert (wilcoxon(a - b) <= 0.05).mean() > 0.3
    assert (mann_whitney(a, b)[1] <= 0.05).mean() > 0.15


@pytest.mark.parametrize("n", [6, 10, 25])
def test_every_test_keeps_its_level_on_independent_replicates(n: int) -> None:
    a, b = np.random.default_rng(n).normal(size=(2, N_SETS, n))
    for p in (corrected_t_test(a - b)[1], wilcoxon(a - b), mann_whitney(a, b)[1]):
        assert 0.01 <= (p <= 0.05).mean() <= 0.05 + SLACK


@pytest.mark.parametrize("n", [40, 200, 1000])
def test_mcnemar_keeps_its_level_on_one_test_set(n: int) -> None:
    cells = np.random.default_rng(n).multinomial(n, [0.75, 0.1, 0.1, 0.05], size=N_SETS)
    exact, mid = mcnemar(cells[:, 1], cells[:, 2])
    assert (exact <= 0.05).mean() <= 0.05
    assert 0.02 <= (mid <= 0.05).mean() <= 0.05 + SLACK


def test_holm_keeps_the_chance_of_any_false_alarm_among_ten_models_and_no_correction_does_not() -> None:
    scores = np.random.default_rng(1).normal(size=(10, N_SETS, 12))
    p = np.stack([corrected_t_test(model - scores[0])[1] for model in scores[1:]], axis=-1)
    assert (holm(p).min(axis=-1) <= 0.05).mean() <= 0.05 + SLACK
    assert (p.min(axis=-1) <= 0.05).mean() > 0.15


def test_a_real_difference_is_found() -> None:
    a, b = cross_validated()
    p = corrected_t_test(a + 0.2 - b, n_train=48, n_validation=12)[1]
    assert (p <= 0.05).mean() > 0.4
