"""Dropout (Srivastava et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.lines import Number, Word
from heldout.nets.layers.base import ByHand, Layer, Replicates, Step, Tensor
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.layout import to_image


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets values to zero with probability `rate` while training, and scales the others up."""

    WORDS: ClassVar = (
        Word(
            "dropout",
            "sets values to 0 while training, with a PROBABILITY, and scales the others up",
            (Number("rate", 0, 1, below=True, name="PROBABILITY", about="the probability"),),
            example="dropout 0.5",
        ),
    )
    is_passive: ClassVar = True
    is_random: ClassVar = True

    rate: float

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """Only while training."""
        return x * keep_mask(step, x, stack, batch) if batch.training else x

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """PyTorch's; of each value, on images as well."""
        from torch import nn

        return nn.Dropout(self.rate)

    def has_gradient(self, step: Step) -> bool:
        """For vectors."""
        return len(step.before) == 1

    def by_hand(self, step: Step, stack: Replicates, *, overwrite: bool) -> ByHand:
        """The mask, kept for the way back."""
        return _ByHand(step, stack)


class _ByHand:
    is_trained = False
    output_is_free = True

    def __init__(self, step: Step, stack: Replicates) -> None:
        self.step, self.stack = step, stack
        self.mask: Tensor = None

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        self.mask = keep_mask(self.step, x.transpose(1, 2), self.stack, batch).transpose(1, 2)
        return x * self.mask

    def backward(self, slope: Tensor, x: Tensor, output: Tensor, store: Callable[..., None], goes_on: bool) -> Tensor:
        return slope.mul_(self.mask)


def keep_mask(step: Step, x: Tensor, stack: Replicates, batch: Batch) -> Tensor:
    """What a dropout layer multiplies its input by: 0, or 1 / (1 - rate) where the value stays."""
    import torch

    number = stack.random_numbers[step.name]
    rate = batch.rates[number]
    n_values = x.numel() // stack.n_replicates
    words = stack.words.draw(batch.keys[number], n_values)
    threshold = (rate * 65536 - 32768).round().clamp(max=32767).to(torch.int16)
    keep = (words >= threshold[:, None]).to(x.dtype).mul_((1 / (1 - rate))[:, None])
    if x.dim() == 3:
        return keep.view(x.shape)
    shape = (*x.shape[2:], x.shape[1] // stack.n_replicates)
    return to_image(keep.view(stack.n_replicates, len(x), -1), shape)
