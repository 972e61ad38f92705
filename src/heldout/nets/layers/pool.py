"""Pooling over windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.lines import Item, Number, Word
from heldout.nets.layers.base import Layer, Replicates, Shape, Step, Tensor
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.options import MOST, SAME, STRIDE_OF_SIZE

_SIZE = (Number("size", 1, MOST, whole=True, about="the size of the window"),)


@dataclass(frozen=True)
class Pool(Layer):
    """Maximum or average of each window; windows are side by side unless a stride is given.

    With `same`, windows begin at every position that the stride hits, and what lies outside does not count.
    """

    WORDS: ClassVar = (
        Word("maxpool", "takes the largest value of each window", _SIZE, (STRIDE_OF_SIZE, SAME), example="maxpool 2"),
        Word("avgpool", "takes the mean of each window", _SIZE, (STRIDE_OF_SIZE, SAME), example="avgpool 2"),
    )
    is_passive: ClassVar = True
    owns_output: ClassVar = True

    kind: str
    size: int
    stride: int
    same: bool = False

    @classmethod
    def read(cls, item: Item, body: tuple[Layer, ...]) -> Pool:
        """Put windows side by side unless there is a stride."""
        size, stride = item["size"], item["stride"]
        return cls(item.word.removesuffix("pool"), size, size if stride is None else stride, item["same"], at=item.at)

    @property
    def word(self) -> Word:
        """By the kind."""
        return next(word for word in self.WORDS if word.name == f"{self.kind}pool")

    def __str__(self) -> str:
        stride = None if self.stride == self.size else self.stride
        return self.word.write({"size": self.size, "stride": stride, "same": self.same})

    @property
    def takes_largest(self) -> bool:
        """Of the maximum."""
        return self.kind == "max"

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Positions of the window."""
        self.need_positions(shape, text)
        after = tuple(self.slide(n, self.size, self.stride, self.same, text) for n in shape[:-1])
        return Step(name, self, shape, (*after, shape[-1]))

    def window(self, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Size and stride."""
        n_axes = len(shape) - 1
        return (self.size,) * n_axes, (self.stride,) * n_axes

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """MaxPool or AvgPool of one or two dimensions."""
        from torch import nn

        from heldout.nets.layers.modules import MeanOfInside, pads_of, sequence

        window, strides = self.window(step.before)
        is_signal, is_max = len(window) == 1, self.kind == "max"
        if not is_max and self.same:
            return MeanOfInside(window, strides, pads_of(window))
        if is_max:
            pool = (nn.MaxPool1d if is_signal else nn.MaxPool2d)(window, strides)
        else:
            pool = (nn.AvgPool1d if is_signal else nn.AvgPool2d)(window, strides)
        if not self.same:
            return pool
        least = (nn.ConstantPad1d if is_signal else nn.ConstantPad2d)(tuple(pads_of(window)), float("-inf"))
        return sequence({"pad": least, "pool": pool})

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """Windows do not mix channels, so not replicates either."""
        from torch.nn import functional

        is_signal = len(step.before) == 2
        window = (1, self.size) if is_signal else (self.size, self.size)
        strides = (1, self.stride) if is_signal else (self.stride, self.stride)
        if not self.same:
            pool = functional.max_pool2d if self.kind == "max" else functional.avg_pool2d
            return pool(x, window, strides)
        before = [(n - 1) // 2 for n in window]
        after = [n // 2 for n in window]
        pads = (before[1], after[1], before[0], after[0])
        if self.kind == "max":
            return functional.max_pool2d(functional.pad(x, pads, value=float("-inf")), window, strides)
        import torch

        ones = functional.pad(torch.ones_like(x[:1, :1]), pads)
        padded = functional.pad(x, pads)
        return functional.avg_pool2d(padded, window, strides) / functional.avg_pool2d(ones, window, strides)
