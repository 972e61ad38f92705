"""Pooling over all positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from heldout.nets.layers.base import Layer, Reader, Replicates, Shape, Step, Tensor
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.options import flag


@dataclass(frozen=True)
class GlobalPool(Layer):
    """Average or maximum of each channel over all positions."""

    words: ClassVar = {"globalpool": "globalpool [average|max]"}
    is_passive: ClassVar = True

    kind: str = "average"

    @classmethod
    def read(cls, reader: Reader) -> GlobalPool:
        """Take ``average`` or ``max``, if one follows."""
        chosen = list(reader.options({"average": flag, "max": flag}))
        if len(chosen) > 1:
            raise reader.refuse("a globalpool is one of average and max", cls.words["globalpool"])
        return cls(*chosen, at=reader.at)

    def __str__(self) -> str:
        return "globalpool" if self.kind == "average" else "globalpool max"

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """One value a channel."""
        self.need_positions(shape, text)
        return Step(name, self, shape, shape[-1:])

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """From images to vectors."""
        pooled = x.mean((2, 3)) if self.kind == "average" else x.amax((2, 3))
        return pooled.view(len(x), stack.n_replicates, -1).transpose(0, 1)
