"""Pooling over all positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from heldout.lines import Choice, Word
from heldout.nets.layers.base import Layer, Replicates, Shape, Step, Tensor
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

    def __str__(self) -> str:
        return "globalpool" if self.kind == "average" else f"globalpool {self.kind}"

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """One value a channel."""
        self.need_positions(shape, text)
        return Step(name, self, shape, shape[-1:])

    def window(self, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """All positions."""
        return shape[:-1], (1,) * (len(shape) - 1)

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """From images to vectors."""
        pooled = x.mean((2, 3)) if self.kind == "average" else x.amax((2, 3))
        return pooled.view(len(x), stack.n_replicates, -1).transpose(0, 1)
