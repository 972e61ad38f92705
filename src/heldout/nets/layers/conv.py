"""Convolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from heldout.lines import Number, Size, Word
from heldout.nets.layers.base import Layer, Replicates, Shape, Step, Tensor, kernel_and_bias, show
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.options import KERNEL_OPTIONS, MOST, SAME, STRIDE


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution; `kernel` has one number for both directions or one for each (height, width).

    With `same`, zeros around the input keep its size (divided by the stride).
    """

    WORDS: ClassVar = (
        Word(
            "conv",
            "convolves: FILTERS kernels slide over the image or signal",
            (
                Number("filters", 1, MOST, whole=True, about="the number of filters"),
                Size("kernel", 1, MOST, pair=False, about="the size of the kernel"),
            ),
            (STRIDE, SAME, *KERNEL_OPTIONS),
            example="conv 32 3 same",
        ),
    )
    owns_output: ClassVar = True
    is_convolution: ClassVar = True

    filters: int
    kernel: tuple[int, ...]
    stride: int = 1
    same: bool = False
    init: str | None = None
    l2: float | None = None
    frozen: bool = False

    def freeze(self) -> Self:
        """Keep the first values of the arrays."""
        return replace(self, frozen=True)

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Positions of the kernel, times filters; the kernel is (filters, height, width, channels)."""
        self.need_positions(shape, text)
        n_axes = len(shape) - 1
        if len(self.kernel) > n_axes:
            raise self.misfit(text, f"a kernel with two sides on signals of shape {show(shape)}", "give one number")
        kernel = self.window(shape)[0]
        after = tuple(self.slide(n, k, self.stride, self.same, text) for n, k in zip(shape[:-1], kernel, strict=True))
        sides = kernel if n_axes == 2 else (1, *kernel)
        window = sides[0] * sides[1]
        arrays = kernel_and_bias(
            name,
            self,
            (self.filters, *sides, shape[-1]),
            self.filters,
            fan_in=window * shape[-1],
            fan_out=window * self.filters,
        )
        return Step(name, self, shape, (*after, self.filters), arrays)

    def window(self, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Kernel and stride."""
        n_axes = len(shape) - 1
        return self.kernel if len(self.kernel) == n_axes else self.kernel * n_axes, (self.stride,) * n_axes

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """Conv1d or Conv2d; zeros come before it where there are more on one side."""
        from torch import nn

        from heldout.nets.layers.modules import pads_of, sequence, set_values

        window, strides = self.window(step.before)
        kernel, bias = (arrays[p.name] for p in step.parameters)
        is_signal = len(window) == 1
        made, n_channels = (nn.Conv1d if is_signal else nn.Conv2d), step.before[-1]
        uneven = self.same and any(n % 2 == 0 for n in window)
        padding = tuple((n - 1) // 2 for n in window) if self.same and not uneven else 0
        conv = made(n_channels, self.filters, window, strides, padding, dtype=kernel.dtype)
        weight = kernel.permute(0, 3, 1, 2)  # (filters, channels, height, width)
        set_values(conv, weight=weight[:, :, 0] if is_signal else weight, bias=bias)
        if not uneven:
            return conv
        zeros = (nn.ConstantPad1d if is_signal else nn.ConstantPad2d)(tuple(pads_of(window)), 0.0)
        return sequence({"pad": zeros, "conv": conv})

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """One grouped convolution for all replicates."""
        from torch.nn import functional

        kernel, bias = (stack.views[p.name] for p in step.parameters)
        weight = kernel.reshape(-1, *kernel.shape[2:]).permute(0, 3, 1, 2)
        kh, kw = weight.shape[2:]
        strides = (1 if len(step.before) == 2 else self.stride, self.stride)
        pad: Any = 0
        if self.same:
            pad = ((kh - 1) // 2, (kw - 1) // 2)
            if kh % 2 == 0 or kw % 2 == 0:
                x = functional.pad(x, (0, (kw - 1) % 2, 0, (kh - 1) % 2))
        return functional.conv2d(x, weight, bias.reshape(-1), strides, pad, groups=stack.n_replicates)
