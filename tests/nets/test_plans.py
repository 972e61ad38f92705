"""What a plan says of its layers, before anything is computed, against plain PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_nets import channels_first, fitted, nets

from heldout.errors import SettingError
from heldout.nets.net import Net

SMOOTH = ["tanh", "dense 3", "batchnorm"]
WINDOWS = [
    "conv 3 3",
    "conv 2 2 stride 2",
    "conv 2 3x5",
    "conv 3 5 stride 3 same",
    "conv 2 1 stride 2",
    "avgpool 2",
    "avgpool 3 stride 1",
    "residual(conv 3 3 same, tanh, conv 2 3 stride 2 same)",
    "residual(conv 1 1, residual(conv 2 5 same))",
]


def footprint(net, x, name, position):
    """First and last position of the input, along each axis, that one position of a layer's output depends on."""
    module = net.torch_module()
    found = {}
    module.get_submodule(name).register_forward_hook(lambda _, __, out: found.update(out=out))
    rows = channels_first(x[:1]).requires_grad_()
    module(rows)
    weights = torch.from_numpy(np.random.default_rng(0).standard_normal(found["out"].shape[1]))
    (found["out"][(0, slice(None), *position)] * weights).sum().backward()
    places = np.argwhere(rows.grad[0].abs().sum(0).numpy() > 0)
    return places.min(0), places.max(0)


@given(spec=st.lists(st.sampled_from(SMOOTH + WINDOWS), min_size=1, max_size=4), is_signal=st.booleans())
@settings(max_examples=40, deadline=None)
def test_receptive_field_and_stride_are_those_of_the_gradient(spec, is_signal):
    shape = (61, 2) if is_signal else (37, 41, 1)
    layers = [layer for layer in spec if not (is_signal and "3x5" in layer)]
    # Small weights: the gradient of a tanh that is saturated is exactly 0, whatever the receptive field.
    net, x = fitted(", ".join([*layers, "globalpool"]), shape, scale=0.1)
    for facts, step in zip(net.plan_.describe(), net.plan_.walk(), strict=True):
        if len(step.after) == 1 or len(facts.name.split()) > 2:
            continue  # vectors, and layers within others
        middle = [n // 2 for n in step.after[:-1]]
        first, last = footprint(net, x, facts.name, middle)
        inside = (first > 0) & (last < np.array(shape[:-1]) - 1)
        size = last - first + 1
        assert (size <= facts.receptive_field).all()
        assert (size == facts.receptive_field)[inside].all(), facts
        for axis, n in enumerate(step.after[:-1]):
            if middle[axis] + 1 < n and inside[axis]:
                moved = list(middle)
                moved[axis] += 1
                next_first, next_last = footprint(net, x, facts.name, moved)
                if next_last[axis] < shape[axis] - 1:
                    assert next_first[axis] - first[axis] == facts.stride[axis], facts


@given(net_and_shape=nets())
@settings(max_examples=60, deadline=None)
def test_names_are_unique_and_say_word_and_number(net_and_shape):
    spec, shape = net_and_shape
    plan = Net(spec).plan(shape, 3)
    assert len(set(plan.names)) == len(plan.names)
    for step in plan.walk():
        word, number = step.name.split()[-2:] if step.name != "output" else ("dense", "1")
        assert (word, int(number) > 0) == (step.layer.word.name, True)
        assert plan.find(step.name) is step
    assert [plan.old_names[place] for place in plan.old_names] == [n for n in plan.names if n != "output"]


def test_facts_of_layers_are_those_of_hand_and_sum_to_the_count():
    net = Net("conv 32 3, relu, conv 64 3 stride 2, maxpool 2, residual(conv 64 3 same), flatten, dense 128 frozen")
    facts = {one.name: one for one in net.layers_of((28, 28, 1), 10)}
    assert facts["conv 1"].receptive_field == (3, 3)
    assert facts["conv 2"].receptive_field == (5, 5)
    assert facts["conv 2"].multiply_adds == 12 * 12 * 64 * 9 * 32
    assert (facts["maxpool 1"].receptive_field, facts["maxpool 1"].stride) == ((7, 7), (4, 4))
    assert facts["residual 1"].receptive_field == (15, 15)
    assert facts["flatten 1"].receptive_field == (35, 35)  # beyond the image, since zeros are around it
    assert (facts["dense 1"].parameters, facts["dense 1"].trained) == (6 * 6 * 64 * 128 + 128, 0)
    assert facts["output"].shape == (10,)
    assert sum(one.parameters for one in facts.values()) == net.count((28, 28, 1), 10)
    assert sum(one.multiply_adds for one in facts.values()) == net.multiply_adds((28, 28, 1), 10)
    assert Net("dense 4").layers_of((7,), 2)[0].receptive_field == ()


def test_a_layer_that_is_not_there_is_named_with_the_nearest():
    plan = Net("conv 3 3, relu, residual(conv 3 3 same), flatten").plan((8, 8, 1), 3)
    with pytest.raises(SettingError, match="did you mean 'residual 1 conv 1'"):
        plan.find("residual 1 conv")
    assert plan.find("2.0").name == "residual 1 conv 1"
    with pytest.raises(SettingError, match="no layer 'conv 2'"):
        plan.freeze(["conv 2"])
    frozen = [f.name for f in plan.freeze(["residual 1", "0"]).describe() if f.parameters and not f.trained]
    assert frozen == ["conv 1", "residual 1 conv 1"]
