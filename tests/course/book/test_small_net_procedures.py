"""What chapters 8 and 9 work by hand: nodes, softmax, the small net, back-propagation, weight decay, dropout."""

from __future__ import annotations

import numpy as np
import pytest

from heldout_course.procedures import activations, fits, gradients, iris_pair, small_net
from heldout_course.procedures.iris_pair import is_separable


@pytest.mark.parametrize(("slope", "intercept"), [(5, -3), (2, 7)])
def test_two_linear_nodes_multiplied_out_are_what_they_compute(slope, intercept):
    found = activations.linear_composition(slope, intercept, seed=1)
    w0, w1, b0, b1, x = 0.7, -1.3, 0.4, 2.1, 3.3

    def node(value: float, w: float, b: float) -> float:
        return slope * (w * value + b) + intercept

    whole = node(node(x, w0, b0), w1, b1)
    line = slope**2 * w1 * w0 * x + slope**2 * w1 * b0 + slope * w1 * intercept + slope * b1 + intercept
    assert whole == pytest.approx(line)
    sign = "-" if intercept < 0 else "+"
    assert found["slope"] == f"{slope**2}*w1*w0"
    words = f"{slope**2}*w1*b0 {sign} {abs(slope * intercept)}*w1 + {slope}*b1 {sign} {abs(intercept)}"
    assert found["intercept"] == words


def test_softmax_agrees_with_scipy_and_does_not_overflow():
    from scipy.special import softmax

    found = activations.softmax_of([0.2, 1.3, 0.8, 2.1], add=1000.0)
    assert [found[f"p_{k}"] for k in range(4)] == pytest.approx(softmax([0.2, 1.3, 0.8, 2.1]))
    assert found["unshifted_is_finite"] == 0


def test_a_curve_that_turns_twice_is_not_taken_for_s_shaped():
    from heldout_course.scratch.activations import ACTIVATIONS

    assert activations.activation_curve("sigmoid")["turns_of_bend"] == 1
    ACTIVATIONS["wave"] = np.sin
    try:
        assert activations.activation_curve("wave")["turns_of_bend"] > 1
    finally:
        del ACTIVATIONS["wave"]


def test_the_small_net_has_the_printed_arrays_and_another_has_others():
    assert small_net.dense_arrays(2, [3, 2])["by_layer"] == "6+3, 6+2, 2+1"
    found = small_net.dense_arrays(5, [7])
    assert (found["parameters"], found["weight_matrices"]) == (5 * 7 + 7 + 7 + 1, "7x5, 1x7")


@pytest.mark.parametrize("target", [0, 1])
def test_a_moved_weight_is_felt_by_its_own_node_only(target):
    found = small_net.which_weight(2, 1, target)
    assert (found["nodes_moved"], found["moved_by_output"], found["first_layer_moved"]) == (str(target), 1, 2)


def test_the_pair_of_irises_has_the_derived_counts_and_no_test_row_among_its_sources():
    pair = iris_pair.iris_pair(3, "right")
    assert np.bincount(pair.y).tolist() == [370, 400]
    assert np.bincount(pair.y_test).tolist() == [13, 10]
    plain = iris_pair.iris_pair(3, "none")
    every = np.concatenate([plain.x, plain.x_test])
    assert len(every) == 100
    assert pair.x[: len(plain.x)] == pytest.approx(plain.x)
    scaled = iris_pair.iris_pair(3, "none", scaled=True)
    assert scaled.x.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert scaled.x.std(axis=0) == pytest.approx([1, 1])


def test_separable_is_what_a_plane_can_part():
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert is_separable(corners, np.array([0, 0, 0, 1]))
    assert not is_separable(corners, np.array([0, 1, 1, 0]))
    assert not is_separable(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), np.array([0, 1, 0]))


def test_the_pair_of_irises_is_not_separable_once_enlarged():
    found = iris_pair.iris_pair_facts("printed", seed=1)
    assert (found["n_train"], found["n_test"], found["separable"]) == (770, 23, 0)


@pytest.mark.parametrize(("library", "margin"), [("scikit-learn", 1e-12), ("heldout", 1e-6)])
def test_the_forward_pass_by_hand_is_the_library_s(library, margin):
    found = iris_pair.small_net(library, epochs=15, seed=2)
    assert found["forward_gap"] < margin
    assert found["twins_gap"] < 1e-6
    assert len(found["probabilities"]) == 23


def test_the_weights_of_dropout_s_mean_are_exact_for_one_softmax_layer_only():
    found = small_net.dropout_variants(0.5, seed=1)
    assert (found["possible"], found["seen"]) == (32, 32)
    assert found["gap_one_softmax_layer"] < 1e-12
    assert found["gap_of_inverted"] < 1e-12
    assert found["log10_gap_whole_net"] > -6


@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu"])
def test_the_equations_give_the_slopes_by_trying_and_the_slip_does_not(activation):
    assert gradients.gradient_check(activation, seed=4)["relative_gap"] < 1e-6
    assert gradients.gradient_check(activation, factor="value", seed=4)["relative_gap"] > 0.01


def test_the_chain_s_closed_forms_agree_with_torch():
    import torch

    random = np.random.default_rng(5)
    x, t, *w = random.standard_normal(5)
    weights = [torch.tensor(float(value), dtype=torch.float64, requires_grad=True) for value in w]
    ((weights[2] * weights[1] * weights[0] * x - t) ** 2 / 2).backward()
    found = gradients.chain_gradients(seed=5)
    assert [found[f"dL_dw{k}"] for k in (1, 2, 3)] == pytest.approx([float(one.grad) for one in weights])
    assert found["gap_of_backpropagation"] < 1e-12


def test_a_penalty_and_decay_are_the_same_for_plain_steps_and_not_for_adam():
    plain, adam = (gradients.weight_decay(name, seed=3) for name in ("sgd", "adam"))
    assert plain["log10_gap"] < -12
    assert adam["log10_gap"] > -8
    assert plain["left_without_slope"] == pytest.approx((1 - 0.1 * 0.0005) ** 100)


def test_the_toolkit_divides_alpha_by_the_batch():
    assert gradients.toolkit_step("lambda x batch", seed=1)["gap_after_a_step"] < 1e-12
    assert gradients.toolkit_step("lambda", seed=1)["gap_after_a_step"] > 0.001


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_slopes_of_a_wrong_node_agree_with_differences(loss):
    def value(z: float) -> float:
        p = 1 / (1 + np.exp(-z))
        return float(-np.log(p) if loss == "cross-entropy" else (p - 1) ** 2 / 2)

    z, step = np.log(0.001 / 0.999), 1e-4
    tried = (value(z + step) - value(z - step)) / (2 * step)
    assert gradients.slope_when_wrong(loss)["slope"] == pytest.approx(abs(tried), rel=1e-4)


def test_binary_cross_entropy_agrees_with_scikit_learn_once_the_minus_is_before_both_terms():
    from sklearn.metrics import log_loss

    theirs = log_loss([0], [[0.8, 0.2]], labels=[0, 1])
    assert fits.cross_entropy_of([0.2], 0, binary="both terms")["loss"] == pytest.approx(theirs)
    assert fits.cross_entropy_of([0.2], 0)["loss"] == pytest.approx(-theirs)


def test_first_weights_spread_by_their_formulas_and_equal_ones_stay_equal():
    equal, he = (fits.first_weights(name, epochs=5, seed=1) for name in ("equal", "he"))
    assert (equal["node_spread"], equal["std"]) == (0.0, pytest.approx(0, abs=1e-12))
    assert he["node_spread"] > 0.1
    assert he["std"] == pytest.approx(he["std_by_formula"], rel=0.05)
    assert he["log10_signal"] == pytest.approx(0, abs=0.3)
