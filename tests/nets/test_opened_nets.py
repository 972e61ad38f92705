"""A fitted net opened: what its layers give, its weights, other heads, and its plain PyTorch form as the oracle."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_nets import channels_first, fitted, nets
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from heldout.errors import SettingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.net import Net

CNN = "conv 4 3, relu, maxpool 2, residual(conv 6 3 same, batchnorm, relu), relu, flatten, dense 5, tanh"


def paths(steps, prefix=""):
    """Name of each layer -> path of its module within the plain net."""
    found = {}
    for step in steps:
        own = step.name
        for part, title in ((step.body, "body"), (step.shortcut, "shortcut")):
            for inner, path in paths(part).items():
                found[inner] = f"{own}.{title}.{path}"
        found[own] = own
    short = {}
    for name, path in found.items():
        pieces = path.split(".")
        local = [pieces[0]]
        outer = pieces[0]
        for title, full in zip(pieces[1::2], pieces[2::2], strict=True):
            before = f"{outer} shortcut " if title == "shortcut" else f"{outer} "
            local += [title, full.removeprefix(before)]
            outer = full
        short[name] = ".".join(local)
    return short


def outputs_of_module(net, x, replicate):
    """What every layer of the plain module gives, channels last, by the layer's name."""
    module = net.torch_module(replicate)
    names = {**paths(net.plan_.steps), "input": "input"}
    found = {}
    for name, path in names.items():
        module.get_submodule(path).register_forward_hook(lambda _, __, out, name=name: found.update({name: out}))
    with torch.no_grad():
        module(channels_first(x))
    return {name: out.movedim(1, -1).numpy() if out.dim() > 2 else out.numpy() for name, out in found.items()}


@given(net_and_shape=nets(), standardize=st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_layer_gives_what_the_plain_module_gives(net_and_shape, standardize):
    spec, shape = net_and_shape
    net, x = fitted(spec, shape, standardize=standardize)
    found = net.outputs(x, ["input", *net.plan_.names])
    for r in range(2):
        expected = outputs_of_module(net, x, r)
        assert expected.keys() == found.keys()
        for name, array in expected.items():
            assert found[name][r].shape == (9, *net.plan_.shape_of(name))
            np.testing.assert_allclose(found[name][r], array, rtol=1e-9, atol=1e-9, err_msg=name)
    proba = np.stack([torch.softmax(torch.from_numpy(found["output"][r]), -1) for r in range(2)]).mean(0)
    np.testing.assert_allclose(net.predict_proba(x), proba, rtol=1e-9, atol=1e-9)


@given(net_and_shape=nets())
@settings(max_examples=40, deadline=None)
def test_the_plain_module_has_as_many_parameters_as_the_plan_counts(net_and_shape):
    spec, shape = net_and_shape
    net, _ = fitted(spec, shape)
    module = net.torch_module()
    trained = sum(p.numel() for p in module.parameters())
    running = sum(b.numel() for name, b in module.named_buffers() if name.endswith(("running_mean", "running_var")))
    assert (trained, trained + running) == (Net(spec).count_trained(shape, 3), net.n_parameters_)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_plain_module_in_single_precision_takes_rows_as_they_are_stored(dtype):
    net, x = fitted(CNN, (13, 11, 2), dtype=dtype, precision="float32", standardize=True)
    module = net.torch_module(1)
    with torch.no_grad():
        found = torch.softmax(module(channels_first(x)), -1).numpy()
    np.testing.assert_allclose(found, net.replicate_probabilities(x)[1], rtol=1e-4, atol=1e-5)


def test_the_plain_module_goes_on_training_as_any_other():
    net, x = fitted(CNN, (13, 11, 2))
    module = net.torch_module().train()
    before = module.get_submodule("residual 1.body.conv 1").weight.detach().clone()
    loss = torch.nn.functional.cross_entropy(module(channels_first(x)), torch.arange(9) % 3)
    loss.backward()
    torch.optim.SGD(module.parameters(), 0.1).step()
    assert not torch.equal(before, module.get_submodule("residual 1.body.conv 1").weight)
    assert np.array_equal(net.weights()["conv 1.kernel"], fitted(CNN, (13, 11, 2))[0].weights()["conv 1.kernel"])


def test_making_a_plain_module_draws_from_no_global_generator():
    net, _ = fitted(CNN, (13, 11, 2))
    before = torch.get_rng_state()
    net.torch_module()
    assert torch.equal(before, torch.get_rng_state())


def test_outputs_are_of_all_replicates_or_of_one_and_by_old_names_too():
    net, x = fitted(CNN, (13, 11, 2))
    each = net.outputs(x, "dense 1")
    assert each.shape == (2, 9, 5)
    assert np.array_equal(net.outputs(x, "dense 1", replicate=1), each[1])
    assert np.array_equal(net.outputs(x, "3.shortcut.0"), net.outputs(x, "residual 1 shortcut conv 1"))
    with pytest.raises(SettingError, match="the net has no layer 'dense 7'; did you mean 'dense 1'"):
        net.outputs(x, "dense 7")
    with pytest.raises(SettingError, match=r"replicate=2\n.*0 to 1, as there are 2"):
        net.outputs(x, "dense 1", replicate=2)


def test_a_relu_that_works_in_place_and_a_pool_before_it_falsify_nothing():
    net, x = fitted("conv 4 3, relu, maxpool 2, flatten", (9, 9, 1))
    found = net.outputs(x, ["conv 1", "relu 1", "maxpool 1"])
    assert (found["conv 1"] < 0).any()
    assert np.array_equal(found["relu 1"], np.maximum(found["conv 1"], 0))
    assert np.array_equal(found["maxpool 1"][:, :, 0, 0], found["relu 1"][:, :, :2, :2].max((2, 3)))


# Weights


def test_weights_are_copies_by_name_and_can_be_set():
    net, x = fitted(CNN, (13, 11, 2), standardize=True)
    weights = net.weights(1)
    assert list(weights)[:2] == ["conv 1.kernel", "conv 1.bias"]
    assert weights["conv 1.kernel"].shape == (4, 3, 3, 2)
    assert "input.std" in weights
    before = net.predict_proba(x)
    weights["output.bias"][:] = [100, 0, 0]
    assert np.array_equal(net.predict_proba(x), before)
    net.set_weights({"output.bias": weights["output.bias"]}, 1)
    assert (net.replicate_probabilities(x)[1, :, 0] > 0.99).all()
    untouched, _ = fitted(CNN, (13, 11, 2), standardize=True)
    assert np.array_equal(net.replicate_probabilities(x)[0], untouched.replicate_probabilities(x)[0])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"conv 1.kernle": np.ones(3)}, "no array 'conv 1.kernle'; did you mean 'conv 1.kernel'"),
        ({"output.bias": np.ones(4)}, r"output.bias is float64 \(4,\), and has to be numbers of shape \(3,\)"),
        ({"output.bias": [1.0, np.nan, 0.0]}, "output.bias holds a value that is not possible"),
        ({"output.bias": ["a", "b", "c"]}, "has to be numbers"),
        ({"residual 1 batchnorm 1.variance": -np.ones(6)}, "not possible"),
        ([np.ones(3)], "weights is list, not a mapping"),
    ],
)
def test_impossible_weights_are_refused(weights, message):
    net, _ = fitted(CNN, (13, 11, 2))
    with pytest.raises(SettingError, match=message):
        net.set_weights(weights)


# Heads


def images(n=60, classes=3):
    random = np.random.default_rng(0)
    x, y = random.integers(0, 200, (n, 8, 8, 2)).astype(np.uint8), np.arange(n) % classes
    x[y == 1, 2:6] += 50
    return x, y


SMALL = "conv 4 3, relu, maxpool 2, flatten, dense 6, relu"
SETTINGS = {"epochs": 3, "batch": 16, "lr": 0.01, "threads": 1, "standardize": True}


def test_another_head_on_a_frozen_body_trains_only_the_head():
    x, y = images()
    first = NetClassifier(SMALL, replicates=2, **SETTINGS).fit(x, y)
    second = first.with_head("dense 4, relu").set_params(freeze="body")
    assert not hasattr(second, "replicates_")
    second.fit(x[y < 2], y[y < 2])
    assert second.plan_.names[-3:] == ("dense 2", "relu 3", "output")
    for r in range(2):
        old, new = first.weights(r), second.weights(r)
        for name in ("conv 1.kernel", "conv 1.bias", "dense 1.kernel", "input.mean", "input.std"):
            assert np.array_equal(old[name], new[name]), name
        assert new["output.kernel"].shape == (2, 4)
    assert {f.name for f in second.plan_.describe() if f.trained} == {"dense 2", "output"}
    meta, arrays = second.to_arrays()
    back = NetClassifier.from_arrays(meta, arrays)
    assert (back.net, back.head) == (SMALL, "dense 4, relu")
    assert np.array_equal(back.predict_proba(x), second.predict_proba(x))


def test_the_body_can_end_before_and_all_of_it_be_trained():
    x, y = images()
    first = NetClassifier(SMALL, **SETTINGS).fit(x, y)
    second = first.with_head("globalpool", after="relu 1").set_params(epochs=1, lr=1e-9).fit(x, y)
    assert second.net == "conv 4 3, relu"
    assert second.plan_.names == ("conv 1", "relu 1", "globalpool 1", "output")
    np.testing.assert_allclose(second.weights()["conv 1.kernel"], first.weights()["conv 1.kernel"], atol=1e-6)
    third = second.with_head("flatten").set_params(epochs=1).fit(x, y)
    assert third.plan_.names == ("conv 1", "relu 1", "flatten 1", "output")
    with pytest.raises(SettingError, match="the output layer needs one vector a row"):
        second.with_head().fit(x, y)


def test_first_weights_survive_clone_and_search():
    x, y = images()
    made = NetClassifier(SMALL, **SETTINGS).fit(x, y).with_head().set_params(freeze="body")
    search = GridSearchCV(made, {"head": ["", "dense 3, relu"]}, cv=2).fit(x, y)
    best = search.best_estimator_
    assert np.array_equal(best.weights()["conv 1.kernel"], made.start[0]["conv 1.kernel"])
    assert np.array_equal(clone(made).start[0]["conv 1.kernel"], made.start[0]["conv 1.kernel"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": {"conv 1.kernel": np.ones((4, 3, 3, 1))}}, r"has to be numbers of shape \(4, 3, 3, 2\)"),
        ({"start": [{"conv 9.kernel": 1}]}, "start: the net has no array 'conv 9.kernel'"),
        ({"start": [3]}, "start is int, not a mapping"),
        ({"net": Net(SMALL, head="dense 3"), "head": "dense 4"}, "the net has a head already: 'dense 3'"),
        ({"head": "dens 4"}, "did you mean 'dense'"),
        ({"freeze": "boddy"}, "the net has no layer 'boddy'"),
    ],
)
def test_an_impossible_start_or_head_is_refused(changes, message):
    x, y = images()
    with pytest.raises(SettingError, match=message):
        NetClassifier(**{"net": SMALL, **SETTINGS, **changes}).fit(x, y)


def test_a_net_can_only_be_cut_after_a_layer_of_its_own():
    x, y = images()
    first = NetClassifier("residual(conv 3 3 same), relu, globalpool", **SETTINGS).fit(x, y)
    with pytest.raises(SettingError, match="no layer 'residual 1 conv 1' to be cut after"):
        first.with_head(after="residual 1 conv 1")


def test_without_its_head_a_net_gives_features_to_other_models():
    x, y = images(90)
    net = NetClassifier(SMALL, replicates=2, **{**SETTINGS, "epochs": 1}).fit(x, y)
    features = net.without_head()
    found = features.transform(x)
    expected = net.outputs(x, "relu 2")
    assert np.array_equal(found, np.concatenate([expected[0], expected[1]], 1))
    assert features.get_feature_names_out()[[0, 7]].tolist() == ["net 0 relu 2 [0]", "net 1 relu 2 [1]"]
    pooled = net.without_head("maxpool 1", replicate=1).transform(x)
    assert np.array_equal(pooled[3], net.outputs(x, "maxpool 1")[1, 3].ravel())
    assert clone(features) is features
    scores = cross_val_score(make_pipeline(net.without_head("input"), LogisticRegression(max_iter=500)), x, y, cv=3)
    assert scores.shape == (3,)


def test_a_net_without_a_head_may_end_with_an_image():
    plan = Net("conv 4 3, relu").plan((8, 9, 2))
    assert (plan.head, plan.after, plan.names) == ((), (6, 7, 4), ("conv 1", "relu 1"))
    assert "conv 1" in Net("conv 4 3, relu").summary((8, 9, 2))
    assert Net("").plan((5,)).after == (5,)
    assert Net("dense 4", head="dense 3").plan((5,), 2).names == ("dense 1", "dense 2", "output")
