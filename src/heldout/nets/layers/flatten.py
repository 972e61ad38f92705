"""From images and signals to vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from heldout.lines import Word
from heldout.nets.layers.activation import Activation
from heldout.nets.layers.base import ByHand, Layer, Replicates, Shape, Step, Tensor, Window
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.layout import to_rows


@dataclass(frozen=True)
class Flatten(Layer):
    """All positions and channels as one vector, channels side by side (as NumPy's reshape of channels-last rows)."""

    WORDS: ClassVar = (Word("flatten", "makes one vector of all positions and channels"),)
    is_passive: ClassVar = True

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """One vector a row."""
        if len(shape) == 1:
            problem = f"nothing to flatten: the rows are vectors of {shape[0]} already"
            raise self.misfit(text, problem, "remove it")
        return Step(name, self, shape, (prod(shape),))

    def window(self, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """All positions."""
        return shape[:-1], (1,) * (len(shape) - 1)

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """From images to vectors."""
        return to_rows(x, stack.n_replicates)

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """Flatten in the order of our rows, so that the kernel after it is the same."""
        from heldout.nets.layers.modules import FlattenChannelsLast

        return FlattenChannelsLast()

    def spread(self, step: Step, shape: Shape, window: Window) -> tuple[Step, Window]:
        """Nothing: the next dense layer takes a window of this size."""
        return Activation("linear").place(step.name, shape, ""), step.before[:-1]

    def has_gradient(self, step: Step) -> bool:
        """Rows come as vectors, so at the beginning of a net there is nothing to do."""
        return True

    def by_hand(self, step: Step, stack: Replicates, *, overwrite: bool) -> ByHand:
        """Nothing."""
        return _ByHand()


class _ByHand:
    is_trained = False
    output_is_free = False  # it is the input

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        return x

    def backward(self, slope: Tensor, x: Tensor, output: Tensor, store: Callable[..., None], goes_on: bool) -> Tensor:
        return slope
