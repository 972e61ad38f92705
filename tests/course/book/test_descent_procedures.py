"""Descent, schedules, momentum, minibatches and fits that are too close, against other ways to compute them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from heldout_course.book.library import find_recipe
from heldout_course.procedures import curves, fits, steps


def test_tangents_and_minima_of_a_polynomial():
    f = Polynomial([0, 0, -2.5, -1 / 6, 0.25])
    assert sorted(curves.minima_of(f)) == pytest.approx([-2, 2.5])
    found = curves.tangent(f.coef, 1.0)
    assert found["slope"] == pytest.approx(1 - 0.5 - 5)
    assert found["end"] == pytest.approx(2.5, abs=1e-6)
    assert curves.tangent(f.coef, -1.0)["reaches_lowest"] == 0


def test_by_the_printed_definition_a_hill_is_convex():
    hill = ([4, 0, -1], [-2.0, 2.5])
    assert curves.convexity(*hill)["called_convex"] == 1
    assert curves.convexity(*hill, definition="chord above")["called_convex"] == 0
    for definition in ("not cut", "chord above"):
        assert curves.convexity([-4, 0, 1], [-2.0, 2.5], definition=definition)["called_convex"] == 1


@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_schedules_agree_with_scikit_learn(schedule):
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    w = [np.array([1.0])]
    theirs = SGDOptimizer(w, learning_rate_init=0.7, lr_schedule=schedule, momentum=0.0, nesterov=False)
    found = curves.schedule(schedule, rate=0.7, steps=12)
    for step in range(12):
        theirs.iteration_ends(step)  # t is counted from 0 there and divided by (t + 1)^0.5
        assert found["rates"][step] == pytest.approx(theirs.learning_rate)
        theirs.update_params(w, [w[0].copy()])
    assert found["final_loss"] == pytest.approx(float(w[0][0] ** 2 / 2))


def test_adaptive_divides_by_five_after_two_losses_that_are_no_better():
    found = curves.schedule("adaptive", rate=2.0, steps=8)  # at rate 2 each step leads to the other side, as high
    assert found["rates"][:3] == [2.0, 2.0, 2.0]
    assert found["rates"][3] == pytest.approx(0.4)
    assert found["losses"][0] == found["losses"][3] == 0.5


def test_momentum_agrees_with_torch():
    import torch

    w = torch.tensor([10.0, 1.0], dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.SGD([w], lr=0.02, momentum=0.9)
    for _ in range(60):
        theirs.zero_grad()
        ((w[0] ** 2 + 25 * w[1] ** 2) / 2).backward()
        theirs.step()
    for rule in ("velocity", "previous step"):
        found = steps.momentum_rule(0.9, rule, seed=1)
        assert found["distance"] == pytest.approx(float(w.detach().norm()), rel=1e-9)
    assert steps.momentum_rule(0.9, "printed", seed=1)["log10_distance"] > 10


def test_steps_with_a_rate_arrive_at_least_squares_and_without_run_away():
    found = steps.descent_on_a_line(0.1, steps=2000)
    assert found["final_loss"] == pytest.approx(found["least_loss"], rel=1e-6)
    assert steps.descent_on_a_line(0.1, with_rate=False)["log10_final_loss"] > 10


def test_the_loop_over_minibatches_makes_as_many_steps_as_there_are_blocks():
    found = steps.descent_of_a_net(10, epochs=3, seed=1)
    assert found["steps"] == 3 * 8  # 77 rows
    assert found["final_loss"] < found["first_loss"]
    assert steps.descent_of_a_net(0, epochs=3, seed=1)["steps"] == 3


def test_the_spread_of_subset_means_is_that_of_all_subsets():
    values = [1.0, 2.0, 4.0, 8.0, 16.0]
    every = [np.mean(one) for one in combinations(values, 3)]
    found = steps.subset_means(values, 3, draws=4000, seed=1)
    assert found["spread_by_theory"] == pytest.approx(np.std(every))
    assert found["spread_of_means"] == pytest.approx(np.std(every), rel=0.05)


def test_blocks_of_a_shuffle_use_each_row_once():
    found = steps.epoch_blocks(1000, 128, seed=1)
    assert (found["steps"], found["last_block"], found["rows_used"], found["most_uses"]) == (8, 104, 1000, 1)
    assert steps.epoch_blocks(1000, 128, "anew", seed=1)["most_uses"] > 1


def test_the_parabola_is_that_of_the_listed_points():
    model = find_recipe("ch09.figure-9-5").model
    x, y = np.array(model["x"]), np.array(model["y"])
    found = fits.polynomial_fit(x, y, 2)
    assert [found[f"c{k}"] for k in (2, 1, 0)] == pytest.approx(np.polyfit(x, y, 2))
    assert [round(found["c2"], 3), round(found["c1"], 3), round(found["c0"], 2)] == [5.523, -6.138, 36.02]
    assert round(found["residual"], 1) == 37.2
    assert round(fits.polynomial_fit(x, y, 15)["residual"], 1) == 1.6


def test_points_left_out_are_predicted_by_the_others():
    x, y = np.arange(6.0), np.array([0.0, 1, 4, 9, 16, 40])
    found = fits.polynomial_fit(x, y, 2)
    errors = [np.polyval(np.polyfit(np.delete(x, k), np.delete(y, k), 2), x[k]) - y[k] for k in range(6)]
    assert found["left_out_error"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_losses_of_training_and_validation_are_followed():
    found = fits.when_to_stop(epochs=25, seed=1)
    assert len(found["train_losses"]) == 25
    assert found["validation_loss_best"] == min(found["validation_losses"])
    assert found["train_loss_last"] < found["train_loss_first"]


def test_an_outlier_pulls_a_mean_and_hardly_a_median():
    squared, absolute = (fits.outlier_share(name, seed=1) for name in ("squared", "absolute"))
    assert squared["pull"] == pytest.approx((10 - np.mean(np.random.default_rng(1).standard_normal(50))) / 51)
    assert absolute["pull"] < 0.1
    assert squared["share_of_outlier"] > absolute["share_of_outlier"]
