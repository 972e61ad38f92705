"""Convolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from heldout.nets.layers.base import Layer, Reader, Replicates, Shape, Step, Tensor, kernel_and_bias, show
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.options import KERNEL_OPTIONS, flag, kernel_options_text, stride


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution; `kernel` has one number for both directions or one for each (height, width).

    With `same`, zeros around the input keep its size (divided by the stride).
    """

    words: ClassVar = {"conv": "conv FILTERS KERNEL [stride S] [same] [init NAME] [l2 VALUE] [frozen]"}
    owns_output: ClassVar = True

    filters: int
    kernel: tuple[int, ...]
    stride: int = 1
    same: bool = False
    init: str | None = None
    l2: float | None = None
    frozen: bool = False

    @classmethod
    def read(cls, reader: Reader) -> Conv:
        """Take ``FILTERS KERNEL`` and options."""
        filters = reader.whole("the number of filters")
        kernel = reader.text("the size of the kernel", r"[1-9]\d{0,5}(x[1-9]\d{0,5})?", "a kernel is 3 or 3x5")
        sides = tuple(int(side) for side in kernel.split("x"))
        options = reader.options({"stride": stride, "same": flag, **KERNEL_OPTIONS})
        return cls(filters, sides, at=reader.at, **options)

    def __str__(self) -> str:
        text = f"conv {self.filters} {'x'.join(map(str, self.kernel))}"
        text += f" stride {self.stride}" if self.stride > 1 else ""
        return text + (" same" if self.same else "") + kernel_options_text(self)

    def freeze(self) -> Self:
        """Keep the first values of the arrays."""
        return replace(self, frozen=True)

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Positions of the kernel, times filters; the kernel is (filters, height, width, channels)."""
        self.need_positions(shape, text)
        n_axes = len(shape) - 1
        if len(self.kernel) > n_axes:
            raise self.misfit(text, f"a kernel with two sides on signals of shape {show(shape)}", "give one number")
        kernel = self.kernel if len(self.kernel) == n_axes else self.kernel * n_axes
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
