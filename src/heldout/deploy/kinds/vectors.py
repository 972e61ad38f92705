"""Rows of any kind of data as numbers, in a bundle."""

from __future__ import annotations

from heldout.deploy.nodes import Kind, Node, Parts
from heldout.kinds.registry import KINDS as KINDS_OF_DATA
from heldout.prepare.vectors import ToVectors

_MAX_SIDE = 2**20
_MOST_AXES = 8


def _write(step: ToVectors) -> Parts:
    shape = [int(size) for size in step.input_shape_]
    return Parts({"data_kind": step.kind, "n_axes": len(shape), "input_shape": shape})


def _read(node: Node) -> ToVectors:
    step = ToVectors(node.choice("data_kind", tuple(KINDS_OF_DATA)))
    shape = node.items("input_shape", int, node.integer("n_axes", 1, _MOST_AXES))
    node.check(all(1 <= size <= _MAX_SIDE for size in shape), "input_shape must be 1 or more")
    step.input_shape_ = tuple(shape)
    return step


KINDS = (Kind("to-vectors", "heldout.prepare.vectors.ToVectors", _write, _read),)
