"""A net where rows of a shape come in: named layers, a body and a head, before any number is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

from heldout.errors import SettingError
from heldout.lines import hint
from heldout.nets.layers.base import Parameter, Shape, Step

#: Names of what the first layer gets (the rows, scaled and standardised), and of the last layer.
INPUT = "input"
OUTPUT = "output"
#: Stands for all layers of the body where layers are named.
BODY = "body"


@dataclass(frozen=True)
class LayerFacts:
    """What there is to know about a layer of a plan.

    Attributes
    ----------
    name : str
        Such as ``conv 1``, ``residual 1 conv 2`` or ``output``.
    layer : str
        In the layer language.
    shape : tuple of int
        What comes out, for one row.
    parameters, trained : int
        Values of its arrays, and of those that training changes.
    multiply_adds : int
        Multiplications of one row on the way forward.
    receptive_field : tuple of int
        Positions of the input, along each axis, that one position of the output depends on; zeros around the input
        (``same``) count as positions. Empty where the input is a vector.
    stride : tuple of int
        Positions of the input from one position of the output to the next.
    """

    name: str
    layer: str
    shape: Shape
    parameters: int
    trained: int
    multiply_adds: int
    receptive_field: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan(Sequence[Step]):
    """A net in its place; a sequence of the steps of its body, then of its head.

    Attributes
    ----------
    shape : (features,), (length, channels) or (height, width, channels)
        Of one row.
    body : tuple of Step
    head : tuple of Step
        Ends with ``output``, whose values are those before the softmax; empty in a plan without a head.
    """

    shape: Shape
    body: tuple[Step, ...]
    head: tuple[Step, ...] = ()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Body and head."""
        return (*self.body, *self.head)

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, number: int) -> Step: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, number: int | slice) -> Step | tuple[Step, ...]:
        return self.steps[number]

    def walk(self) -> Iterator[Step]:
        """Yield all steps and those within them, in order."""
        for step in self.steps:
            yield from step.walk()

    @property
    def after(self) -> Shape:
        """Shape of what comes out, for one row."""
        return self.steps[-1].after if self.steps else self.shape

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All arrays, in the order of the layers."""
        return tuple(p for step in self.walk() for p in step.parameters)

    @property
    def multiply_adds(self) -> int:
        """Multiplications of one row on the way forward (a training step costs about three times that)."""
        return sum(step.multiply_adds for step in self.steps)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all layers, in order."""
        return tuple(step.name for step in self.walk())

    def find(self, name: str) -> Step:
        """The step of a layer, by its name, or by its place in a file of an earlier version (``3.shortcut.0``).

        Raises
        ------
        SettingError
            If there is none.
        """
        name = self.old_names.get(name, name)
        for step in self.walk():
            if step.name == name:
                return step
        raise SettingError(
            f"the net has no layer {name!r}{hint(name, self.names)}", fix=f"layers: {', '.join(self.names)}"
        )

    def shape_of(self, name: str) -> Shape:
        """Shape of what a layer gives, for one row; of ``input``, of the row itself."""
        return self.shape if name == INPUT else self.find(name).after

    @cached_property
    def old_names(self) -> Mapping[str, str]:
        """Names of layers by their places, which were their names before they had others: ``3.0`` is in layer 3."""

        def pairs(steps: Sequence[Step], prefix: str) -> Iterator[tuple[str, str]]:
            for number, step in enumerate(steps):
                place = f"{prefix}{number}"
                yield place, step.name
                yield from pairs(step.body, f"{place}.")
                yield from pairs(step.shortcut, f"{place}.shortcut.")

        return dict(pairs([step for step in self.steps if step.name != OUTPUT], ""))

    @property
    def old_parameter_names(self) -> tuple[str, ...]:
        """Names of all arrays in files of an earlier version: place and role, ``3.kernel``."""
        places = {name: place for place, name in self.old_names.items()}
        return tuple(f"{places.get(step.name, step.name)}.{p.role}" for step in self.walk() for p in step.parameters)

    def freeze(self, names: Sequence[str]) -> Plan:
        """Keep the first values of the arrays of these layers, and of all within them; ``body`` is all but the head.

        Raises
        ------
        SettingError
            If a name is unknown.
        """
        if not names:
            return self
        chosen = {self.find(name).name for name in names if name != BODY}
        if BODY in names:
            chosen |= {step.name for step in self.body}
        body, head = (tuple(_freeze(step, chosen) for step in part) for part in (self.body, self.head))
        return replace(self, body=body, head=head)

    def describe(self) -> tuple[LayerFacts, ...]:
        """Facts of every layer, in order."""
        fields = dict(_fields(self.steps, (1,) * (len(self.shape) - 1), (1,) * (len(self.shape) - 1)))
        return tuple(
            LayerFacts(
                step.name,
                step.title,
                step.after,
                sum(p.size for p in step.parameters),
                sum(p.size for p in step.parameters if p.is_trained),
                step.own_multiply_adds,
                *fields[step.name],
            )
            for step in self.walk()
        )


Field = tuple[tuple[int, ...], tuple[int, ...]]


def _fields(steps: Sequence[Step], field: tuple[int, ...], stride: tuple[int, ...]) -> Iterator[tuple[str, Field]]:
    """Receptive field and stride of each step, and of those within, from those of what comes in."""
    for step in steps:
        if step.body:
            inner = dict(_fields(step.body, field, stride)) | dict(_fields(step.shortcut, field, stride))
            yield from inner.items()
            ends = [inner[part[-1].name] for part in (step.body, step.shortcut) if part]
            field, stride = tuple(map(max, zip(*(end[0] for end in ends), strict=True))), ends[0][1]
        else:
            window, strides = step.layer.window(step.before)
            field = tuple(f + (w - 1) * s for f, w, s in zip(field, window or (1,) * len(field), stride, strict=True))
            stride = tuple(a * b for a, b in zip(stride, strides or (1,) * len(stride), strict=True))
        yield step.name, (field, stride)


def _freeze(step: Step, names: set[str]) -> Step:
    if step.name in names:
        return step.freeze()
    body, shortcut = (tuple(_freeze(inner, names) for inner in part) for part in (step.body, step.shortcut))
    return replace(step, body=body, shortcut=shortcut)
