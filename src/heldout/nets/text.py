"""The layer language: one readable line that says what a net is made of.

``conv 32 3, relu, maxpool 2, flatten, dense 128, relu, dropout 0.5``: layers in the order of the data, separated by
commas, each a word followed by its numbers and options. The output layer is implied. The words live with their layers
(`heldout.nets.layers`).
"""

from __future__ import annotations

from collections.abc import Sequence

from heldout.lines import Item, Language
from heldout.nets.layers import LAYERS, layer_of
from heldout.nets.layers.base import Layer


def language() -> Language:
    """All words that a net may be made of."""
    words = {word.name: word for layer in LAYERS for word in layer.WORDS}
    return Language(words, of="the net", step="layer", may_be_empty=True, most=2_000, length=100_000)


def parse(spec: str | Sequence[str]) -> tuple[str, tuple[Layer, ...]]:
    """Read a net: returns the text as one line, and its layers.

    Parameters
    ----------
    spec : str or list of str
        One line, or a list with one or more layers an item.

    Raises
    ------
    SettingError
        For an unknown word, a missing or impossible number; points at the place.
    """
    line = language().parse(spec)
    return line.text, _layers(line.items)


def _layers(items: Sequence[Item]) -> tuple[Layer, ...]:
    return tuple(layer_of(item.word).read(item, _layers(item.body)) for item in items)
