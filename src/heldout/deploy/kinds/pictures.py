"""Preparation of pictures in a bundle: cropped, resized, grey, coloured, as rows of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heldout.deploy.nodes import Kind, Node, Parts
from heldout.prepare.images import FlattenPixels
from heldout.prepare.pictures import MAX_SIDE, CentreCrop, ResizeImages, ToColour, ToGrey

_MAX_SIDE = 2**20


def _write_flatten(step: FlattenPixels) -> Parts:
    return Parts({"input_shape": [int(size) for size in step.input_shape_]})


def _read_flatten(node: Node) -> FlattenPixels:
    step = FlattenPixels()
    step.input_shape_ = _shape(node)
    return step


def _shape(node: Node) -> tuple[int, ...]:
    shape = tuple(node.items("input_shape", int, 3))
    node.check(all(1 <= size <= _MAX_SIDE for size in shape), "input_shape must be 1 or more")
    return shape


def _write(step: Any) -> Parts:
    sides = {name: int(getattr(step, name)) for name in ("height", "width") if hasattr(step, name)}
    return Parts({"input_shape": [int(size) for size in step.input_shape_], **sides})


def _reader(maker: Any, *, sized: bool) -> Callable[[Node], Any]:
    def read(node: Node) -> Any:
        shape = _shape(node)
        step = maker(*(node.integer(name, 1, MAX_SIDE) for name in ("height", "width"))) if sized else maker()
        step.check_shape(shape)
        step.input_shape_ = shape
        return step

    return read


_HOME = "heldout.prepare.pictures"
KINDS = (
    Kind("flatten-pixels", "heldout.prepare.images.FlattenPixels", _write_flatten, _read_flatten),
    Kind("centre-crop", f"{_HOME}.CentreCrop", _write, _reader(CentreCrop, sized=True)),
    Kind("resize", f"{_HOME}.ResizeImages", _write, _reader(ResizeImages, sized=True)),
    Kind("to-grey", f"{_HOME}.ToGrey", _write, _reader(ToGrey, sized=False)),
    Kind("to-colour", f"{_HOME}.ToColour", _write, _reader(ToColour, sized=False)),
)
