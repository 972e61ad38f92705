"""Options that several layers have."""

from __future__ import annotations

from heldout.lines import Choice, Number, Option

#: Largest number of filters, units or positions of a window.
MOST = 1_000_000

INITIALIZERS = ("glorot", "glorot-biases", "he", "xavier", "small-uniform", "small-gaussian")

_STRIDE = Number("s", 1, MOST, whole=True, about="the stride")
#: Positions from one window to the next: 1, or side by side.
STRIDE = Option("stride", _STRIDE, 1)
STRIDE_OF_SIZE = Option("stride", _STRIDE)
SAME = Option("same")
FROZEN = Option("frozen")
#: Of layers with a kernel.
KERNEL_OPTIONS = (
    Option("init", Choice("init", INITIALIZERS, name="NAME", about="an initializer")),
    Option("l2", Number("value", 0, about="the value of l2")),
    FROZEN,
)
