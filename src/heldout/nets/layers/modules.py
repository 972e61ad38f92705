"""The plain PyTorch modules of the layers, where PyTorch has none of its own; the rest are `torch.nn`'s."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

Tensor = Any


class Input(nn.Module):
    """Rows as they are stored, channels first, to what the first layer takes: scaled, and standardised by channel.

    Parameters
    ----------
    n_axes : int
        Axes after the channels: 2 of images, 1 of signals, 0 of vectors.
    scale, shift : tensor (n_channels,), or None
        Rows are multiplied by `scale`, and `shift` is added.
    """

    def __init__(self, n_axes: int, dtype: torch.dtype, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.dtype = dtype
        for name, values in (("scale", scale), ("shift", shift)):
            self.register_buffer(name, None if values is None else values.reshape(-1, *(1,) * n_axes))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, ...) of any type to the same shape, as floats."""
        x = x.to(self.dtype)
        x = x if self.scale is None else x * self.scale
        return x if self.shift is None else x + self.shift


class FlattenChannelsLast(nn.Module):
    """(n, C, H, W) -> (n, H * W * C), in the order of our rows."""

    def forward(self, x: Tensor) -> Tensor:
        """Also (n, C, L) -> (n, L * C)."""
        return x.movedim(1, -1).flatten(1)


class Sum(nn.Module):
    """The sum of what two modules make of the input."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Any shape that both take."""
        return self.body(x) + self.shortcut(x)


class MeanOfInside(nn.Module):
    """Average of windows over padded images, of what lies inside the image."""

    def __init__(self, window: tuple[int, ...], stride: tuple[int, ...], pads: list[int]) -> None:
        super().__init__()
        self.window, self.stride, self.pads = window, stride, pads

    def forward(self, x: Tensor) -> Tensor:
        """(n, C, H, W) or (n, C, L)."""
        pool = functional.avg_pool2d if len(self.window) == 2 else functional.avg_pool1d
        ones = functional.pad(torch.ones_like(x[:1, :1]), self.pads)
        return pool(functional.pad(x, self.pads), self.window, self.stride) / pool(ones, self.window, self.stride)


def pads_of(window: tuple[int, ...]) -> list[int]:
    """Positions before and after each axis that keep its size, as `torch.nn.functional.pad` takes them."""
    return [side for n in reversed(window) for side in ((n - 1) // 2, n // 2)]


def sequence(modules: dict[str, nn.Module]) -> nn.Sequential:
    """Modules one after the other, by name."""
    chain = nn.Sequential()
    for name, module in modules.items():
        chain.add_module(name, module)
    return chain


def set_values(module: nn.Module, **values: Tensor) -> nn.Module:
    """Copy values into the parameters and buffers of a module."""
    with torch.no_grad():
        for name, value in values.items():
            getattr(module, name).copy_(value)
    return module
