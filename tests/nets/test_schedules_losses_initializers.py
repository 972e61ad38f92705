import math
import warnings

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from heldout.errors import SettingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.losses import row_losses
from heldout.nets.fit.schedules import schedule_factors
from heldout.nets.initializers import before_sigmoid, first_values
from heldout.nets.net import Net, Parameter


def factors(text, epochs=10, steps=7, warmup=0.0):
    return schedule_factors(text, n_epochs=epochs, steps_per_epoch=steps, warmup=warmup, first=0, n=epochs * steps)


def test_constant_is_one():
    assert (factors("constant") == 1).all()


def test_step_multiplies_every_so_many_epochs():
    found = factors("step 0.5 4")
    assert [found[0], found[27], found[28], found[56]] == [1, 1, 0.5, 0.25]


def test_cosine_falls_along_half_a_wave():
    assert np.allclose(factors("cosine"), [0.5 * (1 + math.cos(math.pi * i / 70)) for i in range(70)])


def test_one_cycle_rises_to_one_at_its_peak_and_ends_near_zero():
    found = factors("one-cycle 0.3", epochs=10, steps=10)
    assert found.argmax() == 30
    assert found[30] == pytest.approx(1)
    assert found[0] == pytest.approx(1 / 25)
    assert found[-1] < 0.002
    assert (np.diff(found[:30]) > 0).all()
    assert (np.diff(found[30:]) < 0).all()


def test_warm_up_rises_linearly_and_the_schedule_has_the_rest():
    found = factors("cosine", warmup=2)
    assert np.allclose(found[:14], np.arange(1, 15) / 14)
    assert np.allclose(found[14:], [0.5 * (1 + math.cos(math.pi * i / 56)) for i in range(56)])


def test_a_later_part_of_a_schedule_is_that_part():
    whole = factors("one-cycle", warmup=0.5)
    part = schedule_factors("one-cycle", n_epochs=10, steps_per_epoch=7, warmup=0.5, first=21, n=7)
    assert np.array_equal(part, whole[21:28])


@pytest.mark.parametrize("text", ["cosin", "", "step 0.1 0", "step a", "one-cycle 1", "cosine 3", "step 1 2 3", None])
def test_impossible_schedules_are_refused(text):
    with pytest.raises(SettingError, match="schedule="):
        factors(text)


def test_cross_entropy_is_that_of_scikit_learn():
    logits = torch.from_numpy(np.random.default_rng(0).standard_normal((11, 4)))
    labels = torch.tensor([0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2])
    found = row_losses(logits, labels, loss="cross-entropy").mean()
    assert float(found) == pytest.approx(log_loss(labels, torch.softmax(logits, 1), labels=range(4)), rel=1e-12)


@pytest.mark.parametrize("loss", ["cross-entropy", "mse", "absolute"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_are_those_of_pytorch(loss, smoothing):
    logits = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 11, 4)))
    labels = torch.from_numpy(np.random.default_rng(1).integers(0, 4, (3, 11)))
    wanted = torch.nn.functional.one_hot(labels, 4).double() * (1 - smoothing) + smoothing / 4
    p = torch.softmax(logits, -1)
    expected = {
        "cross-entropy": torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), reduction="none", label_smoothing=smoothing
        ).view(3, 11),
        "mse": ((p - wanted) ** 2).mean(-1),
        "absolute": (p - wanted).abs().mean(-1),
    }[loss]
    torch.testing.assert_close(row_losses(logits, labels, loss=loss, smoothing=smoothing), expected)


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("glorot", stats.uniform(-math.sqrt(6 / 500), 2 * math.sqrt(6 / 500))),
        ("he", stats.norm(0, math.sqrt(2 / 300))),
        ("xavier", stats.norm(0, math.sqrt(1 / 300))),
        ("small-uniform", stats.uniform(-0.005, 0.01)),
        ("small-gaussian", stats.norm(0, 0.005)),
    ],
)
def test_first_weights_have_the_stated_distribution(name, distribution):
    kernel = Parameter("dense 1.kernel", (300, 200), "kernel", 300, 200)
    values = first_values(kernel, seed=5, position=0, initializer=name).ravel()
    assert stats.kstest(values, distribution.cdf).pvalue > 0.001
    bias = Parameter("dense 1.bias", (200,), "bias", 300, 200)
    assert not first_values(bias, seed=5, position=1, initializer=name).any()


def test_glorot_before_a_sigmoid_has_a_narrower_range():
    kernel = Parameter("dense 1.kernel", (300, 200), "kernel", 300, 200)
    values = first_values(kernel, seed=5, position=0, initializer="glorot", before_sigmoid=True)
    assert abs(values).max() == pytest.approx(math.sqrt(2 / 500), rel=1e-3)


def test_glorot_with_biases_draws_biases_too():
    bias = Parameter("dense 1.bias", (200,), "bias", 300, 200)
    values = first_values(bias, seed=5, position=1, initializer="glorot-biases")
    assert abs(values).max() == pytest.approx(math.sqrt(6 / 500), rel=0.05)


def test_the_layers_before_a_sigmoid_are_found():
    plan = Net("dense 3, batchnorm, sigmoid, dense 4, relu, residual(dense 4, sigmoid)").plan((5,), 3)
    assert before_sigmoid(plan) == {"dense 1", "batchnorm 1", "residual 1 dense 1"}


def test_a_layers_own_initializer_overrules():
    own = Parameter("dense 1.kernel", (300, 200), "kernel", 300, 200, init="small-uniform")
    assert abs(first_values(own, seed=5, position=0, initializer="he")).max() < 0.005


@pytest.mark.parametrize(("activation", "theirs"), [("sigmoid", "logistic"), ("tanh", "tanh")])
def test_first_weights_spread_as_those_of_scikit_learns_net_in_every_layer(activation, theirs):
    x, y = np.random.default_rng(0).normal(size=(40, 60)), np.arange(40) % 20
    ours = NetClassifier(
        f"dense 80, {activation}", optimizer="sgd", lr=1e-12, epochs=1, batch=40, initializer="glorot-biases"
    )
    arrays = ours.fit(x.astype(np.float32), y).to_arrays()[1]
    kernels = [array.reshape(-1) for name, array in sorted(arrays.items()) if array.size in (60 * 80, 80 * 20)]
    other = MLPClassifier((80,), activation=theirs, solver="sgd", learning_rate_init=1e-12, max_iter=1, batch_size=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other.fit(x, y)
    assert len(kernels) == 2
    for ours_drawn, drawn in zip(sorted(kernels, key=len), sorted(other.coefs_, key=np.size), strict=True):
        assert ours_drawn.std() == pytest.approx(drawn.std(), rel=0.06)
        assert abs(ours_drawn).max() == pytest.approx(abs(drawn).max(), rel=0.01)
