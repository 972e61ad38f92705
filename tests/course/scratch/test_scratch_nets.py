"""Activations, losses, back-propagation, descent and the network against scikit-learn, PyTorch, slopes by trying,
and the networks worked out by hand in the course."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from heldout_course.scratch.activations import ACTIVATIONS, SLOPES, softmax
from heldout_course.scratch.backpropagation import backward, forward
from heldout_course.scratch.descent import SGD, dropout_mask, minibatches, numerical_gradient
from heldout_course.scratch.initializers import INITIALIZERS, glorot
from heldout_course.scratch.losses import (
    absolute_loss,
    binary_cross_entropy,
    cross_entropy,
    one_hot,
    squared_loss,
    squared_slope,
)
from heldout_course.scratch.mlp import MLP

Z = np.array([-800.0, -3, -0.5, 0, 1e-3, 0.7, 4, 800])


def rows(seed=0, n=23, d=5, k=3):
    random = np.random.default_rng(seed)
    y = random.integers(0, k, n)
    y[:k] = range(k)
    return random.standard_normal((n, d)), y


def relative_gap(a, b):
    return np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_activations_and_their_slopes_are_those_of_pytorch(name):
    z = torch.from_numpy(Z).requires_grad_()
    expected = getattr(torch, name)(z)
    expected.sum().backward()
    np.testing.assert_allclose(ACTIVATIONS[name](Z), expected.detach(), atol=1e-15)
    np.testing.assert_allclose(SLOPES[name](Z), z.grad, atol=1e-15)


def test_the_softmax_of_the_course_and_its_shift():
    z = np.array([0.2, 1.3, 0.8, 2.1])
    assert softmax(z).round(6).tolist() == [0.079922, 0.240099, 0.145628, 0.534351]
    np.testing.assert_allclose(softmax(z), softmax(np.array([-1.9, -0.8, -1.3, 0.0])))
    assert softmax(np.array([1e6, 0.0])).tolist() == [1, 0]


def test_linear_nodes_collapse_into_one():
    # h(x) = 5x - 3 twice, as printed: slope 25 w0 w1, intercept 25 w1 b0 - 15 w1 + 5 b1 - 3.
    w0, b0, w1, b1 = 0.7, -1.3, 2.1, 0.4
    weights, biases = [np.array([[5 * w0]]), np.array([[5 * w1]])], [np.array([5 * b0 - 3]), np.array([5 * b1 - 3])]
    x = np.linspace(-2, 2, 7)[:, None]
    _, a = forward(x, weights, biases, ["identity"] * 2)
    np.testing.assert_allclose(a[-1], 25 * w0 * w1 * x + 25 * w1 * b0 - 15 * w1 + 5 * b1 - 3)


def test_the_losses_of_the_course_by_hand():
    assert cross_entropy(np.array([[0.03, 0.87, 0.10]]), np.array([[0, 1, 0]])) == pytest.approx(-np.log(0.87))
    assert cross_entropy(np.array([[0.0, 1.0]]), np.array([[0, 1]])) == 0
    p, t = np.array([[0.9], [0.2]]), np.array([[1.0], [0.0]])
    assert binary_cross_entropy(p, t) == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)
    y, wanted = np.array([[3.0], [0.0]]), np.array([[0.0], [1.0]])
    assert squared_loss(y, wanted) == (9 + 1) / (2 * 2)
    assert absolute_loss(y, wanted) == 2


def test_the_chain_of_three_weights_has_the_slopes_worked_out_by_hand():
    x, t, w = 1.7, 0.4, [0.5, -1.2, 0.8]
    weights, biases = [np.array([[value]]) for value in w], [np.zeros(1)] * 3
    z, a = forward(np.array([[x]]), weights, biases, ["identity"] * 3)
    y = a[-1].item()
    found, _ = backward(z, a, weights, ["identity"] * 3, squared_slope(a[-1], np.array([[t]])))
    assert [g.item() for g in found] == pytest.approx(
        [(y - t) * w[2] * w[1] * x, (y - t) * w[2] * w[0] * x, (y - t) * w[1] * w[0] * x]
    )


def test_one_step_of_a_small_net_by_hand():
    # Two ReLU nodes, one sigmoid: z1 = (1 + 4, -1 + 2 - 4) = (5, -3), a1 = (5, 0), z2 = 0.5 * 5 - 2.5 = 0, p = 1/2.
    weights, biases = [np.array([[1.0, 2], [-1, 1]]), np.array([[0.5, 3.0]])], [np.array([0.0, -4]), np.array([-2.5])]
    names = ["relu", "sigmoid"]
    z, a = forward(np.array([[1.0, 2.0]]), weights, biases, names)
    assert z[0].tolist() == [[5, -3]]
    assert a[-1].tolist() == [[0.5]]
    # Target 1: delta2 = p - 1 = -0.5; delta1 = -0.5 * (0.5, 3) where the ReLU is open = (-0.25, 0).
    of_weights, of_biases = backward(z, a, weights, names, a[-1] - 1)
    assert [g.tolist() for g in of_weights] == [[[-0.25, -0.5], [0, 0]], [[-2.5, 0]]]
    assert [g.tolist() for g in of_biases] == [[-0.25, 0], [-0.5]]


def test_the_net_of_the_course_has_20_parameters_and_the_probabilities_of_scikit_learn():
    X, y = load_iris(return_X_y=True)
    X, y = X[50:, 2:], y[50:] - 1
    theirs = MLPClassifier((3, 2), activation="logistic", solver="lbfgs", max_iter=2000, random_state=1).fit(X, y)
    assert sum(array.size for array in theirs.coefs_ + theirs.intercepts_) == 20
    _, a = forward(X, [W.T for W in theirs.coefs_], theirs.intercepts_, ["sigmoid"] * 3)
    np.testing.assert_allclose(a[-1][:, 0], theirs.predict_proba(X)[:, 1], rtol=1e-12)
    assert [W.shape for W in MLP((3, 2)).start(2, np.arange(2)).weights_] == [(3, 2), (2, 3), (1, 2)]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(("hidden", "k"), [((), 3), ((7,), 2), ((7, 5), 3), ((4, 5, 6), 2)])
@pytest.mark.parametrize("is_dropped", [False, True])
def test_back_propagation_gives_the_slopes_found_by_trying(activation, hidden, k, is_dropped):
    X, y = rows(k=k)
    net = MLP(hidden, activation=activation, seed=3).start(X.shape[1], np.arange(k))
    random = np.random.default_rng(1)
    for b in net.biases_:
        b += 0.1 * random.standard_normal(b.shape)
    targets = net.targets(y)
    masks = [dropout_mask((len(X), size), 0.3, random) for size in hidden] if is_dropped else None
    _, found = net.loss_and_gradients(X, targets, masks)
    for parameter, gradient in zip([*net.weights_, *net.biases_], found, strict=True):
        tried = numerical_gradient(lambda: net.loss_and_gradients(X, targets, masks)[0], parameter)
        assert relative_gap(gradient, tried) < 1e-6


def test_slopes_by_trying_are_right_and_leave_the_parameter_as_it_was():
    p = np.array([[1.0, -2.0], [0.5, 3.0]])
    before = p.copy()
    np.testing.assert_allclose(numerical_gradient(lambda: float((p**3).sum()), p), 3 * before**2, rtol=1e-8)
    assert (p == before).all()


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("k", [2, 3])
def test_training_walks_the_path_of_scikit_learn(activation, nesterov, k):
    X, y = rows(2, n=32, k=k)
    options = {
        "hidden_layer_sizes": (6, 4),
        "activation": {"sigmoid": "logistic"}.get(activation, activation),
        "solver": "sgd",
        "momentum": 0.9,
        "nesterovs_momentum": nesterov,
        "alpha": 0.8,
        "batch_size": 8,
        "shuffle": False,
        "random_state": 5,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = MLPClassifier(learning_rate_init=1e-300, max_iter=1, **options).fit(X, y)  # its first weights
        theirs = MLPClassifier(learning_rate_init=0.05, max_iter=12, n_iter_no_change=99, **options).fit(X, y)
    ours = MLP((6, 4), activation=activation, rate=0.05, nesterov=nesterov, l2=0.8 / 8, batch_size=8, n_epochs=12)
    ours.is_shuffled = False
    ours.start(5, np.arange(k))
    ours.weights_, ours.biases_ = [W.T.copy() for W in start.coefs_], [b.copy() for b in start.intercepts_]
    ours.train(X, y)
    for W, b, V, c in zip(ours.weights_, ours.biases_, theirs.coefs_, theirs.intercepts_, strict=True):
        np.testing.assert_allclose(W, V.T, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(b, c, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))


def test_a_batch_of_all_rows_is_plain_gradient_descent():
    X, y = rows(4)
    net = MLP((4,), rate=0.1, momentum=0, batch_size=23, n_epochs=1).start(5, np.arange(3))
    weights = [W.copy() for W in net.weights_]
    _, gradients = net.loss_and_gradients(X, net.targets(y))
    net.train(X, y)
    for before, after, gradient in zip(weights, net.weights_, gradients, strict=False):
        np.testing.assert_allclose(after, before - 0.1 * gradient)


def test_steps_are_those_of_pytorch():
    random = np.random.default_rng(6)
    start, gradients = random.standard_normal((3, 4)), random.standard_normal((9, 3, 4))
    for nesterov in (False, True):
        theirs = torch.nn.Parameter(torch.from_numpy(start.copy()))
        optimizer = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, nesterov=nesterov, weight_decay=0.01)
        ours, descent = start.copy(), SGD(0.1, momentum=0.9, nesterov=nesterov, l2=0.01)
        for g in gradients:
            theirs.grad = torch.from_numpy(g)
            optimizer.step()
            descent.step([ours], [g])
        np.testing.assert_allclose(ours, theirs.detach())


def test_the_penalty_shrinks_weights_and_spares_biases():
    weights, bias = np.ones((2, 2)), np.ones(2)
    SGD(0.1, l2=0.5).step([weights, bias], [np.zeros((2, 2)), np.zeros(2)])
    assert weights.tolist() == [[0.95, 0.95], [0.95, 0.95]]
    assert bias.tolist() == [1, 1]


def test_an_epoch_takes_every_row_once_in_another_order_each_time():
    random = np.random.default_rng(0)
    epochs = [list(minibatches(10, 4, random)) for _ in range(2)]
    assert [[len(batch) for batch in epoch] for epoch in epochs] == [[4, 4, 2]] * 2
    assert all(sorted(np.concatenate(epoch)) == list(range(10)) for epoch in epochs)
    assert (np.concatenate(epochs[0]) != np.concatenate(epochs[1])).any()


def test_dropout_keeps_the_mean_of_a_linear_output():
    # All 2^3 masks of three hidden nodes at p = 1/2 are equally probable: their mean is the whole network.
    weights, biases = [np.array([[1.0, -2], [0.5, 3], [2, 2]]), np.array([[1.0, -1, 0.3]])], [np.ones(3), np.zeros(1)]
    X, names = np.array([[0.4, -1.1]]), ["tanh", "identity"]
    whole = forward(X, weights, biases, names)[1][-1]
    masks = [np.array([m], dtype=float) / 0.5 for m in itertools.product([0, 1], repeat=3)]
    parts = [forward(X, weights, biases, names, [mask])[1][-1] for mask in masks]
    np.testing.assert_allclose(np.mean(parts, axis=0), whole)


def test_dropout_drops_the_stated_share():
    mask = dropout_mask((200, 100), 0.2, np.random.default_rng(0))
    assert set(np.unique(mask)) == {0, 1 / 0.8}
    assert stats.binomtest(int((mask == 0).sum()), mask.size, 0.2).pvalue > 0.001
    assert (dropout_mask((3, 3), 0.0, np.random.default_rng(0)) == 1).all()


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("glorot", stats.uniform(-np.sqrt(6 / 170), 2 * np.sqrt(6 / 170))),
        ("he", stats.norm(0, np.sqrt(2 / 70))),
        ("xavier", stats.norm(0, np.sqrt(1 / 70))),
        ("small-uniform", stats.uniform(-0.005, 0.01)),
        ("small-gaussian", stats.norm(0, 0.005)),
    ],
)
def test_first_weights_have_the_stated_distribution(name, distribution):
    values = INITIALIZERS[name](70, 100, np.random.default_rng(3))
    assert values.shape == (100, 70)
    assert stats.kstest(values.ravel(), distribution.cdf).pvalue > 0.001


def test_glorot_before_a_sigmoid_is_narrower():
    values = glorot(70, 100, np.random.default_rng(3), before_sigmoid=True)
    assert np.abs(values).max() == pytest.approx(np.sqrt(2 / 170), rel=0.01)


def test_equal_weights_stay_equal():
    X, y = rows(7)
    net = MLP((4,), n_epochs=5).start(5, np.arange(3))
    net.weights_[0][:] = 0.1
    net.weights_[1][:] = 0.1
    net.train(X, y)
    assert np.ptp(net.weights_[0], axis=0).max() < 1e-12
    assert np.ptp(net.weights_[1], axis=1).max() < 1e-12


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_iris_is_learned_and_the_seed_decides(dropout):
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    nets = [MLP((16,), dropout=dropout, n_epochs=60, seed=s).fit(X[::2], names[::2]) for s in (1, 1, 2)]
    assert (nets[0].predict(X[1::2]) == names[1::2]).mean() > 0.9
    assert nets[0].losses_[-1] < nets[0].losses_[0] / 2
    probabilities = [net.predict_proba(X) for net in nets]
    np.testing.assert_allclose(probabilities[0].sum(axis=1), 1)
    assert (probabilities[0] == probabilities[1]).all()
    assert (probabilities[0] != probabilities[2]).any()


def test_dropout_noises_the_training_and_not_the_prediction():
    X, y = rows(8)
    nets = [MLP((6,), dropout=share, n_epochs=1).fit(X, y) for share in (0.0, 0.5)]
    assert (nets[0].weights_[0] != nets[1].weights_[0]).any()
    assert (nets[1].predict_proba(X) == nets[1].predict_proba(X)).all()


def test_a_single_class_is_refused():
    with pytest.raises(ValueError, match="nothing to separate"):
        MLP().fit(np.zeros((3, 2)), np.zeros(3))


def test_one_hot_rows_have_their_one_in_the_right_column():
    assert one_hot(np.array([1, 0, 2]), 3).argmax(axis=1).tolist() == [1, 0, 2]
