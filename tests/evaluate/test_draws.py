"""Resampling with many classes: the same scores from margins, in seconds, with the same intervals."""

from __future__ import annotations

import numpy as np
import pytest

from heldout.evaluate import draws
from heldout.evaluate.confusion import confusion
from heldout.evaluate.intervals import bootstrap_interval
from heldout.evaluate.metric_table import STATISTICS


def rows_of(k: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which about 70 % are predicted right."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    return y, np.where(rng.random(n) < 0.7, y, rng.integers(0, k, n))


@pytest.mark.parametrize("groups", [None, np.arange(400) // 3])
@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_sparse_and_whole_draws_agree_on_the_interval(name: str, groups) -> None:
    y, guess = rows_of(60, 400)
    sparse = bootstrap_interval(name, y, guess, 60, groups=groups, seed=2)
    whole = bootstrap_interval(lambda m: STATISTICS[name](m), y, guess, 60, groups=groups, seed=2)
    # ends of 2,000 draws wander by about 0.003 from seed to seed
    assert sparse == pytest.approx(whole, abs=0.012)


@pytest.mark.parametrize("groups", [None, np.arange(1200) // 3])
def test_a_thousand_classes_never_need_a_block_of_matrices(groups, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("whole matrices were drawn")

    monkeypatch.setattr(draws, "_cell_numbers", refuse)
    y, guess = rows_of(1000, 1200)
    for name in ("mcc", "balanced_accuracy", "f1_macro"):
        low, high = bootstrap_interval(name, y, guess, 1000, groups=groups)
        assert 0.5 < low < high < 0.8


def test_resampling_agrees_with_drawing_rows_one_by_one() -> None:
    y, guess = rows_of(3, 90)
    rng = np.random.default_rng(4)
    rows = rng.integers(90, size=(4000, 90))
    plain = [float(STATISTICS["mcc"](confusion(y[r], guess[r], 3))) for r in rows]
    # pseudo-rows pull the interval a little down: the two agree to a few hundredths
    expected = np.quantile(plain, [0.025, 0.975])
    assert bootstrap_interval("mcc", y, guess, 3, seed=4) == pytest.approx(expected, abs=0.04)


def test_wrong_pseudo_rows_fall_where_independent_margins_have_them() -> None:
    margin = np.array([0.5, 0.0, 0.3, 0.2])
    first, second = draws.wrong_pairs(margin, 40_000, np.random.default_rng(0))
    expected = np.outer(margin, margin) * (1 - np.eye(4))
    found = confusion(first, second, 4) / 40_000
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.01)
    assert not np.diagonal(found).any()


def test_one_class_among_many_still_gives_finite_ends_of_some_width() -> None:
    zeros = np.zeros(50, dtype=int)
    for name in ("accuracy", "balanced_accuracy", "f1_macro", "mcc"):
        low, high = bootstrap_interval(name, zeros, zeros, 200)
        assert np.isfinite([low, high]).all()
        assert low < high
