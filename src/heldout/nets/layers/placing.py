"""Layers one after the other, each where the one before it ends, with names that people can say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from heldout.nets.layers.base import Layer, Shape, Step, Window


class Names:
    """Names of layers: the word, and its number among the layers of that word (``conv 1``, ``conv 2``, ``relu 1``).

    Parameters
    ----------
    prefix : str
        Of layers within another: ``residual 1 conv 2`` is the second convolution in the first residual part.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self._counts: Counter[str] = Counter()

    def next(self, layer: Layer) -> str:
        """Name of the next layer."""
        word = layer.word.name
        self._counts[word] += 1
        return f"{self.prefix}{word} {self._counts[word]}"


def place_all(layers: Sequence[Layer], shape: Shape, text: str, names: Names) -> tuple[Step, ...]:
    """Steps of layers for rows of a shape; `text` is the net's, for messages.

    Raises
    ------
    SettingError
        If a layer does not fit; it points at the layer.
    """
    steps: list[Step] = []
    for layer in layers:
        step = layer.place(names.next(layer), shape, text)
        steps.append(step)
        shape = step.after
    return tuple(steps)


def spread_all(steps: Sequence[Step], shape: Shape, window: Window) -> tuple[tuple[Step, ...], Window]:
    """Steps of the same layers for larger images, where vectors become images as well (see `Layer.spread`)."""
    found: list[Step] = []
    for step in steps:
        spread, window = step.layer.spread(step, shape, window)
        found.append(spread)
        shape = spread.after
    return tuple(found), window
