"""Gradients of nets of dense layers, written out.

The same function as through autograd (a test holds both together), at a third of the calls: small nets are bound by
calls, not by arithmetic. Outputs are (replicates, units, rows), the order in which the products of small batches are
fastest (measured with MKL: 41 against 32 billion multiply-adds a second on a core). For SGD with momentum the product
of a large kernel's gradient adds straight into the velocity, so that a gradient as large as the weights is neither
written nor read (Rumelhart, Hinton, Williams 1986 for the equations; chapter 10 of the course).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from heldout.nets.fit.losses import row_losses
from heldout.nets.net import Step
from heldout.nets.stack import SMALL_KERNEL, parameter_views
from heldout.nets.text import Activation, Dense, Dropout, Flatten

if TYPE_CHECKING:
    from heldout.nets.fit.epoch import StepBatch
    from heldout.nets.fit.run import Run

Tensor = Any

_ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")


@dataclass
class _Layer:
    """A step with what its way back needs."""

    step: Step
    kernel: Tensor = None  # (R, units, inputs)
    bias: Tensor = None
    names: tuple[str, str] = ("", "")  # of kernel and bias; "" where frozen


def is_dense(plan: Sequence[Step]) -> bool:
    """Whether a net has only dense layers, dropout and activations whose derivative follows from their output."""
    steps = plan[1:] if plan and isinstance(plan[0].layer, Flatten) else plan
    return all(
        isinstance(step.layer, Dropout)
        or (isinstance(step.layer, Dense) and len(step.before) == 1)
        or (isinstance(step.layer, Activation) and step.layer.name in _ACTIVATIONS)
        for step in steps
    )


class DenseGradient:
    """Way forward and back of a stack of dense nets.

    Parameters
    ----------
    run : Run
        Its plan must satisfy `is_dense`.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.stack = run, run.stack
        self.targets = dict(run.stack.gradient_views)
        s = run.settings
        self.into_velocity = s.optimizer == "sgd" and not s.nesterov and run.clip is None and run.l2 is None
        if self.into_velocity:
            self.velocities = parameter_views(run.optimizer["velocity"], run.stack.trained)
            first = run.members[0].job.settings.momentum
            self.momentum = first if all(m.job.settings.momentum == first for m in run.members) else None
        steps = [step for step in run.stack.steps if not isinstance(step.layer, Flatten)]
        self.layers = [self._layer(step) for step in steps]
        self.lowest = next(i for i, layer in enumerate(self.layers) if any(layer.names))
        self._buffers: dict[tuple[int, ...], Tensor] = {}

    def _layer(self, step: Step) -> _Layer:
        if not isinstance(step.layer, Dense):
            return _Layer(step)
        kernel, bias = (self.stack.views[p.name].detach() for p in step.parameters)
        names = tuple(p.name if p.is_trained else "" for p in step.parameters)
        return _Layer(step, kernel, bias, (names[0], names[1]))

    def __call__(self, rows: Tensor, batch: StepBatch) -> tuple[Tensor, bool]:
        """Gradient as one block, and whether the velocity has it already; rows (replicates, rows, values)."""
        with torch.no_grad():
            into = self.into_velocity and batch.still is None
            outputs, masks = self._forward(rows, batch)
            slope = self._loss(outputs[-1], batch)
            if into:
                self._slow_down()
                slope.mul_(batch.lr[:, :, None]).neg_()
            self._backward(slope, outputs, masks, into)
        return self.stack.gradient, into

    def _forward(self, rows: Tensor, batch: StepBatch) -> tuple[list[Tensor], dict[int, Tensor]]:
        """Output of every layer, (replicates, units, rows), the rows first, and the masks of dropout."""
        x = rows.transpose(1, 2)
        outputs, masks = [x], {}
        for number, layer in enumerate(self.layers):
            kind = layer.step.layer
            if isinstance(kind, Dense):
                out = self._buffer(number, layer.kernel.shape[1], x.shape[2])
                if len(x) == 1:
                    torch.addmm(layer.bias[0, :, None], layer.kernel[0], x[0], out=out[0])
                else:
                    torch.baddbmm(layer.bias[:, :, None], layer.kernel, x, out=out)
                x = out
            elif isinstance(kind, Activation):
                after_one = number > 0 and isinstance(self.layers[number - 1].step.layer, Activation)
                x = _activate(kind.name, x, in_place=number > 0 and not after_one)
            else:
                masks[number] = self.stack.keep_mask(layer.step, x.transpose(1, 2), batch.state).transpose(1, 2)
                x = x * masks[number]
            outputs.append(x)
        return outputs, masks

    def _buffer(self, number: int, n_units: int, n_rows: int) -> Tensor:
        """Memory for a layer's output, the same at every step."""
        key = (number, n_rows)
        if key not in self._buffers:
            shape = (self.stack.n_replicates, n_units, n_rows)
            self._buffers[key] = torch.empty(shape, device=self.stack.device, dtype=self.stack.dtype)
        return self._buffers[key]

    def _loss(self, logits: Tensor, batch: StepBatch) -> Tensor:
        """Add the losses of the batch to the run's sums; return their derivative by the outputs."""
        s, run = self.run.settings, self.run
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
        run.loss_sums += (losses * batch.weights).sum(1) * batch.counts
        return slope.mul_(batch.weights[:, None])

    def _slow_down(self) -> None:
        """Multiply the velocities by the momentum, unless the products do so themselves."""
        if self.momentum is None:
            self.run.optimizer["velocity"].mul_(self.run.momentum)

    def _backward(self, slope: Tensor, outputs: list[Tensor], masks: dict[int, Tensor], into: bool) -> None:
        for number in range(len(self.layers) - 1, self.lowest - 1, -1):
            layer, x = self.layers[number], outputs[number]
            kind = layer.step.layer
            if isinstance(kind, Dense):
                self._store(layer.names[1], slope, None, into)
                self._store(layer.names[0], slope, x, into)
                if number > self.lowest:
                    slope = torch.bmm(layer.kernel.transpose(1, 2), slope)
            elif isinstance(kind, Activation):
                slope = _through_activation(kind.name, slope, outputs[number + 1])
            else:
                slope = slope.mul_(masks[number])

    def _store(self, name: str, slope: Tensor, x: Tensor, into: bool) -> None:
        """Put a gradient where it is wanted: slope x^T of a kernel, the sum of the slopes of a bias (x None)."""
        if not name:
            return
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


def _activate(name: str, x: Tensor, *, in_place: bool) -> Tensor:
    """Activation of x, written over it where nobody needs what was there."""
    if name == "linear":
        return x
    function = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[name]
    if not in_place:
        return function(x)
    return {"relu": torch.relu_, "tanh": torch.tanh_, "sigmoid": torch.sigmoid_}[name](x)


def _through_activation(name: str, slope: Tensor, output: Tensor) -> Tensor:
    """Slope times the derivative of an activation, from its output."""
    if name == "relu":
        return torch.ops.aten.threshold_backward(slope, output, 0)
    if name == "tanh":
        return torch.ops.aten.tanh_backward(slope, output)
    if name == "sigmoid":
        return torch.ops.aten.sigmoid_backward(slope, output)
    return slope


def _slope_of_difference(logits: Tensor, labels: Tensor, loss: str, smoothing: float) -> Tensor:
    """Derivative by the outputs of the mean squared or absolute difference of softmax and label."""
    p = torch.softmax(logits, -1)
    wanted = torch.nn.functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    difference = p - (wanted * (1 - smoothing) + smoothing / logits.shape[-1])
    by_p = (2 * difference if loss == "mse" else difference.sign()).div_(logits.shape[-1])
    return p * (by_p - (by_p * p).sum(-1, keepdim=True))
