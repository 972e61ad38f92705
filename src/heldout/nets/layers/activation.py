"""Functions of each value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.lines import Item, Word
from heldout.nets.layers.base import ByHand, Layer, Replicates, Step, Tensor
from heldout.nets.layers.batch import Batch

#: What each does.
ACTIVATIONS = {
    "relu": "sets what is below 0 to 0",
    "tanh": "takes the hyperbolic tangent",
    "sigmoid": "takes 1 / (1 + exp(-x))",
    "gelu": "multiplies by the normal distribution function of the value (Hendrycks and Gimpel 2016)",
    "linear": "changes nothing",
}


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each value."""

    WORDS: ClassVar = tuple(Word(name, does) for name, does in ACTIVATIONS.items())

    name: str

    @classmethod
    def read(cls, item: Item, body: tuple[Layer, ...]) -> Activation:
        """Keep the word itself."""
        return cls(item.word, at=item.at)

    @property
    def word(self) -> Word:
        """The name of the function."""
        return next(word for word in self.WORDS if word.name == self.name)

    @property
    def activation(self) -> str:
        """The name of the function."""
        return self.name

    @property
    def never_decreases(self) -> bool:
        """Of all but GELU, which dips below 0; not of the identity, where the order would gain nothing."""
        return self.name in ("relu", "tanh", "sigmoid")

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """A ReLU works in place where nobody else needs what it gets."""
        from torch.nn import functional

        if self.name == "relu":
            return functional.relu(x, inplace=overwrite)
        if self.name == "linear":
            return x
        return getattr(functional, self.name)(x)

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """PyTorch's of this name."""
        from torch import nn

        modules = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "linear": nn.Identity}
        return modules[self.name]()

    def has_gradient(self, step: Step) -> bool:
        """Where the derivative follows from the output."""
        return self.name != "gelu" and len(step.before) == 1

    def by_hand(self, step: Step, stack: Replicates, *, overwrite: bool) -> ByHand:
        """The function and its derivative."""
        return _ByHand(self.name, overwrite)


class _ByHand:
    is_trained = False
    output_is_free = False  # the way back needs it

    def __init__(self, name: str, overwrite: bool) -> None:
        self.name, self.overwrite = name, overwrite

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        if self.name == "linear":
            return x
        return getattr(x, f"{self.name}_" if self.overwrite else self.name)()

    def backward(self, slope: Tensor, x: Tensor, output: Tensor, store: Callable[..., None], goes_on: bool) -> Tensor:
        """Slope times the derivative, from the output."""
        import torch

        if self.name == "relu":
            return torch.ops.aten.threshold_backward(slope, output, 0)
        if self.name == "tanh":
            return torch.ops.aten.tanh_backward(slope, output)
        if self.name == "sigmoid":
            return torch.ops.aten.sigmoid_backward(slope, output)
        return slope
