"""The way forward of a stack against PyTorch's own functions, one replicate at a time, in float64."""

import numpy as np
import pytest
import torch
from torch.nn import functional as f

from heldout.nets.layers.batch import Batch
from heldout.nets.layers.dense import Dense
from heldout.nets.net import Net
from heldout.nets.stack import Stack
from heldout_course.scratch.activations import SLOPES, relu
from heldout_course.scratch.convolution import convolution_backward, convolution_forward
from heldout_course.scratch.pooling import pool_backward, pool_forward

CPU = torch.device("cpu")
N = 7


def random_stack(spec, shape, classes, n_replicates, seed=0):
    random = np.random.default_rng(seed)
    stack = Stack(Net(spec).plan(shape, classes), n_replicates, CPU, torch.float64)
    sets = []
    for r in range(n_replicates):
        arrays = {p.name: random.standard_normal(p.shape) for p in stack.parameters}
        for p in stack.parameters:
            if p.role == "variance":
                arrays[p.name] = arrays[p.name] ** 2 + 0.5
        stack.load(r, arrays)
        sets.append({name: torch.from_numpy(a) for name, a in arrays.items()})
    return stack, sets


def conv(x, a, name, stride=1, pads=(0, 0, 0, 0)):
    return f.conv2d(f.pad(x, pads), a[f"{name}.kernel"].permute(0, 3, 1, 2), a[f"{name}.bias"], stride)


def dense(x, a, name):
    return f.linear(x, a[f"{name}.kernel"], a[f"{name}.bias"])


def norm(x, a, name):
    return f.batch_norm(x, *(a[f"{name}.{part}"] for part in ("mean", "variance", "scale", "shift")))


def flat(x):
    return x.permute(0, 2, 3, 1).flatten(1)


def resnet(x, a):
    inner = norm(conv(x, a, "residual 1 conv 1", 2, (1, 1, 1, 1)), a, "residual 1 batchnorm 1")
    short = norm(conv(x, a, "residual 1 shortcut conv 1", 2), a, "residual 1 shortcut batchnorm 1")
    return dense(f.relu(inner + short).mean((2, 3)), a, "output")


IMAGES = {
    "conv 5 3, relu, maxpool 2, flatten": lambda x, a: dense(
        flat(f.max_pool2d(f.relu(conv(x, a, "conv 1")), 2)), a, "output"
    ),
    "conv 5 3 same, tanh, avgpool 2, flatten": lambda x, a: dense(
        flat(f.avg_pool2d(torch.tanh(conv(x, a, "conv 1", 1, (1, 1, 1, 1))), 2)), a, "output"
    ),
    "conv 5 2x4 stride 2 same, gelu, flatten": lambda x, a: dense(
        flat(f.gelu(conv(x, a, "conv 1", 2, (1, 2, 0, 1)))), a, "output"
    ),
    "conv 5 3, batchnorm, sigmoid, globalpool": lambda x, a: dense(
        torch.sigmoid(norm(conv(x, a, "conv 1"), a, "batchnorm 1")).mean((2, 3)), a, "output"
    ),
    "conv 5 1, globalpool max": lambda x, a: dense(conv(x, a, "conv 1").amax((2, 3)), a, "output"),
    "maxpool 3 stride 2 same, flatten": lambda x, a: dense(flat(f.max_pool2d(x, 3, 2, 1)), a, "output"),
    "avgpool 3 stride 2 same, flatten": lambda x, a: dense(
        flat(f.avg_pool2d(x, 3, 2, 1, count_include_pad=False)), a, "output"
    ),
    "maxpool 3 stride 1, flatten": lambda x, a: dense(flat(f.max_pool2d(x, 3, 1)), a, "output"),
    "dense 5, relu, flatten": lambda x, a: dense(
        f.relu(dense(x.permute(0, 2, 3, 1), a, "dense 1")).flatten(1), a, "output"
    ),
    "residual(conv 6 3 stride 2 same, batchnorm), relu, globalpool": resnet,
    "residual(conv 3 3 same, relu), flatten": lambda x, a: dense(
        flat(x + f.relu(conv(x, a, "residual 1 conv 1", 1, (1, 1, 1, 1)))), a, "output"
    ),
}


@pytest.mark.parametrize("n_replicates", [1, 3])
@pytest.mark.parametrize("spec", IMAGES)
def test_a_net_on_images_computes_what_pytorch_computes(spec, n_replicates):
    shape = (11, 13, 3)
    stack, sets = random_stack(spec, shape, 4, n_replicates)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((n_replicates, N, *shape)))
    found = stack.logits(x.reshape(n_replicates, N, -1), shape, Batch(training=False))
    for r in range(n_replicates):
        expected = IMAGES[spec](x[r].permute(0, 3, 1, 2), sets[r])
        torch.testing.assert_close(found[r], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_replicates", [1, 3])
def test_a_net_on_signals_computes_what_pytorch_computes(n_replicates):
    spec, shape = "conv 5 4 stride 3 same, relu, maxpool 2, batchnorm, flatten", (31, 2)
    stack, sets = random_stack(spec, shape, 4, n_replicates)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((n_replicates, N, *shape)))
    found = stack.logits(x.reshape(n_replicates, N, -1), shape, Batch(training=False))
    for r, a in enumerate(sets):
        signal = f.pad(x[r].transpose(1, 2), (1, 2))
        inner = f.conv1d(signal, a["conv 1.kernel"][:, 0].transpose(1, 2), a["conv 1.bias"], 3)
        pooled = norm(f.max_pool1d(f.relu(inner), 2), a, "batchnorm 1")
        expected = dense(pooled.transpose(1, 2).flatten(1), a, "output")
        torch.testing.assert_close(found[r], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_replicates", [1, 3])
def test_a_net_on_vectors_computes_what_pytorch_computes(n_replicates):
    spec = "dense 5, relu, residual(dense 3, batchnorm), sigmoid"
    stack, sets = random_stack(spec, (6,), 4, n_replicates)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((n_replicates, N, 6)))
    found = stack.logits(x, (6,), Batch(training=False))
    for r, a in enumerate(sets):
        h = f.relu(dense(x[r], a, "dense 1"))
        body = norm(dense(h, a, "residual 1 dense 1"), a, "residual 1 batchnorm 1")
        short = norm(dense(h, a, "residual 1 shortcut dense 1"), a, "residual 1 shortcut batchnorm 1")
        h = torch.sigmoid(body + short)
        torch.testing.assert_close(found[r], dense(h, a, "output"), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_replicates", [1, 3])
@pytest.mark.parametrize("is_uneven", [False, True])
def test_batch_norm_in_training_follows_the_statistics_of_its_own_real_rows(n_replicates, is_uneven):
    stack, sets = random_stack("batchnorm momentum 0.7, flatten", (3, 2, 5), 4, n_replicates)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((n_replicates, N, 3, 2, 5)))
    counts = [N - (r if is_uneven else 0) for r in range(n_replicates)]
    mask = torch.tensor([[float(i < c) for i in range(N)] for c in counts], dtype=torch.float64)
    batch = Batch(training=True, mask=mask if is_uneven else None)
    found = stack.logits(x.reshape(n_replicates, N, -1), (3, 2, 5), batch)
    for r, (a, n) in enumerate(zip(sets, counts, strict=True)):
        image = x[r, :n].permute(0, 3, 1, 2)
        expected = f.batch_norm(image, None, None, a["batchnorm 1.scale"], a["batchnorm 1.shift"], training=True)
        torch.testing.assert_close(found[r, :n], dense(flat(expected), a, "output"), rtol=1e-9, atol=1e-9)
        mean, variance = image.mean((0, 2, 3)), image.var((0, 2, 3), unbiased=False)
        now = stack.arrays(r)
        np.testing.assert_allclose(now["batchnorm 1.mean"], 0.7 * a["batchnorm 1.mean"] + 0.3 * mean, rtol=1e-9)
        np.testing.assert_allclose(
            now["batchnorm 1.variance"], 0.7 * a["batchnorm 1.variance"] + 0.3 * variance, rtol=1e-9
        )


def test_dropout_drops_the_stated_share_and_keeps_the_mean(monkeypatch):
    stack, _ = random_stack("dropout 0.3, flatten", (20, 20, 5), 2, 2)
    taken = {}
    monkeypatch.setattr(Dense, "forward", lambda self, step, x, stack, batch, overwrite: taken.setdefault("x", x))
    keys = torch.tensor([[12345, 999]])
    rates = torch.tensor([[0.3, 0.6]], dtype=torch.float64)
    stack.logits(
        torch.ones(2, 50, 2000, dtype=torch.float64), (20, 20, 5), Batch(training=True, keys=keys, rates=rates)
    )
    for r, rate in enumerate((0.3, 0.6)):
        x = taken["x"][r]
        assert float((x == 0).double().mean()) == pytest.approx(rate, abs=0.006)
        assert torch.allclose(x[x != 0], torch.tensor(1 / (1 - rate), dtype=torch.float64))


def test_pooling_first_changes_neither_outputs_nor_gradients():
    spec, shape = "conv 5 3, relu, maxpool 2, tanh, maxpool 2, flatten", (11, 13, 3)
    stack, _ = random_stack(spec, shape, 4, 2)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((2, N, 429)))
    results = []
    for steps in (stack.steps, stack.plan):
        stack.steps = steps
        out = stack.logits(x, shape, Batch(training=True))
        results.append((out.detach(), stack.backward((out * out).sum()).clone()))
    assert torch.equal(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])


def test_convolution_and_pooling_equal_the_algorithms_by_hand_forward_and_backward():
    shape = (9, 8, 3)
    stack, sets = random_stack("conv 5 3, relu, maxpool 2, flatten", shape, 4, 2)
    random = np.random.default_rng(1)
    x, slope = random.standard_normal((2, N, *shape)), random.standard_normal((2, N, 4))
    found = stack.logits(torch.from_numpy(x.reshape(2, N, -1)), shape, Batch(training=True))
    stack.backward((found * torch.from_numpy(slope)).sum())
    for r, tensors in enumerate(sets):
        a = {name: tensor.numpy() for name, tensor in tensors.items()}
        z = convolution_forward(x[r], a["conv 1.kernel"], a["conv 1.bias"])
        pooled = pool_forward(relu(z))
        flat_rows = pooled.reshape(N, -1)
        logits = flat_rows @ a["output.kernel"].T + a["output.bias"]
        np.testing.assert_allclose(found[r].detach(), logits, rtol=1e-12, atol=1e-12)
        of_pooled = (slope[r] @ a["output.kernel"]).reshape(pooled.shape)
        of_z = pool_backward(of_pooled, relu(z)) * SLOPES["relu"](z)
        _, of_kernel, of_bias = convolution_backward(of_z, x[r], a["conv 1.kernel"])
        expected = {"conv 1.kernel": of_kernel, "conv 1.bias": of_bias, "output.kernel": slope[r].T @ flat_rows}
        for name, gradient in expected.items():
            np.testing.assert_allclose(stack.gradient_views[name][r], gradient, rtol=1e-9, atol=1e-12)
