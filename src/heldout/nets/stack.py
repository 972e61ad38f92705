"""Replicates of one net side by side: their arrays and the way forward.

Vectors are (replicates, rows, values) and dense layers are batched matrix products; images are
(rows, replicates * channels, height, width) in channels-last memory and convolutions are grouped. A signal is an
image of height 1. For one replicate both are views without a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from heldout.nets.fit.streams import Words
from heldout.nets.net import Parameter, Shape, Step
from heldout.nets.text import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Pool,
    Residual,
)

Tensor = Any


#: Values of a dense kernel below which its gradient is copied into the block (measured).
SMALL_KERNEL = 8192


class Batch:
    """What the layers need to know about the batch at hand.

    Attributes
    ----------
    training : bool
    keys : int64 tensor (n_dropout_layers, n_replicates), or None
        Keys of the dropout masks.
    rates : tensor (n_dropout_layers, n_replicates)
        Dropout probabilities.
    mask : tensor (n_replicates, n_rows), or None
        1 for a real row and 0 for filling; None if all are real.
    active : bool tensor (n_replicates,), or None
        Replicates that take this step; None if all do.
    """

    def __init__(
        self,
        *,
        training: bool,
        keys: Tensor = None,
        rates: Tensor = None,
        mask: Tensor = None,
        active: Tensor = None,
    ) -> None:
        self.training, self.keys, self.rates, self.mask, self.active = training, keys, rates, mask, active


class Stack:
    """Arrays of R replicates of one plan, and their outputs.

    Parameters
    ----------
    plan : sequence of Step
    n_replicates : int
    device, dtype
    """

    def __init__(self, plan: Sequence[Step], n_replicates: int, device: torch.device, dtype: Any) -> None:
        self.plan = tuple(plan)
        self.steps = pool_first(self.plan)
        self.n_replicates, self.device, self.dtype = n_replicates, device, dtype
        self.parameters = [p for s in self.plan for inner in s.walk() for p in inner.parameters]
        self.trained = [p for p in self.parameters if p.is_trained]
        self.fixed = [p for p in self.parameters if not p.is_trained]
        self.words = Words(device)
        self.dropout_numbers = _number_dropouts(self.steps)
        self._allocate()

    def _allocate(self) -> None:
        """One block (replicates, values) for what is trained, one for what is not; the arrays are views of them."""

        def block(parameters: list[Parameter]) -> tuple[Tensor, dict[str, Tensor]]:
            size = sum(p.size for p in parameters)
            values = torch.zeros(self.n_replicates, size, device=self.device, dtype=self.dtype)
            return values, parameter_views(values, parameters)

        self.values, views = block(self.trained)
        self.gradient, self.gradient_views = block(self.trained)
        self.fixed_values, fixed_views = block(self.fixed)
        self.leaves = [view.detach().requires_grad_() for view in views.values()]
        self.views = {**dict(zip(views, self.leaves, strict=True)), **fixed_views}

    def load(self, replicate: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the arrays of one replicate."""
        with torch.no_grad():
            for parameter in self.parameters:
                source = np.array(arrays[parameter.name])
                self.views[parameter.name][replicate].copy_(torch.from_numpy(source))

    def arrays(self, replicate: int) -> dict[str, np.ndarray]:
        """Copies of the arrays of one replicate."""
        return {p.name: self.views[p.name][replicate].detach().cpu().numpy().copy() for p in self.parameters}

    def keep(self, replicates: Tensor) -> Stack:
        """A stack of these replicates only."""
        smaller = Stack(self.plan, len(replicates), self.device, self.dtype)
        with torch.no_grad():
            smaller.values.copy_(self.values[replicates])
            smaller.fixed_values.copy_(self.fixed_values[replicates])
        return smaller

    def backward(self, loss: Tensor) -> Tensor:
        """Gradient of the loss as one block (replicates, values)."""
        for target, found in zip(
            self.gradient_views.values(), torch.autograd.grad(loss, self.leaves, allow_unused=True), strict=True
        ):
            if found is None:
                target.zero_()
            elif found.data_ptr() != target.data_ptr():
                target.copy_(found)
        return self.gradient

    def logits(self, rows: Tensor, shape: Shape, batch: Batch) -> Tensor:
        """Outputs before the softmax, (replicates, rows, classes), for rows (replicates, rows, values)."""
        x = rows
        if len(shape) > 1:
            x = _to_image(rows, shape)
        return self._through(self.steps, x, batch)

    def _through(self, steps: Sequence[Step], x: Tensor, batch: Batch) -> Tensor:
        """Output of some steps; a ReLU works in place where nobody else needs what it gets."""
        is_ours = False
        for step in steps:
            if is_ours and isinstance(step.layer, Activation) and step.layer.name == "relu":
                x = functional.relu(x, inplace=True)
                continue
            x = self._forward(step, x, batch)
            is_ours = isinstance(step.layer, Conv | Dense | BatchNorm | Pool)
        return x

    def _forward(self, step: Step, x: Tensor, batch: Batch) -> Tensor:
        layer = step.layer
        match layer:
            case Conv():
                return self._conv(step, layer, x)
            case Dense():
                return self._dense(step, x)
            case Activation():
                return _ACTIVATIONS[layer.name](x)
            case Pool():
                return _pool(layer, x, is_signal=len(step.before) == 2)
            case Dropout():
                return self._dropout(step, x, batch)
            case BatchNorm():
                return self._batch_norm(layer, step, x, batch)
            case Flatten():
                return _flatten(x, self.n_replicates)
            case GlobalPool():
                pooled = x.mean((2, 3)) if layer.kind == "average" else x.amax((2, 3))
                return pooled.view(len(x), self.n_replicates, -1).transpose(0, 1)
            case Residual():
                return self._residual(step, x, batch)
        raise AssertionError(f"no way forward through {layer}")

    def _residual(self, step: Step, x: Tensor, batch: Batch) -> Tensor:
        return self._through(step.body, x, batch) + self._through(step.shortcut, x, batch)

    def _conv(self, step: Step, layer: Conv, x: Tensor) -> Tensor:
        kernel, bias = (self.views[p.name] for p in step.parameters)
        weight = kernel.reshape(-1, *kernel.shape[2:]).permute(0, 3, 1, 2)
        kh, kw = weight.shape[2:]
        stride = (1 if len(step.before) == 2 else layer.stride, layer.stride)
        pad: Any = 0
        if layer.same:
            pad = ((kh - 1) // 2, (kw - 1) // 2)
            if kh % 2 == 0 or kw % 2 == 0:
                x = functional.pad(x, (0, (kw - 1) % 2, 0, (kh - 1) % 2))
        return functional.conv2d(x, weight, bias.reshape(-1), stride, pad, groups=self.n_replicates)

    def _dense(self, step: Step, x: Tensor) -> Tensor:
        kernel, bias = (self.views[p.name] for p in step.parameters)
        if len(step.before) > 1:  # at each position, as a 1x1 convolution
            weight = kernel.reshape(-1, kernel.shape[2], 1, 1)
            return functional.conv2d(x, weight, bias.reshape(-1), groups=self.n_replicates)
        gradient = self.gradient_views.get(step.parameters[0].name)
        if gradient is not None and gradient[0].numel() < SMALL_KERNEL:
            gradient = None  # for these a product into a strided block costs more than the copy
        if gradient is not None and torch.is_grad_enabled() and not torch.is_autocast_enabled(self.device.type):
            return _DenseProduct.apply(x, kernel, bias, gradient)
        if self.n_replicates == 1:
            return torch.addmm(bias[0], x[0], kernel[0].t())[None]
        return torch.baddbmm(bias[:, None], x, kernel.transpose(1, 2))

    def _dropout(self, step: Step, x: Tensor, batch: Batch) -> Tensor:
        return x * self.keep_mask(step, x, batch) if batch.training else x

    def keep_mask(self, step: Step, x: Tensor, batch: Batch) -> Tensor:
        """What a dropout layer multiplies its input by: 0, or 1 / (1 - rate) where the value stays."""
        number = self.dropout_numbers[step.name]
        rate = batch.rates[number]
        n_values = x.numel() // self.n_replicates
        words = self.words.draw(batch.keys[number], n_values)
        threshold = (rate * 65536 - 32768).round().clamp(max=32767).to(torch.int16)
        keep = (words >= threshold[:, None]).to(x.dtype).mul_((1 / (1 - rate))[:, None])
        if x.dim() == 3:
            return keep.view(x.shape)
        return _to_image(keep.view(self.n_replicates, len(x), -1), (*x.shape[2:], x.shape[1] // self.n_replicates))

    def _batch_norm(self, layer: BatchNorm, step: Step, x: Tensor, batch: Batch) -> Tensor:
        scale, shift, mean, variance = (self.views[p.name] for p in step.parameters)
        is_vector = x.dim() == 3
        if is_vector:  # (R, n, F) -> (n, R * F)
            x = x.transpose(0, 1).reshape(x.shape[1], -1)
        if batch.training and not layer.frozen:
            if batch.mask is None:
                out, now_mean, inverse = torch.native_batch_norm(
                    x, scale.reshape(-1), shift.reshape(-1), None, None, True, 0.0, layer.epsilon
                )
                now_variance = inverse.detach() ** -2 - layer.epsilon
            else:
                out, now_mean, now_variance = self._masked_norm(x, scale, shift, batch.mask, layer.epsilon)
            self._follow(mean, now_mean.detach(), layer.momentum, batch.active)
            self._follow(variance, now_variance, layer.momentum, batch.active)
        else:
            out = functional.batch_norm(
                x,
                mean.reshape(-1),
                variance.reshape(-1),
                scale.reshape(-1),
                shift.reshape(-1),
                False,
                0.0,
                layer.epsilon,
            )
        return out.view(len(x), self.n_replicates, -1).transpose(0, 1) if is_vector else out

    def _follow(self, running: Tensor, now: Tensor, momentum: float, active: Tensor) -> None:
        """Move a running statistic towards that of the batch, in the replicates that take the step."""
        with torch.no_grad():
            new = momentum * running + (1 - momentum) * now.view(running.shape).to(running.dtype)
            running.copy_(new if active is None else torch.where(active[:, None], new, running))

    def _masked_norm(
        self, x: Tensor, scale: Tensor, shift: Tensor, mask: Tensor, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Batch normalisation where the replicates' batches have filling at their ends."""
        n_channels = scale.shape[1]
        weight = mask.t().repeat_interleave(n_channels, 1)  # (n, R * C)
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        if x.dim() == 4:
            weight = weight[:, :, None, None].expand(-1, -1, *x.shape[2:])
        count = weight.sum(axes, keepdim=True).clamp(min=1)
        mean = (x * weight).sum(axes, keepdim=True) / count
        centred = x - mean
        variance = (centred * centred * weight).sum(axes, keepdim=True) / count
        form = (1, -1, 1, 1) if x.dim() == 4 else (1, -1)
        out = centred * (variance + epsilon).rsqrt() * scale.reshape(form) + shift.reshape(form)
        return out, mean.flatten(), variance.detach().flatten()


class _DenseProduct(torch.autograd.Function):
    """Dense layer whose kernel's gradient is computed where it is wanted.

    (units, inputs) is the faster order of the kernel by 25 %, and the copy of its gradient would take as long as the
    update of the weights (measured with MKL on two AVX-512 cores).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, bias: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(x, kernel)
        ctx.gradient = gradient
        if len(x) > 1:
            return torch.baddbmm(bias[:, None], x, kernel.transpose(1, 2))
        out = x.new_empty(1, x.shape[1], kernel.shape[1])
        torch.addmm(bias[0], x[0], kernel[0].t(), out=out[0])
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, kernel = ctx.saved_tensors
        inputs = None
        if len(x) == 1:
            torch.mm(g[0].t(), x[0], out=ctx.gradient[0])
            inputs = torch.mm(g[0], kernel[0])[None] if ctx.needs_input_grad[0] else None
        else:
            torch.bmm(g.transpose(1, 2), x, out=ctx.gradient)
            inputs = torch.bmm(g, kernel) if ctx.needs_input_grad[0] else None
        return inputs, ctx.gradient, g.sum(1), None


_ACTIVATIONS = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "linear": lambda x: x,
}


def pool_first(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Put max-pooling before the activation that it follows: the same function, since these never decrease."""
    order = [replace(s, body=pool_first(s.body), shortcut=pool_first(s.shortcut)) for s in steps]
    for i, (one, two) in enumerate(pairwise(order)):
        monotone = isinstance(one.layer, Activation) and one.layer.name in ("relu", "tanh", "sigmoid")
        if monotone and isinstance(two.layer, Pool) and two.layer.kind == "max":
            order[i], order[i + 1] = two, replace(one, before=two.after, after=two.after)
    return tuple(order)


def parameter_views(block: Tensor, parameters: Sequence[Parameter]) -> dict[str, Tensor]:
    """Parts of a block (replicates, values) by parameter, each (replicates, *shape)."""
    views, first = {}, 0
    for parameter in parameters:
        part = block[:, first : first + parameter.size]
        views[parameter.name] = part.unflatten(1, parameter.shape)
        first += parameter.size
    return views


def _to_image(rows: Tensor, shape: Shape) -> Tensor:
    """(R, n, H * W * C) -> (n, R * C, H, W), channels last in memory."""
    height, width, channels = shape if len(shape) == 3 else (1, *shape)
    n_replicates, n_rows = rows.shape[:2]
    image = rows.view(n_replicates, n_rows, height, width, channels).permute(1, 2, 3, 0, 4)
    return image.reshape(n_rows, height, width, n_replicates * channels).permute(0, 3, 1, 2)


def _flatten(x: Tensor, n_replicates: int) -> Tensor:
    """(n, R * C, H, W) -> (R, n, H * W * C)."""
    n_rows, both, height, width = x.shape
    by_place = x.permute(0, 2, 3, 1).reshape(n_rows, height * width, n_replicates, both // n_replicates)
    return by_place.permute(2, 0, 1, 3).reshape(n_replicates, n_rows, -1)


def _pool(layer: Pool, x: Tensor, *, is_signal: bool) -> Tensor:
    window = (1, layer.size) if is_signal else (layer.size, layer.size)
    stride = (1, layer.stride) if is_signal else (layer.stride, layer.stride)
    if not layer.same:
        pool = functional.max_pool2d if layer.kind == "max" else functional.avg_pool2d
        return pool(x, window, stride)
    before = [(n - 1) // 2 for n in window]
    after = [n // 2 for n in window]
    pads = (before[1], after[1], before[0], after[0])
    if layer.kind == "max":
        return functional.max_pool2d(functional.pad(x, pads, value=float("-inf")), window, stride)
    ones = functional.pad(torch.ones_like(x[:1, :1]), pads)
    padded = functional.pad(x, pads)
    return functional.avg_pool2d(padded, window, stride) / functional.avg_pool2d(ones, window, stride)


def _number_dropouts(steps: Sequence[Step]) -> dict[str, int]:
    names = [s.name for outer in steps for s in outer.walk() if isinstance(s.layer, Dropout)]
    return {name: number for number, name in enumerate(names)}
