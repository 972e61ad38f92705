"""Replicates of one net side by side: their arrays and the way forward.

Vectors are (replicates, rows, values) and dense layers are batched matrix products; images are
(rows, replicates * channels, height, width) in channels-last memory and convolutions are grouped. A signal is an
image of height 1. For one replicate both are views without a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from heldout.nets.fit.streams import Words
from heldout.nets.layers.base import Parameter, Shape, Step
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.layout import to_image
from heldout.nets.plan import Plan

Tensor = Any


class Stack:
    """Arrays of R replicates of one plan, and their outputs.

    Parameters
    ----------
    plan : Plan
    n_replicates : int
    device, dtype
    """

    def __init__(self, plan: Plan, n_replicates: int, device: torch.device, dtype: Any) -> None:
        self.plan = plan
        self.steps: Sequence[Step] = pool_first(plan)
        self.n_replicates, self.device, self.dtype = n_replicates, device, dtype
        self.parameters = list(plan.parameters)
        self.trained = [p for p in self.parameters if p.is_trained]
        self.fixed = [p for p in self.parameters if not p.is_trained]
        self.words = Words(device)
        self.random_numbers = _number_random(self.steps)
        self._allocate()

    def _allocate(self) -> None:
        """One block (replicates, values) for what is trained, one for what is not; the arrays are views of them."""

        def block(parameters: list[Parameter]) -> tuple[Tensor, dict[str, Tensor]]:
            size = sum(p.size for p in parameters)
            values = torch.zeros(self.n_replicates, size, device=self.device, dtype=self.dtype)
            return values, parameter_views(values, parameters)

        self.values, views = block(self.trained)
        self.gradient, self.gradient_views = block(self.trained)
        self.fixed_values, fixed_views = block(self.fixed)
        self.leaves = [view.detach().requires_grad_() for view in views.values()]
        self.views = {**dict(zip(views, self.leaves, strict=True)), **fixed_views}

    def load(self, replicate: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the arrays of one replicate."""
        with torch.no_grad():
            for parameter in self.parameters:
                source = np.array(arrays[parameter.name])
                self.views[parameter.name][replicate].copy_(torch.from_numpy(source))

    def arrays(self, replicate: int) -> dict[str, np.ndarray]:
        """Copies of the arrays of one replicate."""
        return {p.name: self.views[p.name][replicate].detach().cpu().numpy().copy() for p in self.parameters}

    def keep(self, replicates: Tensor) -> Stack:
        """A stack of these replicates only."""
        smaller = Stack(self.plan, len(replicates), self.device, self.dtype)
        with torch.no_grad():
            smaller.values.copy_(self.values[replicates])
            smaller.fixed_values.copy_(self.fixed_values[replicates])
        return smaller

    def backward(self, loss: Tensor) -> Tensor:
        """Gradient of the loss as one block (replicates, values)."""
        for target, found in zip(
            self.gradient_views.values(), torch.autograd.grad(loss, self.leaves, allow_unused=True), strict=True
        ):
            if found is None:
                target.zero_()
            elif found.data_ptr() != target.data_ptr():
                target.copy_(found)
        return self.gradient

    def logits(self, rows: Tensor, shape: Shape, batch: Batch) -> Tensor:
        """Outputs before the softmax, (replicates, rows, classes), for rows (replicates, rows, values)."""
        x = to_image(rows, shape) if len(shape) > 1 else rows
        return self.through(self.steps, x, batch)

    def through(self, steps: Sequence[Step], x: Tensor, batch: Batch) -> Tensor:
        """Output of some steps, one after the other; a layer may write over what the one before it owns."""
        overwrite = False
        for step in steps:
            x = step.layer.forward(step, x, self, batch, overwrite=overwrite)
            overwrite = step.layer.owns_output
        return x


def pool_first(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Put max-pooling before the activation that it follows: the same function, since these never decrease."""
    order = [replace(s, body=pool_first(s.body), shortcut=pool_first(s.shortcut)) for s in steps]
    for i, (one, two) in enumerate(pairwise(order)):
        if one.layer.never_decreases and two.layer.takes_largest:
            order[i], order[i + 1] = two, replace(one, before=two.after, after=two.after)
    return tuple(order)


def parameter_views(block: Tensor, parameters: Sequence[Parameter]) -> dict[str, Tensor]:
    """Parts of a block (replicates, values) by parameter, each (replicates, *shape)."""
    views, first = {}, 0
    for parameter in parameters:
        part = block[:, first : first + parameter.size]
        views[parameter.name] = part.unflatten(1, parameter.shape)
        first += parameter.size
    return views


def _number_random(steps: Sequence[Step]) -> dict[str, int]:
    names = [s.name for outer in steps for s in outer.walk() if s.layer.is_random]
    return {name: number for number, name in enumerate(names)}
