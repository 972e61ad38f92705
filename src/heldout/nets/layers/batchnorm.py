"""Batch normalisation (Ioffe and Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from heldout.errors import SettingError
from heldout.lines import Number, Option, Word
from heldout.nets.layers.base import Layer, Parameter, Replicates, Shape, Step, Tensor, Window
from heldout.nets.layers.batch import Batch
from heldout.nets.layers.options import FROZEN


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Normalisation by the batch; `momentum` is the share of the old running mean that is kept at each step.

    Frozen, it uses its running statistics in training as well, and does not change them.
    """

    WORDS: ClassVar = (
        Word(
            "batchnorm",
            "subtracts the mean of the batch and divides by its standard deviation, by channel; then scales and shifts",
            options=(
                Option("momentum", Number("m", 0, 1, below=True, about="the momentum"), 0.9),
                Option("epsilon", Number("e", 0, 1, above=True, about="the epsilon"), 1e-5),
                FROZEN,
            ),
        ),
    )
    is_passive: ClassVar = True
    owns_output: ClassVar = True

    momentum: float = 0.9
    epsilon: float = 1e-5
    frozen: bool = False

    def freeze(self) -> Self:
        """Keep the first values of the arrays."""
        return replace(self, frozen=True)

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Scale, shift and two running statistics for each channel (of vectors: feature)."""
        roles = ("scale", "shift", "mean", "variance")
        arrays = tuple(Parameter(f"{name}.{role}", shape[-1:], role, frozen=self.frozen) for role in roles)
        return Step(name, self, shape, shape, arrays)

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """BatchNorm1d or BatchNorm2d, whose momentum is the share of the new statistics."""
        from torch import nn

        from heldout.nets.layers.modules import set_values

        scale, shift, mean, variance = (arrays[p.name] for p in step.parameters)
        made = nn.BatchNorm2d if len(step.before) == 3 else nn.BatchNorm1d
        norm = made(step.before[-1], self.epsilon, 1 - self.momentum, dtype=scale.dtype)
        return set_values(norm, weight=scale, bias=shift, running_mean=mean, running_var=variance)

    def spread(self, step: Step, shape: Shape, window: Window) -> tuple[Step, Window]:
        """The same, where a channel was a feature."""
        if len(step.before) == 1 and any(n > 1 for n in window):
            raise SettingError(
                f"{step.name} normalises each position of an image by itself, so it has no form for larger images",
                fix="put batchnorm before flatten",
            )
        return super().spread(step, shape, window)

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """All replicates' channels at once; in training, the running statistics follow those of the batch."""
        import torch

        scale, shift, mean, variance = (stack.views[p.name] for p in step.parameters)
        is_vector = x.dim() == 3
        if is_vector:  # (R, n, F) -> (n, R * F)
            x = x.transpose(0, 1).reshape(x.shape[1], -1)
        if batch.training and not self.frozen:
            if batch.mask is None:
                out, now_mean, inverse = torch.native_batch_norm(
                    x, scale.reshape(-1), shift.reshape(-1), None, None, True, 0.0, self.epsilon
                )
                now_variance = inverse.detach() ** -2 - self.epsilon
            else:
                out, now_mean, now_variance = self._masked(x, scale, shift, batch.mask)
            self._follow(mean, now_mean.detach(), batch.active)
            self._follow(variance, now_variance, batch.active)
        else:
            arrays = (array.reshape(-1) for array in (mean, variance, scale, shift))
            out = torch.nn.functional.batch_norm(x, *arrays, False, 0.0, self.epsilon)
        return out.view(len(x), stack.n_replicates, -1).transpose(0, 1) if is_vector else out

    def _follow(self, running: Tensor, now: Tensor, active: Tensor) -> None:
        """Move a running statistic towards that of the batch, in the replicates that take the step."""
        import torch

        with torch.no_grad():
            new = self.momentum * running + (1 - self.momentum) * now.view(running.shape).to(running.dtype)
            running.copy_(new if active is None else torch.where(active[:, None], new, running))

    def _masked(self, x: Tensor, scale: Tensor, shift: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalisation where the replicates' batches have filling at their ends."""
        n_channels = scale.shape[1]
        weight = mask.t().repeat_interleave(n_channels, 1)  # (n, R * C)
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        if x.dim() == 4:
            weight = weight[:, :, None, None].expand(-1, -1, *x.shape[2:])
        count = weight.sum(axes, keepdim=True).clamp(min=1)
        mean = (x * weight).sum(axes, keepdim=True) / count
        centred = x - mean
        variance = (centred * centred * weight).sum(axes, keepdim=True) / count
        form = (1, -1, 1, 1) if x.dim() == 4 else (1, -1)
        out = centred * (variance + self.epsilon).rsqrt() * scale.reshape(form) + shift.reshape(form)
        return out, mean.flatten(), variance.detach().flatten()
