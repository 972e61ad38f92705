"""Layers one after the other, each where the one before it ends."""

from __future__ import annotations

from collections.abc import Sequence

from heldout.nets.layers.base import Layer, Shape, Step


def place_all(layers: Sequence[Layer], shape: Shape, text: str, *, prefix: str = "") -> tuple[Step, ...]:
    """Steps of layers for rows of a shape; `text` is the net's, for messages, and `prefix` begins every name.

    Raises
    ------
    SettingError
        If a layer does not fit; it points at the layer.
    """
    steps: list[Step] = []
    for number, layer in enumerate(layers):
        step = layer.place(f"{prefix}{number}", shape, text)
        steps.append(step)
        shape = step.after
    return tuple(steps)
