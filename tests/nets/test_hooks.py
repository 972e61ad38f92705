"""Hooks see the rows, the gradient and the weights of each step, and what they change takes effect."""

import numpy as np
import pytest
import torch

from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.folds import fit_jobs
from heldout.nets.fit.hooks import Hook

DENSE, CONV = "dense 6, relu", "conv 3 3, relu, globalpool"


def data(net):
    random = np.random.default_rng(0)
    shape = (30, 5) if net == DENSE else (30, 6, 6, 1)
    return random.standard_normal(shape).astype(np.float32), np.arange(30) % 3


def train(net, *hooks, **more):
    x, y = data(net)
    settings = {"epochs": 3, "batch": 8, "replicates": 2, "threads": 1, "optimizer": "sgd", "momentum": 0.9, **more}
    return NetClassifier(net, hooks=hooks, **settings).fit(x, y)


class Recorder(Hook):
    def __init__(self):
        self.steps, self.epochs, self.shapes = 0, [], set()

    def before_step(self, run, batch, rows):
        self.shapes.add(tuple(rows.shape))

    def before_update(self, run, batch, gradient):
        assert gradient.shape == run.stack.values.shape

    def after_step(self, run, batch):
        self.steps += 1

    def after_epoch(self, run, scores):
        self.epochs.append(scores)


class Still(Hook):
    """Takes the gradient of one layer away."""

    def __init__(self, name):
        self.name = name

    def before_update(self, run, batch, gradient):
        run.stack.gradient_views[self.name].zero_()


@pytest.mark.parametrize("net", [DENSE, CONV])
def test_hooks_are_asked_at_every_step_and_epoch_and_change_nothing_by_being_there(net):
    recorder = Recorder()
    with_hook, without = train(net, recorder), train(net)
    n_stacks = 1 if net == DENSE else 2
    assert recorder.steps == 3 * 4 * n_stacks
    assert len(recorder.epochs) == 3 * n_stacks
    n_values = 5 if net == DENSE else 36
    assert recorder.shapes == {(2 // n_stacks, n, n_values) for n in (8, 6)}
    for one, other in zip(with_hook.replicates_, without.replicates_, strict=True):
        for name, array in one.items():
            np.testing.assert_allclose(other[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(("net", "layer"), [(DENSE, "dense 1"), (CONV, "conv 1")])
def test_a_hook_that_takes_a_gradient_away_equals_a_frozen_kernel(net, layer):
    held = train(net, Still(f"{layer}.kernel"), Still(f"{layer}.bias"))
    frozen = train(net, Recorder(), freeze=[layer])
    for one, other in zip(held.replicates_, frozen.replicates_, strict=True):
        for name, array in one.items():
            np.testing.assert_allclose(other[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_hook_can_change_rows_and_weights():
    class Zero(Hook):
        def before_step(self, run, batch, rows):
            rows.zero_()

        def after_step(self, run, batch):
            with torch.no_grad():
                run.stack.views["output.bias"].fill_(7.0)

    found = train(CONV, Zero())
    assert (found.weights()["output.bias"] == 7).all()


def test_folds_take_the_hooks_of_the_estimator():
    x, y = data(DENSE)
    recorder = Recorder()
    net = NetClassifier(DENSE, epochs=2, batch=10, threads=1, hooks=[recorder])
    fit_jobs(net, x, y, [(np.arange(30), 0), (np.arange(29), 1)])
    assert recorder.steps == 2 * 3
