"""A trained net ready to compute: probabilities, what any layer gives, and its plain PyTorch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from heldout.nets.fit.feed import DIVISORS, Feed, Standardizer
from heldout.nets.fit.machine import DTYPES, sum_dtype, use_threads
from heldout.nets.fit.measure import infer, rows_per_batch, widest
from heldout.nets.fit.planner import has_convolutions
from heldout.nets.layers.base import Step
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.layout import replicates_first, to_image
from heldout.nets.layers.modules import Input, sequence
from heldout.nets.plan import INPUT, Plan
from heldout.nets.stack import Stack
from heldout.processes.cores import n_cores

MOST_BATCHES = 8
"""Batches of rows that are computed at the same time: each takes memory."""

Tensor = Any
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class FittedNet:
    """Trained replicates of a plan on a device.

    Parameters
    ----------
    plan : Plan
    replicates : sequence of mapping of str to array
        The arrays of each by name, ``input.mean`` and ``input.std`` included if the rows are standardised.
    input_dtype : {'uint8', 'int16', 'float32', 'float64'}
        Of the training rows.
    precision : {'float32', 'float64', 'mixed'}
    device : torch.device
    """

    plan: Plan
    replicates: Sequence[Arrays]
    input_dtype: str
    precision: str
    device: torch.device

    @property
    def dtype(self) -> Any:
        """In which it computes."""
        return DTYPES[self.precision]

    def probabilities(self, x: np.ndarray, threads: int | None = None, rows_together: int | None = None) -> np.ndarray:
        """Softmax of the output of each replicate, float64.

        Parameters
        ----------
        x : array, shape (n_rows, ...)
        threads : int, optional
            By default one for each batch of rows, and several batches at the same time: that changes no bit.
        rows_together : int, optional
            Rows that are computed at a time; a rule of the net's size, if not given.

        Returns
        -------
        (n_replicates, n_rows, n_classes), or (n_replicates, n_rows, *positions, n_classes) of a plan of images.
        """

        def compute(stack: Stack, feed: Feed, positions: Tensor, standardizer: Standardizer | None) -> list[Tensor]:
            logits = infer(stack, feed, positions, standardizer, self._context())
            if logits.dim() == 4:  # of a plan that ends with an image
                logits = replicates_first(logits, stack.n_replicates, self.plan.after)
            return [torch.softmax(logits.to(sum_dtype(self.device)), -1).cpu()]

        (found,) = self._each(x, threads, compute, rows_together)
        return found.to(torch.float64).numpy()

    def outputs(self, x: np.ndarray, names: Sequence[str], threads: int | None = None) -> dict[str, np.ndarray]:
        """What layers give in inference mode, of each replicate: (n_replicates, n_rows, *shape of the layer).

        Channels are last, as in the rows. ``input`` is what the first layer gets, ``output`` is before the softmax.
        """

        def compute(stack: Stack, feed: Feed, positions: Tensor, standardizer: Standardizer | None) -> list[Tensor]:
            rows = feed.gather(positions).expand(stack.n_replicates, -1, -1)
            rows = rows if standardizer is None else standardizer.apply(rows)
            with self._context():
                found = _Watched(stack, set(names)).run(rows)
            return [found[name].to(self.dtype).cpu() for name in names]

        arrays = self._each(x, threads, compute)
        return {name: array.numpy() for name, array in zip(names, arrays, strict=True)}

    def module(self, replicate: int) -> Any:
        """One replicate as a plain `torch.nn.Module` on the CPU, in evaluation mode."""
        arrays = {name: torch.from_numpy(np.array(a)) for name, a in self.replicates[replicate].items()}
        with torch.random.fork_rng(devices=[]):  # the modules draw weights that are replaced
            modules = {INPUT: self._input(arrays)}
            modules |= {step.name: step.layer.module(step, arrays) for step in self.plan}
        return sequence(modules).eval()

    def _input(self, arrays: Mapping[str, Tensor]) -> Input:
        scale = shift = None
        if self.input_dtype in DIVISORS:
            scale = torch.full((self.plan.shape[-1],), 1 / DIVISORS[self.input_dtype], dtype=self.dtype)
        if "input.mean" in arrays:
            mean, std = arrays["input.mean"], arrays["input.std"]
            scale, shift = (1 / std if scale is None else scale / std), -mean / std
        return Input(len(self.plan.shape) - 1, self.dtype, scale, shift)

    def _each(
        self,
        x: np.ndarray,
        threads: int | None,
        compute: Callable[..., list[Tensor]],
        rows_together: int | None = None,
    ) -> list[Tensor]:
        """What `compute` makes of all rows, in batches, by every stack: tensors (n_replicates, n_rows, ...)."""
        feed = Feed(x, None, None, self.device, self.dtype)
        by_stack = []
        for stack, standardizer in self._stacks:
            size = rows_together or rows_per_batch(widest(stack), stack.n_replicates)
            batches = torch.arange(len(x)).to(self.device).split(size)

            def one(rows: Tensor, stack: Stack = stack, by: Standardizer | None = standardizer) -> list[Tensor]:
                with torch.inference_mode():
                    return compute(stack, feed, rows[None], by)

            found = self._side_by_side(one, batches, threads)
            by_stack.append([torch.cat(parts, 1) for parts in zip(*found, strict=True)])
        return [torch.cat(parts) for parts in zip(*by_stack, strict=True)]

    def _side_by_side(
        self, one: Callable[[Tensor], list[Tensor]], batches: Sequence[Tensor], threads: int | None
    ) -> list[list[Tensor]]:
        """Each batch on one thread, as many at a time as there are cores; or in turn on the threads that were asked."""
        lanes = min(len(batches), n_cores(), MOST_BATCHES)
        with use_threads(threads or 1):
            if threads is not None or lanes <= 1 or self.device.type != "cpu":
                return [one(rows) for rows in batches]
            with ThreadPoolExecutor(lanes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                return list(pool.map(one, batches))

    def _context(self) -> Any:
        mixed = self.precision == "mixed"
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if mixed else nullcontext()

    @cached_property
    def _stacks(self) -> list[tuple[Stack, Standardizer | None]]:
        """All replicates at once, or one after the other where that is faster."""
        together = self.device.type != "cpu" or not has_convolutions(self.plan)
        sets = [self.replicates] if together else [[arrays] for arrays in self.replicates]
        stacks = []
        for arrays in sets:
            stack = Stack(self.plan, len(arrays), self.device, self.dtype)
            for number, one in enumerate(arrays):
                stack.load(number, one)
            stacks.append((stack, _standardizer(arrays, self.device, self.dtype)))
        return stacks


def _standardizer(arrays: Sequence[Arrays], device: torch.device, dtype: Any) -> Standardizer | None:
    if "input.mean" not in arrays[0]:
        return None
    mean, std = (np.stack([a[f"input.{name}"] for a in arrays]) for name in ("mean", "std"))
    return Standardizer(*(torch.from_numpy(a).to(device, dtype) for a in (mean, std)))


class _Watched:
    """A stack whose layers are done in their written order, none over the output of another; keeps what they give."""

    def __init__(self, stack: Stack, names: set[str]) -> None:
        self.stack, self.names = stack, names
        self.n_replicates, self.views, self.gradient_views = stack.n_replicates, stack.views, stack.gradient_views
        self.random_numbers, self.words = stack.random_numbers, stack.words
        self.device, self.dtype = stack.device, stack.dtype
        self.found: dict[str, Tensor] = {}

    def run(self, rows: Tensor) -> dict[str, Tensor]:
        """Tensors (n_replicates, n_rows, *shape) by name, for rows (n_replicates, n_rows, n_values)."""
        plan = self.stack.plan
        if INPUT in self.names:
            self.found[INPUT] = rows.reshape(*rows.shape[:2], *plan.shape)
        x = to_image(rows, plan.shape) if len(plan.shape) > 1 else rows
        self.through(plan.steps, x, Batch(training=False))
        return self.found

    def through(self, steps: Sequence[Step], x: Tensor, batch: Batch) -> Tensor:
        """Output of some steps, one after the other."""
        for step in steps:
            x = step.layer.forward(step, x, self, batch, overwrite=False)
            if step.name in self.names:
                self.found[step.name] = replicates_first(x, self.n_replicates, step.after)
        return x
