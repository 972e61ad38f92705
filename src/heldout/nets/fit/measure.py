"""Loss and error of a stack in inference mode, and its probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from heldout.nets.fit.feed import Feed, Standardizer
from heldout.nets.fit.losses import row_losses
from heldout.nets.fit.machine import sum_dtype
from heldout.nets.fit.run import Run
from heldout.nets.layers.batch import Batch
from heldout.nets.stack import Stack

Tensor = Any

#: Values (of rows, times replicates) that one batch of inference may hold; part of what makes predictions repeatable.
INFERENCE_VALUES = 2**20
INFERENCE_ROWS = 512


def rows_per_batch(plan_width: int, n_replicates: int) -> int:
    """Rows of an inference batch, by the widest layer: a rule, so that the same rows give the same bits."""
    return max(1, min(INFERENCE_ROWS, 8 * INFERENCE_VALUES // max(1, plan_width * n_replicates)))


def widest(stack: Stack) -> int:
    """Values of the largest layer's output, for one row."""
    return max(int(np.prod(step.after)) for step in stack.plan.walk())


def measure(run: Run, validation: Feed) -> list[dict[str, float]]:
    """Loss and error of every member on its validation rows, and with ``history="full"`` on its training rows."""
    scores: list[dict[str, float]] = [{} for _ in run.members]
    if run.settings.history == "full":
        for found, (loss, error) in zip(scores, _scores(run, run.feed, "rows"), strict=True):
            found.update(train_loss=loss, train_error=error)
    if run.members[0].job.validation is not None:
        for found, (loss, error) in zip(scores, _scores(run, validation, "validation"), strict=True):
            found.update(validation_loss=loss, validation_error=error)
    return scores


def _scores(run: Run, feed: Feed, which: str) -> list[tuple[float, float]]:
    """Mean loss and share of errors of every member on the rows that its job names."""
    rows = [getattr(m.job, which) for m in run.members]
    shared = all(r is rows[0] or np.array_equal(r, rows[0]) for r in rows)
    lengths = np.array([len(r) for r in rows])
    size = rows_per_batch(widest(run.stack), len(rows))
    losses = torch.zeros(len(rows), dtype=sum_dtype(run.device), device=run.device)
    errors = torch.zeros_like(losses)
    with torch.inference_mode():
        for first in range(0, int(lengths.max()), size):
            parts = [r[first : first + size] for r in rows]
            n = max(map(len, parts))
            filled = np.stack([np.concatenate([p, np.resize(r, n - len(p))]) for p, r in zip(parts, rows, strict=True)])
            real = torch.from_numpy(np.arange(n) < np.array([len(p) for p in parts])[:, None]).to(run.device)
            positions = torch.from_numpy(filled[:1] if shared else filled).to(run.device)
            logits = infer(run.stack, feed, positions, run.standardizer, run.precision()).to(run.dtype)
            labels = feed.labels[positions].expand(len(rows), -1)
            losses += (row_losses(logits, labels, loss=run.settings.loss) * real).sum(1)
            errors += ((logits.argmax(-1) != labels) * real).sum(1)
    counts = torch.from_numpy(lengths).to(run.device)
    return list(zip((losses / counts).tolist(), (errors / counts).tolist(), strict=True))


def infer(stack: Stack, feed: Feed, positions: Tensor, standardizer: Standardizer | None, context: Any) -> Tensor:
    """Outputs before the softmax, (n_replicates, n_rows, n_classes); positions (1 or n_replicates, n_rows)."""
    rows = feed.gather(positions)
    rows = rows.expand(stack.n_replicates, -1, -1)
    if standardizer is not None:
        rows = standardizer.apply(rows)
    with context:
        return stack.logits(rows, stack.plan.shape, Batch(training=False))
