import time

import pytest

from heldout.select.budget import SPARE_SECONDS, Budget


def test_without_a_limit_everything_fits():
    budget = Budget([1.0, 1e9])
    assert budget.fits(1)
    assert budget.remaining() == float("inf")


def test_a_step_gets_its_share_of_the_time_left_and_never_all_of_it():
    budget = Budget([1.0, 1.0, 2.0], limit=100.0, start=time.monotonic())
    usable = 100 - SPARE_SECONDS - 5
    assert usable / 4 < budget.allowance(0) < usable
    assert budget.allowance(2) == pytest.approx(usable, abs=0.5)


def test_a_step_that_cannot_fit_is_not_begun():
    budget = Budget([1.0, 1000.0, 1.0], limit=60.0, start=time.monotonic())
    assert budget.fits(0)
    assert not budget.fits(1)
    assert budget.fits(2)


def test_nothing_fits_after_the_limit():
    assert not Budget([0.001], limit=10.0, start=time.monotonic() - 11).fits(0)


def test_a_slow_machine_raises_the_estimate_of_the_rest():
    budget = Budget([10.0, 10.0])
    before = budget.estimate(1)
    budget.record(0, 100.0)
    assert budget.estimate(1) > 3 * before
    assert budget.estimate(1, done_share=0.5) == pytest.approx(budget.estimate(1) / 2)
