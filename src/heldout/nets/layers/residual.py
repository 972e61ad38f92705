"""Residual parts (He et al. 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.errors import SettingError
from heldout.lines import Item, Word
from heldout.nets.layers.base import Layer, Replicates, Shape, Step, Tensor, Window, show
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.batchnorm import BatchNorm
from heldout.nets.layers.conv import Conv
from heldout.nets.layers.dense import Dense
from heldout.nets.layers.placing import Names, place_all, spread_all


@dataclass(frozen=True)
class Residual(Layer):
    """The output of `body` plus its input (through a 1x1 convolution where the shapes differ)."""

    WORDS: ClassVar = (
        Word(
            "residual",
            "adds its input to what its layers make of it (through a 1x1 convolution where the shapes differ)",
            nests=True,
            example="residual(conv 16 3 same, relu)",
        ),
    )

    body: tuple[Layer, ...]

    @classmethod
    def read(cls, item: Item, body: tuple[Layer, ...]) -> Residual:
        """Keep the layers in parentheses."""
        return cls(body, at=item.at)

    def __str__(self) -> str:
        return f"residual({', '.join(map(str, self.body))})"

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """The body, and a shortcut where it changes the shape."""
        body = place_all(self.body, shape, text, Names(f"{name} "))
        after = body[-1].after
        if after == shape:
            return Step(name, self, shape, after, body=body)
        if len(after) != len(shape):
            problem = f"the body turns {show(shape)} into {show(after)}: they cannot be added"
            raise self.misfit(text, problem, "no flatten or globalpool inside")
        shortcut = place_all(self._shortcut(shape, after, text), shape, text, Names(f"{name} shortcut "))
        return Step(name, self, shape, after, body=body, shortcut=shortcut)

    def _shortcut(self, shape: Shape, after: Shape, text: str) -> list[Layer]:
        """From the input to the body's shape by a 1x1 convolution, or a dense layer (He et al. 2015, option B)."""
        layers: list[Layer] = [Dense(after[0], at=self.at)]
        if len(shape) > 1:
            pairs = list(zip(shape[:-1], after[:-1], strict=True))
            stride = next((s for s in range(1, shape[0] + 1) if all(-(-n // s) == m for n, m in pairs)), 0)
            if not stride:
                turns = f"the body turns {show(shape)} into {show(after)}"
                problem = f"{turns}: no stride of a 1x1 convolution does the same"
                raise self.misfit(text, problem, "use 'same' in the body's convolutions and pools")
            layers = [Conv(after[-1], (1,), stride, same=True, at=self.at)]
        if any(isinstance(inner, BatchNorm) for inner in self.body):
            layers.append(BatchNorm(at=self.at))
        return layers

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """The sum of two sequences, ``body`` and ``shortcut``."""
        from heldout.nets.layers.modules import Sum, sequence

        parts = (
            {inner.name.removeprefix(prefix): inner.layer.module(inner, arrays) for inner in steps}
            for prefix, steps in ((f"{step.name} ", step.body), (f"{step.name} shortcut ", step.shortcut))
        )
        return Sum(*map(sequence, parts))

    def spread(self, step: Step, shape: Shape, window: Window) -> tuple[Step, Window]:
        """Both parts."""
        if len(step.before) == 1 and any(n > 1 for n in window):
            raise SettingError(
                f"{step.name} adds to a flattened image, so it has no form for larger images",
                fix="put a dense layer between flatten and residual",
            )
        body, after = spread_all(step.body, shape, window)
        shortcut, _ = spread_all(step.shortcut, shape, window)
        return Step(step.name, self, shape, body[-1].after, body=body, shortcut=shortcut), after

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """The sum of both ways."""
        return stack.through(step.body, x, batch) + stack.through(step.shortcut, x, batch)
