"""The promise of the engine: a replicate ends up the same alone and in any stack."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.nets.fit.feed import Feed
from heldout.nets.fit.loop import train_stack
from heldout.nets.fit.planner import place
from heldout.nets.fit.streams import replicate_key
from heldout.nets.settings import DEFAULT_LR, Job, Settings

CPU = torch.device("cpu")
IMAGE, SIGNAL, VECTOR = (7, 5, 2), (17, 2), (5,)
NETS = {
    "dense 7, relu, dropout 0.4, dense 3, tanh": VECTOR,
    "dense 7, batchnorm, sigmoid, residual(dense 7, gelu)": VECTOR,
    "": VECTOR,
    "conv 4 3, relu, maxpool 2, dropout 0.3, flatten, dense 5, relu": IMAGE,
    "conv 4 3 same, batchnorm, gelu, avgpool 2, flatten": IMAGE,
    "residual(conv 3 3 stride 2 same, batchnorm, relu, dropout 0.2), globalpool": IMAGE,
    "conv 4 2 same stride 2, sigmoid, globalpool max": IMAGE,
    "conv 3 5, relu, batchnorm, maxpool 2, dropout 0.1, flatten": SIGNAL,
    "dense 3, tanh, flatten, dense 4 frozen, relu": SIGNAL,
}


AUGMENT = {
    VECTOR: ["", "mixup 0.5"],
    IMAGE: ["", "flip, shift 1px, rotate 20, mixup 0.4", "erase 0.3, noise 10, cutmix p 0.7"],
    SIGNAL: ["", "timeshift 0.3 wrap, gain 6, noise 20, cutmix"],
}


def data(shape, n=41, seed=0):
    random = np.random.default_rng(seed)
    return random.standard_normal((n, *shape)), random.integers(0, 3, n)


def train(x, y, jobs, weights=None):
    plan = place(jobs[0].settings, x.shape[1:], 3)
    return train_stack(plan, jobs, Feed(x, y, weights, CPU, torch.float64))


def assert_same(one, other):
    assert one.failed == other.failed
    assert one.arrays.keys() == other.arrays.keys()
    # The gradient of a bias before a batch norm is only rounding, which adaptive optimizers divide by their epsilon.
    for name, array in one.arrays.items():
        np.testing.assert_allclose(other.arrays[name], array, rtol=1e-7, atol=1e-7, err_msg=name)
    assert len(one.history) == len(other.history)
    for row, same in zip(one.history, other.history, strict=True):
        np.testing.assert_allclose(list(row.values()), list(same.values()), rtol=1e-7, atol=1e-9)


@st.composite
def stacks(draw):
    net = draw(st.sampled_from(sorted(NETS)))
    optimizer = draw(st.sampled_from(sorted(DEFAULT_LR)))
    common = {
        "net": net,
        "optimizer": optimizer,
        "nesterov": draw(st.booleans()),
        "schedule": draw(st.sampled_from(["constant", "step 0.5 1", "cosine", "one-cycle 0.4"])),
        "warmup": draw(st.sampled_from([0.0, 0.7])),
        "batch": draw(st.sampled_from([5, 8, 41, 100])),
        "loss": draw(st.sampled_from(["cross-entropy", "mse", "absolute"])),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1])),
        "standardize": draw(st.booleans()),
        "history": draw(st.sampled_from(["light", "full"])),
        "early_stopping": draw(st.sampled_from([None, 1])),
        "augment": draw(st.sampled_from(AUGMENT[NETS[net]])),
        "precision": "float64",
    }
    jobs = []
    for _ in range(draw(st.integers(2, 4))):
        own = {
            "lr": draw(st.sampled_from([None, 0.003, 0.02])),
            "momentum": draw(st.sampled_from([0.0, 0.9])),
            "weight_decay": draw(st.sampled_from([0.0, 0.1])),
            "l2": draw(st.sampled_from([0.0, 0.01])),
            "dropout": draw(st.sampled_from([None, 0.0, 0.6])),
            "clip": draw(st.sampled_from([None, 0.05])),
            "initializer": draw(st.sampled_from(["glorot", "he", "small-gaussian", "glorot-biases"])),
            "label_noise": draw(st.sampled_from([0.0, 0.2])),
            "epochs": draw(st.integers(1, 3)),
        }
        rows = np.random.default_rng(draw(st.integers(0, 99))).permutation(36)[: draw(st.integers(11, 36))]
        seed = replicate_key(draw(st.integers(0, 5)), 0)
        jobs.append(Job(seed, rows, Settings(**common, **own), np.arange(36, 41)))
    return jobs


@settings(max_examples=40, deadline=None)
@given(stacks(), st.booleans())
def test_each_replicate_equals_its_solo_training_whatever_the_stack_and_its_order(jobs, is_weighted):
    x, y = data(NETS[jobs[0].settings.net])
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y)) if is_weighted else None
    stack = train(x, y, jobs, weights)
    backwards = train(x, y, jobs[::-1], weights)[::-1]
    for number, job in enumerate(jobs):
        (alone,) = train(x, y, [job], weights)
        assert_same(alone, stack[number])
        assert_same(alone, backwards[number])


@pytest.mark.parametrize("net", sorted(NETS))
def test_every_layer_trains_alike_in_a_stack(net):
    x, y = data(NETS[net])
    jobs = [
        Job(replicate_key(s, 0), np.arange(36 - s), Settings(net=net, epochs=3, batch=8, precision="float64"))
        for s in range(3)
    ]
    for job, found in zip(jobs, train(x, y, jobs), strict=True):
        assert_same(train(x, y, [job])[0], found)


@pytest.mark.parametrize("net", sorted(NETS))
def test_a_replicate_that_diverges_is_marked_and_leaves_its_neighbours_alone(net):
    x, y = data(NETS[net])
    calm = Settings(net=net, optimizer="sgd", epochs=7, batch=8, precision="float64")
    wild = Settings(net=net, optimizer="sgd", epochs=7, batch=8, precision="float64", lr=1e6, l2=1e6)
    rows = np.arange(36)
    jobs = [Job(1, rows, calm), Job(2, rows, wild), Job(3, rows, calm)]
    found = train(x, y, jobs)
    assert [bool(t.failed) for t in found] == [False, True, False]
    assert "diverged in epoch" in found[1].failed
    assert_same(train(x, y, [jobs[0]])[0], found[0])
    assert_same(train(x, y, [jobs[2]])[0], found[2])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_in_one_replicates_first_weights_stays_there(value):
    x, y = data(IMAGE)
    setting = Settings(net="conv 4 3, batchnorm, relu, dropout 0.3, flatten", epochs=2, batch=8, precision="float64")
    start = {"conv 1.kernel": np.full((4, 3, 3, 2), value)}
    jobs = [Job(1, np.arange(36), setting), Job(2, np.arange(36), setting, start=start)]
    found = train(x, y, jobs)
    assert [bool(t.failed) for t in found] == [False, True]
    assert_same(train(x, y, [jobs[0]])[0], found[0])


def test_rows_outside_of_a_job_change_nothing():
    x, y = data(IMAGE)
    setting = Settings(
        net="conv 4 3, batchnorm, relu, flatten", epochs=2, batch=8, precision="float64", standardize=True
    )
    job = Job(1, np.arange(30), setting, np.arange(30, 36))
    (before,) = train(x, y, [job])
    x[30:] += 1e3
    y[30:] = 0
    (after,) = train(x, y, [job])
    for name, array in before.arrays.items():
        assert np.array_equal(array, after.arrays[name]), name
