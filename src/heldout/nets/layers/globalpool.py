"""Pooling over all positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from heldout.lines import Choice, Word
from heldout.nets.layers.base import Layer, Replicates, Shape, Step, Tensor, Window
from heldout.nets.layers.batch import Batch


@dataclass(frozen=True)
class GlobalPool(Layer):
    """Average or maximum of each channel over all positions."""

    WORDS: ClassVar = (
        Word(
            "globalpool",
            "takes the average or the maximum of each channel over all positions",
            (Choice("kind", ("average", "max"), "average"),),
        ),
    )
    is_passive: ClassVar = True

    kind: str = "average"
    over: Window | None = None  # windows of this size, one at every position, instead of all positions (see `spread`)

    def __str__(self) -> str:
        return "globalpool" if self.kind == "average" else f"globalpool {self.kind}"

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """One value a channel."""
        self.need_positions(shape, text)
        if self.over:
            positions = (self.slide(n, k, 1, False, text) for n, k in zip(shape[:-1], self.over, strict=True))
            return Step(name, self, shape, (*positions, shape[-1]))
        return Step(name, self, shape, shape[-1:])

    def window(self, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """All positions."""
        return shape[:-1], (1,) * (len(shape) - 1)

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """Adaptive pooling to one position, flattened."""
        from torch import nn

        from heldout.nets.layers.modules import sequence

        is_signal, is_max = len(step.before) == 2, self.kind == "max"
        average = nn.AdaptiveAvgPool1d if is_signal else nn.AdaptiveAvgPool2d
        largest = nn.AdaptiveMaxPool1d if is_signal else nn.AdaptiveMaxPool2d
        return sequence({"pool": (largest if is_max else average)(1), "flatten": nn.Flatten()})

    def spread(self, step: Step, shape: Shape, window: Window) -> tuple[Step, Window]:
        """Windows of the size of what was pooled."""
        pool = replace(self, over=step.before[:-1])
        return pool.place(step.name, shape, ""), (1,) * (len(shape) - 1)

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """From images to vectors."""
        if self.over:
            from torch.nn import functional

            window = self.over if len(self.over) == 2 else (1, *self.over)
            return (functional.avg_pool2d if self.kind == "average" else functional.max_pool2d)(x, window, 1)
        pooled = x.mean((2, 3)) if self.kind == "average" else x.amax((2, 3))
        return pooled.view(len(x), stack.n_replicates, -1).transpose(0, 1)
