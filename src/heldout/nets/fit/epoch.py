"""The batches of one epoch, laid out at once so that a step has little left to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from heldout.nets.fit.batch import StepBatch
from heldout.nets.fit.machine import sum_dtype
from heldout.nets.fit.run import Run
from heldout.nets.fit.schedules import schedule_factors
from heldout.nets.fit.streams import ORDER, augment_keys, dropout_keys, generator
from heldout.nets.layers.batch import Batch

Tensor = Any


class Epoch:
    """Order of the rows, learning rates and keys of an epoch, for every replicate and step."""

    def __init__(self, run: Run) -> None:
        self.run, self.size = run, run.settings.batch
        lengths = np.array([len(m.job.rows) for m in run.members])
        self.n_steps = -(-lengths // self.size)
        self.most = int(self.n_steps.max())
        self.counts = np.clip(lengths - np.arange(self.most)[:, None] * self.size, 0, self.size)
        self.least, self.largest = self.counts.min(1), self.counts.max(1)
        self._counts = self._send(self.counts)
        self._shares = self._send(1.0 / np.maximum(self.counts, 1)).to(run.dtype)[:, :, None]
        self.positions = self._order(lengths)
        self.labels = self._labels()
        self.weights = None if run.feed.weights is None else run.feed.weights[self.positions] / run.mean_weights
        self.rates, self.taken = self._rates()
        seeds = np.array([m.job.seed for m in run.members], np.uint64)
        n_layers = len(run.stack.random_numbers)
        self.augment_keys = self._send(augment_keys(seeds, epoch=run.epoch))
        self.keys = self._send(dropout_keys(seeds, epoch=run.epoch, n_steps=self.most, n_layers=n_layers))

    def _send(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if tensor.dtype == torch.float64:
            tensor = tensor.to(sum_dtype(self.run.device))
        return tensor.to(self.run.device)

    def _order(self, lengths: np.ndarray) -> Tensor:
        """Rows of each replicate in the order of this epoch, filled up to whole batches."""
        order = np.zeros((len(lengths), self.most * self.size), np.int64)
        for row, n, m in zip(order, lengths, self.run.members, strict=True):
            row[:n] = generator(m.job.seed, ORDER, self.run.epoch).permutation(m.job.rows)
            row[n:] = m.job.rows[0]
        return self._send(order)

    def _labels(self) -> Tensor:
        shared = self.run.feed.labels
        if all(m.labels is shared for m in self.run.members):
            return shared[self.positions]
        return torch.stack([m.labels[p] for m, p in zip(self.run.members, self.positions, strict=True)])

    def _rates(self) -> tuple[Tensor, Tensor]:
        """Learning rates and step numbers: (n_steps, n_replicates, 1) each."""
        epoch = self.run.epoch
        rates = np.zeros((self.most, len(self.n_steps), 1))
        taken = np.zeros_like(rates)
        known: dict[tuple[Any, ...], np.ndarray] = {}
        for i, (m, n) in enumerate(zip(self.run.members, self.n_steps.tolist(), strict=True)):
            s = m.job.settings
            key = (s.epochs, n)  # schedule and warm-up are the same in all of a stack
            if key not in known:
                known[key] = schedule_factors(
                    s.schedule, n_epochs=s.epochs, steps_per_epoch=n, warmup=s.warmup, first=epoch * n, n=n
                )
            rates[:n, i, 0] = s.rate * known[key]
            taken[:, i, 0] = epoch * n + np.minimum(np.arange(self.most) + 1, n)
        return self._send(rates).to(self.run.dtype), self._send(taken)

    def batches(self, first: int) -> Iterator[StepBatch]:
        """Batches from number `first` on."""
        for number in range(first, self.most):
            yield self._batch(number)

    def _batch(self, number: int) -> StepBatch:
        begin = number * self.size
        here = slice(begin, begin + int(self.largest[number]))
        positions = self.positions[:, here]
        mask = idle = active = None
        weights = self._shares[number]
        if self.least[number] < self.largest[number]:
            counts = self.counts[number]
            mask = self._send(np.arange(positions.shape[1]) < counts[:, None]).to(self.run.dtype)
            weights = weights * mask
            if self.least[number] == 0:
                idle = self._send(np.flatnonzero(counts == 0))
                active = self._send(counts > 0)
        if self.weights is not None:
            weights = weights * self.weights[:, here]
        state = Batch(training=True, keys=self.keys[number], rates=self.run.rates, mask=mask, active=active)
        return StepBatch(
            number,
            positions,
            self.labels[:, here],
            weights,
            state,
            self._counts[number],
            self.rates[number],
            self.taken[number],
            idle,
            begin,
            self.augment_keys,
        )
