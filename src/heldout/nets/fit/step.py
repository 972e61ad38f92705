"""One step of training, read from top to bottom: rows, infer, loss, backward, update."""

from __future__ import annotations

from typing import Any

import torch

from heldout.nets.fit.batch import StepBatch
from heldout.nets.fit.losses import row_losses
from heldout.nets.fit.run import Run

Tensor = Any


def take_step(run: Run, batch: StepBatch) -> None:
    """Learn from one batch of every replicate."""
    rows = gather(run, batch)
    for hook in run.hooks:
        hook.before_step(run, batch, rows)
    if run.by_hand is not None:  # a net of dense layers: infer, loss and backward are written out
        gradient = run.by_hand(rows, batch, run.loss_sums)
    else:
        logits = infer(run, rows, batch)
        gradient = run.stack.backward(loss_of(run, logits, batch))
    for hook in run.hooks:
        hook.before_update(run, batch, gradient)
    update(run, gradient, batch)
    run.done = batch.number + 1
    for hook in run.hooks:
        hook.after_step(run, batch)


def gather(run: Run, batch: StepBatch) -> Tensor:
    """Rows of the batch as floats, augmented and standardised, (n_replicates, n_rows, n_values)."""
    rows = run.feed.gather(batch.positions, run.memory)
    if run.augmenter is not None:
        rows = run.augmenter.apply(rows, batch)
    return rows if run.standardizer is None else run.standardizer.apply(rows)


def infer(run: Run, rows: Tensor, batch: StepBatch) -> Tensor:
    """Outputs before the softmax, (n_replicates, n_rows, n_classes)."""
    with run.precision():
        return run.stack.logits(rows, run.shape, batch.state)


def loss_of(run: Run, logits: Tensor, batch: StepBatch) -> Tensor:
    """Sum over the replicates of the mean loss of their batches (so that none touches another's gradient)."""
    settings = run.settings
    losses = row_losses(
        logits.to(run.dtype),
        batch.labels,
        loss=settings.loss,
        smoothing=settings.label_smoothing,
        others=batch.others,
        shares=batch.shares,
    )
    each = (losses * batch.weights).sum(1)
    run.loss_sums += each.detach() * batch.counts
    return each.sum()


def update(run: Run, gradient: Tensor, batch: StepBatch) -> None:
    """Change the weights of the replicates that have rows in this batch.

    A gradient of None has been added to SGD's velocity already.
    """
    values = run.stack.values
    with torch.no_grad():
        if gradient is None:
            _decay(run, batch)
            values.add_(run.optimizer["velocity"])
            return
        touched = [values, *run.optimizer.values()]
        kept = None if batch.idle is None else [block[batch.idle] for block in touched]
        if run.l2 is not None:
            gradient.addcmul_(run.l2, values)
        if run.clip is not None:
            norm = gradient.norm(dim=1, keepdim=True)
            gradient.mul_((run.clip / norm.clamp(min=1e-30)).clamp(max=1.0))
        _decay(run, batch)
        run.rule(values, gradient, run.optimizer, batch.lr, run.momentum, batch.t)
        if kept is not None:
            for block, old in zip(touched, kept, strict=True):
                block[batch.idle] = old


def _decay(run: Run, batch: StepBatch) -> None:
    """Take the weight decay's share of the weights away (decoupled from the gradient)."""
    if run.weight_decay is not None:
        run.stack.values.sub_(run.weight_decay * run.stack.values * batch.lr)
