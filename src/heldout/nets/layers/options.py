"""Options that several layers have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heldout.nets.layers.base import INITIALIZERS, Reader


def flag(reader: Reader) -> bool:
    """An option without a value."""
    return True


def stride(reader: Reader) -> int:
    """Positions from one window to the next."""
    return reader.whole("the stride")


def _initializer(reader: Reader) -> str:
    return reader.one_of("an initializer", INITIALIZERS)


def number_of(name: str, *, below_1: bool = False, above_0: bool = False) -> Callable[[Reader], float]:
    """A number from 0."""

    def read(reader: Reader) -> float:
        value = reader.number(f"the value of {name}")
        if value < 0 or (below_1 and value >= 1) or (above_0 and value == 0):
            raise reader.refuse(f"{name} {value:g} is out of range", "momentum in [0, 1), l2 >= 0, epsilon > 0")
        return value

    return read


#: Options of layers with a kernel.
KERNEL_OPTIONS: Mapping[str, Callable[[Reader], Any]] = {
    "init": _initializer,
    "l2": number_of("l2"),
    "frozen": flag,
}


def kernel_options_text(layer: Any) -> str:
    """The options of `KERNEL_OPTIONS` that a layer has, in the layer language."""
    text = "" if layer.init is None else f" init {layer.init}"
    text += "" if layer.l2 is None else f" l2 {layer.l2!r}"
    return text + (" frozen" if layer.frozen else "")
