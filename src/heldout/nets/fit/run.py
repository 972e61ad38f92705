"""The state of a training under way: who is in the stack, where in the data it is, what it has learned so far."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from heldout.nets.fit import optimizers
from heldout.nets.fit.augmenting import Augmenter
from heldout.nets.fit.by_hand import DenseGradient, is_dense
from heldout.nets.fit.feed import DIVISORS, Feed, Memory, Standardizer, mean_and_std
from heldout.nets.fit.hooks import Hook
from heldout.nets.fit.machine import sum_dtype
from heldout.nets.fit.streams import NOISE, generator
from heldout.nets.initializers import before_sigmoid, first_values
from heldout.nets.plan import Plan
from heldout.nets.settings import Job, Trained
from heldout.nets.stack import Stack

Tensor = Any


@dataclass
class Member:
    """A replicate in the stack."""

    number: int  # of its job
    job: Job
    labels: Tensor  # of its training rows
    history: list[dict[str, Any]]
    best_loss: float = float("inf")
    best_epoch: int = -1
    best: dict[str, np.ndarray] | None = None


class Run:
    """A stack in training.

    Attributes
    ----------
    members : list of Member
        Replicates idle in training, in the order of the stack.
    epoch, done : int
        Epochs finished, and steps finished of the epoch at hand.
    """

    def __init__(self, plan: Plan, jobs: Sequence[Job], feed: Feed, hooks: Sequence[Hook] = ()) -> None:
        self.hooks = tuple(hooks)
        self.plan, self.jobs, self.feed = plan, list(jobs), feed
        self.settings = jobs[0].settings
        self.device, self.dtype = feed.device, feed.dtype
        self.shape = plan.shape
        self.n_classes = plan.after[0]
        self.finished: dict[int, Trained] = {}
        self.epoch = self.done = 0
        self.members = [Member(n, job, self._labels(job), []) for n, job in enumerate(jobs)]
        self.inputs = [self._input_statistics(job) for job in jobs]
        self.stack = Stack(plan, len(jobs), self.device, self.dtype)
        for number, job in enumerate(jobs):
            self.stack.load(number, self._first_arrays(job))
        self.optimizer = {name: torch.zeros_like(self.stack.values) for name in optimizers.state_names(self.settings)}
        self.rule = optimizers.update_rule(self.settings)
        self.loss_sums = torch.zeros(len(jobs), device=self.device, dtype=sum_dtype(self.device))
        self.memory: Memory = {}
        self.augmenter = None
        if self.settings.augment:
            is_pixels = feed.divisor == DIVISORS["uint8"]
            self.augmenter = Augmenter(
                self.settings.augment, self.shape, is_pixels=is_pixels, device=self.device, dtype=self.dtype
            )
        self._gather_constants()

    # What a replicate starts with

    def _labels(self, job: Job) -> Tensor:
        """Labels by position, with label noise: this share of the training rows gets another class."""
        labels = self.feed.labels
        n_noisy = round(job.settings.label_noise * len(job.rows))
        if not n_noisy:
            return labels
        random = generator(job.seed, NOISE)
        rows = torch.from_numpy(random.choice(job.rows, n_noisy, replace=False)).to(self.device)
        shift = torch.from_numpy(random.integers(1, self.n_classes, n_noisy)).to(self.device)
        return labels.index_put((rows,), (labels[rows] + shift) % self.n_classes)

    def _input_statistics(self, job: Job) -> dict[str, np.ndarray]:
        if not self.settings.standardize:
            return {}
        start = job.start or {}
        if "input.mean" in start and "input.std" in start:
            mean, std = start["input.mean"], start["input.std"]
        else:
            mean, std = mean_and_std(self.feed, job.rows)
        kind = np.float64 if self.dtype == torch.float64 else np.float32
        return {"input.mean": mean.astype(kind), "input.std": std.astype(kind)}

    def _first_arrays(self, job: Job) -> dict[str, np.ndarray]:
        sigmoid = before_sigmoid(self.plan)
        everywhere = bool(sigmoid) and job.settings.initializer == "glorot-biases"  # scikit-learn: the last layer too
        given = job.start or {}
        return {
            p.name: given[p.name]
            if p.name in given
            else first_values(
                p,
                seed=job.seed,
                position=position,
                initializer=job.settings.initializer,
                before_sigmoid=everywhere or p.name.rpartition(".")[0] in sigmoid,
            )
            for position, p in enumerate(self.stack.parameters)
        }

    def _gather_constants(self) -> None:
        """Everything that depends on who is in the stack."""
        settings = [m.job.settings for m in self.members]

        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, device=self.device, dtype=self.dtype)[:, None]

        self.momentum = column([s.momentum for s in settings])
        self.weight_decay = self._by_value([s.weight_decay for s in settings], own=False)
        self.l2 = self._by_value([2 * s.l2 for s in settings], own=True)
        clips = [float("inf") if s.clip is None else s.clip for s in settings]
        self.clip = column(clips) if min(clips) < float("inf") else None
        rates = [
            [step.layer.rate if s.dropout is None else s.dropout for s in settings]  # type: ignore[attr-defined]
            for outer in self.stack.steps
            for step in outer.walk()
            if step.layer.is_random
        ]
        self.rates = torch.tensor(rates, device=self.device, dtype=self.dtype)
        inputs = [self.inputs[m.number] for m in self.members]
        self.standardizer = None
        if inputs and inputs[0]:
            mean, std = (np.stack([i[f"input.{name}"] for i in inputs]) for name in ("mean", "std"))
            self.standardizer = Standardizer(*(torch.from_numpy(a).to(self.device, self.dtype) for a in (mean, std)))
        # Mixed rows have two classes, which the gradient by hand does not know.
        by_autograd = self.settings.precision == "mixed" or (self.augmenter is not None and self.augmenter.mixing)
        self.by_hand = self._write_out() if self.members and is_dense(self.plan) and not by_autograd else None
        self.lengths = torch.tensor([len(m.job.rows) for m in self.members], device=self.device)
        self.mean_weights = None
        if self.feed.weights is not None:  # weights are scaled to mean 1 over each replicate's training rows
            means = [self.feed.weights[torch.from_numpy(m.job.rows).to(self.device)].mean() for m in self.members]
            self.mean_weights = torch.stack(means)[:, None] if means else None

    def _write_out(self) -> DenseGradient:
        s = self.settings
        is_plain = not s.nesterov and self.clip is None and self.l2 is None
        adds_up = s.optimizer == "sgd" and is_plain and not self.hooks
        momenta = [m.job.settings.momentum for m in self.members]
        return DenseGradient(self.stack, s, momenta, self.optimizer["velocity"] if adds_up else None)

    def _by_value(self, amounts: Sequence[float], *, own: bool) -> Tensor:
        """Factor of each trained value of each replicate, kernels only; None if all are 0."""
        parts = []
        for p in self.stack.trained:
            layer = 2 * p.l2 if own and p.l2 is not None else None
            per = [layer if layer is not None else a for a in amounts] if p.role == "kernel" else [0.0] * len(amounts)
            parts.append((per, p.size))
        if not any(any(per) for per, _ in parts):
            return None
        columns = [torch.tensor(per, device=self.device, dtype=self.dtype)[:, None].expand(-1, n) for per, n in parts]
        return torch.cat(columns, 1)

    def precision(self) -> Any:
        """Context in which the net computes: bfloat16 products with mixed precision."""
        if self.settings.precision != "mixed":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    # After an epoch

    def end_epoch(self, scores: list[dict[str, float]]) -> None:
        """Add the epoch to the history, and let go of replicates that are done, have stopped early or diverged."""
        losses = (self.loss_sums / self.lengths).tolist()
        finite = torch.isfinite(self.stack.values).all(1).tolist()
        stay = []
        self.epoch += 1
        self.done = 0
        for place, (m, found) in enumerate(zip(self.members, scores, strict=True)):
            m.history.append({"epoch": self.epoch, "loss": losses[place], **found})
            failed = "" if finite[place] and np.isfinite(losses[place]) else self._failure(m, losses[place])
            if not failed and self.settings.early_stopping is not None:
                self._note_best(m, place)
            if failed or self.epoch >= m.job.settings.epochs or self._has_stopped(m):
                self.finished[m.number] = self._finish(m, place, failed)
            else:
                stay.append(place)
        self.loss_sums.zero_()
        if len(stay) < len(self.members):
            self.keep(stay)

    def _failure(self, m: Member, loss: float) -> str:
        s = m.job.settings
        return f"diverged in epoch {self.epoch} (loss {loss:g}) with {s.optimizer}, lr {s.rate:g}"

    def _note_best(self, m: Member, place: int) -> None:
        loss = m.history[-1]["validation_loss"]
        if loss < m.best_loss:
            m.best_loss, m.best_epoch, m.best = loss, self.epoch, self.stack.arrays(place)

    def _has_stopped(self, m: Member) -> bool:
        patience = self.settings.early_stopping
        return patience is not None and self.epoch - m.best_epoch >= patience

    def _finish(self, m: Member, place: int, failed: str) -> Trained:
        arrays = m.best if m.best is not None and not failed else self.stack.arrays(place)
        return Trained({**arrays, **self.inputs[m.number]}, m.history, failed)

    def keep(self, places: list[int]) -> None:
        """Let only these replicates (positions in the stack) go on."""
        self.members = [self.members[i] for i in places]
        if not places:
            return
        chosen = torch.tensor(places, device=self.device)
        self.stack = self.stack.keep(chosen)
        self.optimizer = {name: block[chosen].clone() for name, block in self.optimizer.items()}
        self.loss_sums = self.loss_sums[chosen].clone()
        self._gather_constants()

    def results(self) -> list[Trained]:
        """All replicates, in the order of the jobs."""
        return [self.finished[n] for n in range(len(self.jobs))]
