"""Dense layers, at one vector a row or at every position, with their gradient written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from heldout.lines import Number, Word
from heldout.nets.layers.base import ByHand, Layer, Replicates, Shape, Step, Tensor, Window, kernel_and_bias
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.conv import Conv
from heldout.nets.layers.options import KERNEL_OPTIONS, MOST

#: Values of a dense kernel below which its gradient is copied into the block (measured).
SMALL_KERNEL = 8192


@dataclass(frozen=True)
class Dense(Layer):
    """Matrix multiplication and bias, along the last axis."""

    WORDS: ClassVar = (
        Word(
            "dense",
            "multiplies by a matrix and adds a bias, along the last axis",
            (Number("units", 1, MOST, whole=True, about="the number of units"),),
            KERNEL_OPTIONS,
            example="dense 128",
        ),
    )
    owns_output: ClassVar = True

    units: int
    init: str | None = None
    l2: float | None = None
    frozen: bool = False

    def freeze(self) -> Self:
        """Keep the first values of the arrays."""
        return replace(self, frozen=True)

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Units in place of the last axis; the kernel is (units, inputs)."""
        inputs = shape[-1]
        arrays = kernel_and_bias(name, self, (self.units, inputs), self.units, fan_in=inputs, fan_out=self.units)
        return Step(name, self, shape, (*shape[:-1], self.units), arrays)

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """One batched product for all replicates; on images a grouped 1x1 convolution."""
        import torch

        kernel, bias = (stack.views[p.name] for p in step.parameters)
        if len(step.before) > 1:
            weight = kernel.reshape(-1, kernel.shape[2], 1, 1)
            return torch.nn.functional.conv2d(x, weight, bias.reshape(-1), groups=stack.n_replicates)
        gradient = stack.gradient_views.get(step.parameters[0].name)
        if gradient is not None and gradient[0].numel() < SMALL_KERNEL:
            gradient = None  # for these a product into a strided block costs more than the copy
        if gradient is not None and torch.is_grad_enabled() and not torch.is_autocast_enabled(stack.device.type):
            from heldout.nets.layers.dense_product import DenseProduct

            return DenseProduct.apply(x, kernel, bias, gradient)
        if stack.n_replicates == 1:
            return torch.addmm(bias[0], x[0], kernel[0].t())[None]
        return torch.baddbmm(bias[:, None], x, kernel.transpose(1, 2))

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """Linear; at every position a convolution of size 1."""
        from torch import nn

        from heldout.nets.layers.modules import set_values

        kernel, bias = (arrays[p.name] for p in step.parameters)
        n_axes, inputs = len(step.before) - 1, step.before[-1]
        if not n_axes:
            return set_values(nn.Linear(inputs, self.units, dtype=kernel.dtype), weight=kernel, bias=bias)
        made = (nn.Conv1d if n_axes == 1 else nn.Conv2d)(inputs, self.units, 1, dtype=kernel.dtype)
        return set_values(made, weight=kernel.reshape(*kernel.shape, *(1,) * n_axes), bias=bias)

    def spread(self, step: Step, shape: Shape, window: Window) -> tuple[Step, Window]:
        """A convolution of the size of what was one vector."""
        if len(step.before) > 1:
            return super().spread(step, shape, window)
        return Conv(self.units, window, frozen=self.frozen).place(step.name, shape, ""), (1,) * len(window)

    def has_gradient(self, step: Step) -> bool:
        """For vectors."""
        return len(step.before) == 1

    def by_hand(self, step: Step, stack: Replicates, *, overwrite: bool) -> ByHand:
        """The products forward and back."""
        return _ByHand(step, stack)


class _ByHand:
    """With W the kernel, b the bias and s the slope: out = W x + b; by W: s x^T, by b: the sum of s, by x: W^T s.

    Rumelhart, Hinton, Williams 1986; chapter 10 of the course.
    """

    output_is_free = True

    def __init__(self, step: Step, stack: Replicates) -> None:
        self.kernel, self.bias = (stack.views[p.name].detach() for p in step.parameters)
        self.names = [p.name for p in step.parameters]
        self.stores = [p.is_trained for p in step.parameters]
        self.is_trained = any(self.stores)
        self.stack = stack
        self._buffers: dict[int, Tensor] = {}

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        import torch

        out = self._buffer(x.shape[2])
        if len(x) == 1:
            torch.addmm(self.bias[0, :, None], self.kernel[0], x[0], out=out[0])
        else:
            torch.baddbmm(self.bias[:, :, None], self.kernel, x, out=out)
        return out

    def backward(self, slope: Tensor, x: Tensor, output: Tensor, store: Callable[..., None], goes_on: bool) -> Tensor:
        import torch

        if self.stores[1]:
            store(self.names[1], slope, None)
        if self.stores[0]:
            store(self.names[0], slope, x)
        return torch.bmm(self.kernel.transpose(1, 2), slope) if goes_on else slope

    def _buffer(self, n_rows: int) -> Tensor:
        """Memory for the output, the same at every step."""
        if n_rows not in self._buffers:
            import torch

            shape = (self.stack.n_replicates, self.kernel.shape[1], n_rows)
            self._buffers[n_rows] = torch.empty(shape, device=self.stack.device, dtype=self.stack.dtype)
        return self._buffers[n_rows]
