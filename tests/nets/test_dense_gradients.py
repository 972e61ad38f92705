"""Gradients written out for dense nets equal those of autograd, and the steps that follow from them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.nets.fit.by_hand import is_dense
from heldout.nets.fit.epoch import Epoch
from heldout.nets.fit.feed import Feed
from heldout.nets.fit.planner import place
from heldout.nets.fit.run import Run
from heldout.nets.fit.step import take_step
from heldout.nets.settings import Job, Settings

CPU = torch.device("cpu")
NETS = [
    "",
    "dense 6, relu",
    "dense 6, tanh, dropout 0.3, dense 4, sigmoid, linear",
    "dropout 0.2, dense 5, relu, sigmoid, dense 120, tanh, dense 90, relu",
    "tanh, dense 5 frozen, relu, dense 4",
    "dense 4, dense 3 frozen",
]


def runs(setting_list, n_rows=23, n_classes=3, width=4):
    """Two equal runs of the same jobs, one by hand and one through autograd."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((n_rows, width)), random.integers(0, n_classes, n_rows)
    weights = random.uniform(0.5, 2, n_rows)
    jobs = [Job(seed, np.arange(n_rows - 6 * seed), s) for seed, s in enumerate(setting_list)]
    found = []
    for _ in range(2):
        plan = place(jobs[0].settings, (width,), n_classes)
        found.append(Run(plan, jobs, Feed(x, y, weights, CPU, torch.float64)))
    assert found[0].by_hand is not None
    found[1].by_hand = None
    return found


@given(
    net=st.sampled_from(NETS),
    loss=st.sampled_from(["cross-entropy", "mse", "absolute"]),
    smoothing=st.sampled_from([0.0, 0.2]),
    optimizer=st.sampled_from(["sgd", "adam"]),
    momenta=st.sampled_from([(0.9, 0.9), (0.0, 0.5), (0.7,), (0.0,)]),
    decay=st.sampled_from([0.0, 0.1]),
    more=st.sampled_from([{}, {"l2": 0.1}, {"clip": 0.01}, {"nesterov": True}]),
)
@settings(max_examples=60, deadline=None)
def test_an_epoch_by_hand_equals_one_through_autograd(net, loss, smoothing, optimizer, momenta, decay, more):
    common = {"net": net, "loss": loss, "label_smoothing": smoothing, "optimizer": optimizer, "weight_decay": decay}
    jobs = [
        Settings(**common, **more, batch=8, momentum=m, lr=0.1 / (i + 1), precision="float64")
        for i, m in enumerate(momenta)
    ]
    by_hand, through = runs(jobs)
    for batch, same in zip(Epoch(by_hand).batches(0), Epoch(through).batches(0), strict=True):
        take_step(by_hand, batch)
        take_step(through, same)
    torch.testing.assert_close(by_hand.stack.values, through.stack.values, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(by_hand.loss_sums, through.loss_sums, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("net", ["dense 5, gelu", "dense 5, batchnorm", "residual(dense 4, relu)"])
def test_other_nets_are_left_to_autograd(net):
    assert not is_dense(place(Settings(net=net), (4,), 3))


def test_images_that_are_flattened_first_are_vectors():
    assert is_dense(place(Settings(net="flatten, dense 5, relu"), (4, 3, 2), 3))
    assert not is_dense(place(Settings(net="dense 5, relu, flatten"), (4, 3, 2), 3))
