"""Gradients of nets of dense layers, written out.

The same function as through autograd (a test holds both together), at a third of the calls: small nets are bound by
calls, not by arithmetic. Outputs are (replicates, units, rows), the order in which the products of small batches are
fastest (measured with MKL: 41 against 32 billion multiply-adds a second on a core). For SGD with momentum the product
of a large kernel's gradient adds straight into the velocity, so that a gradient as large as the weights is neither
written nor read. What each layer does is with the layer (`heldout.nets.layers.base.ByHand`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from heldout.nets.fit.batch import StepBatch
from heldout.nets.fit.losses import row_losses
from heldout.nets.layers.base import ByHand, Step
from heldout.nets.layers.dense import SMALL_KERNEL
from heldout.nets.settings import Settings
from heldout.nets.stack import Stack, parameter_views

Tensor = Any


def is_dense(plan: Sequence[Step]) -> bool:
    """Whether every layer of a net has its gradient written out."""
    return all(step.layer.has_gradient(step) for step in plan)


class DenseGradient:
    """Way forward and back of a stack of dense nets.

    Parameters
    ----------
    stack : Stack
        Its plan must satisfy `is_dense`.
    settings : Settings
        Of the first replicate; loss and label smoothing are those of all.
    momenta : sequence of float
        Of each replicate.
    velocity : tensor (n_replicates, n_values), optional
        Of SGD, where the gradient is to be added to it at once.
    """

    def __init__(
        self, stack: Stack, settings: Settings, momenta: Sequence[float], velocity: Tensor | None = None
    ) -> None:
        self.stack, self.settings = stack, settings
        self.targets = dict(stack.gradient_views)
        self.velocity = velocity
        if velocity is not None:
            self.velocities = parameter_views(velocity, stack.trained)
        self.momentum = momenta[0] if all(m == momenta[0] for m in momenta) else None
        self.momenta = torch.tensor(momenta, device=stack.device, dtype=stack.dtype)[:, None]
        self.layers: list[ByHand] = []
        overwrite = False  # not the rows
        for step in stack.steps:
            self.layers.append(step.layer.by_hand(step, stack, overwrite=overwrite))
            overwrite = self.layers[-1].output_is_free
        self.lowest = next(i for i, layer in enumerate(self.layers) if layer.is_trained)
        self._into = False  # gradients go into the velocity

    def __call__(self, rows: Tensor, batch: StepBatch, loss_sums: Tensor) -> Tensor:
        """Gradient as one block, or None if the velocity has it already.

        Parameters
        ----------
        rows : tensor (n_replicates, n_rows, n_values)
        batch : StepBatch
        loss_sums : tensor (n_replicates,)
            The losses of the batch are added to it.
        """
        with torch.no_grad():
            self._into = self.velocity is not None and batch.idle is None
            outputs = self._forward(rows, batch)
            slope = self._slope(outputs[-1], batch, loss_sums)
            if self._into:
                self._slow_down()
                slope.mul_(batch.lr[:, :, None]).neg_()
            self._backward(slope, outputs)
        return None if self._into else self.stack.gradient

    def _forward(self, rows: Tensor, batch: StepBatch) -> list[Tensor]:
        """Output of every layer, (replicates, units, rows), the rows first."""
        outputs = [rows.transpose(1, 2)]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1], batch.state))
        return outputs

    def _slope(self, logits: Tensor, batch: StepBatch, loss_sums: Tensor) -> Tensor:
        """Add the losses of the batch to the sums; return their derivative by the outputs."""
        s = self.settings
        labels = batch.labels[:, None]
        if s.loss == "cross-entropy":
            log_p = torch.log_softmax(logits, 1)
            hit = log_p.gather(1, labels)
            losses = hit[:, 0].neg()
            slope = log_p.exp()
            if s.label_smoothing:
                losses = (1 - s.label_smoothing) * losses - s.label_smoothing * log_p.mean(1)
                slope.sub_(s.label_smoothing / logits.shape[1])
            slope.scatter_add_(1, labels, torch.full_like(hit, s.label_smoothing - 1))
        else:
            by_row = logits.transpose(1, 2)
            losses = row_losses(by_row, batch.labels, loss=s.loss, smoothing=s.label_smoothing)
            slope = _slope_of_difference(by_row, batch.labels, s.loss, s.label_smoothing).transpose(1, 2)
        loss_sums += (losses * batch.weights).sum(1) * batch.counts
        return slope.mul_(batch.weights[:, None])

    def _slow_down(self) -> None:
        """Multiply the velocities by the momentum, unless the products do so themselves."""
        if self.momentum is None:
            self.velocity.mul_(self.momenta)  # type: ignore[union-attr]

    def _backward(self, slope: Tensor, outputs: list[Tensor]) -> None:
        for number in range(len(self.layers) - 1, self.lowest - 1, -1):
            layer, x, output = self.layers[number], outputs[number], outputs[number + 1]
            slope = layer.backward(slope, x, output, self._store, number > self.lowest)

    def _store(self, name: str, slope: Tensor, x: Tensor) -> None:
        """Put a gradient where it is wanted: slope x^T of a kernel, the sum of the slopes of a bias (x None)."""
        into = self._into
        target = self.velocities[name] if into else self.targets[name]
        keep = (1.0 if self.momentum is None else self.momentum) if into else 0.0
        if x is not None and target[0].numel() >= SMALL_KERNEL:
            if len(x) == 1:
                torch.addmm(target[0], slope[0], x[0].t(), beta=keep, out=target[0])
            else:
                target.baddbmm_(slope, x.transpose(1, 2), beta=keep)
            return
        found = slope.sum(2) if x is None else torch.bmm(slope, x.transpose(1, 2))
        if not into:
            target.copy_(found)
        elif keep == 1.0:
            target.add_(found)
        else:
            torch.add(found, target, alpha=keep, out=target)


def _slope_of_difference(logits: Tensor, labels: Tensor, loss: str, smoothing: float) -> Tensor:
    """Derivative by the outputs of the mean squared or absolute difference of softmax and label."""
    p = torch.softmax(logits, -1)
    wanted = torch.nn.functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    difference = p - (wanted * (1 - smoothing) + smoothing / logits.shape[-1])
    by_p = (2 * difference if loss == "mse" else difference.sign()).div_(logits.shape[-1])
    return p * (by_p - (by_p * p).sum(-1, keepdim=True))
