"""A net as a plan: its layers, their shapes and their parameters, before any number is computed."""

from __future__ import annotations

from collections.abc import Sequence

from heldout.errors import SettingError
from heldout.lines import complain
from heldout.nets.layers.base import Layer, Parameter, Shape, Step, show
from heldout.nets.layers.dense import Dense
from heldout.nets.layers.placing import place_all
from heldout.nets.text import parse

_MAX_PARAMETERS = 2**33


class Net:
    """A net in the layer language.

    Parameters
    ----------
    spec : str or list of str
        Such as ``"conv 32 3, relu, maxpool 2, flatten, dense 128, relu"``; the output layer is implied.
        An empty text is a linear (softmax) classifier.

    Raises
    ------
    SettingError
        If the text cannot be read; it points at the word that is wrong.

    Examples
    --------
    >>> Net("conv 32 3, relu, conv 64 3, relu, maxpool 2, flatten, dense 128, relu").count((28, 28, 1), 10)
    1199882
    """

    def __init__(self, spec: str | Sequence[str] | Net = "") -> None:
        if isinstance(spec, Net):
            spec = spec.spec
        self.spec: str
        self.layers: tuple[Layer, ...]
        self.spec, self.layers = parse(spec)

    def __repr__(self) -> str:
        return f"Net({self.spec!r})"

    def __str__(self) -> str:
        return self.spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Net) and self.layers == other.layers

    def __hash__(self) -> int:
        return hash(self.layers)

    def plan(self, shape: Shape, classes: int) -> tuple[Step, ...]:
        """Steps of the net for rows of this shape, the output layer included.

        Parameters
        ----------
        shape : (features,), (length, channels) or (height, width, channels)
        classes : int
            Units of the output layer.

        Raises
        ------
        SettingError
            If the net does not fit the shape; it points at the layer.
        """
        if not 1 <= len(shape) <= 3 or min(shape) < 1:
            raise SettingError(
                f"rows of shape {tuple(shape)}",
                fix="(features,), (length, channels) or (height, width, channels), each at least 1",
            )
        steps = place_all(self.layers, tuple(int(n) for n in shape), self.spec)
        before = steps[-1].after if steps else tuple(shape)
        if len(before) != 1:
            problem = f"the output layer needs one vector a row, but the net ends with shape {show(before)}"
            raise complain(self.spec, len(self.spec), 1, problem, "add ', flatten' or ', globalpool'", of="the net")
        steps = (*steps, Dense(classes).place("output", before, self.spec))
        total = sum(p.size for step in steps for inner in step.walk() for p in inner.parameters)
        if total > _MAX_PARAMETERS:
            raise SettingError(f"the net has {total:,} parameters", fix=f"at most {_MAX_PARAMETERS:,}: pool or shrink")
        return steps

    def parameters(self, shape: Shape, classes: int) -> tuple[Parameter, ...]:
        """All arrays of the net, in the order of its layers."""
        return tuple(p for s in self.plan(shape, classes) for inner in s.walk() for p in inner.parameters)

    def count(self, shape: Shape, classes: int) -> int:
        """Number of parameters, the running statistics of batch norms included."""
        return sum(p.size for p in self.parameters(shape, classes))

    def count_trained(self, shape: Shape, classes: int) -> int:
        """Number of parameters that training changes."""
        return sum(p.size for p in self.parameters(shape, classes) if p.is_trained)

    def multiply_adds(self, shape: Shape, classes: int) -> int:
        """Multiplications of one row on the way forward (a training step costs about three times that)."""
        return sum(step.multiply_adds for step in self.plan(shape, classes))

    def summary(self, shape: Shape, classes: int) -> str:
        """Table of layer, output shape and parameters."""
        plan = self.plan(shape, classes)
        rows = [("", "input", show(tuple(shape)), "")]
        rows += [_row(step) for outer in plan for step in outer.walk()]
        rows = [("layer", "what", "output", "parameters"), *rows]
        total, trained = self.count(shape, classes), self.count_trained(shape, classes)
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}".rstrip() for a, b, c, d in rows
        ]
        rule = "-" * max(map(len, lines))
        ending = f"parameters: {total:,}, of which {trained:,} trained"
        return "\n".join([lines[0], rule, *lines[1:], rule, ending])


def _row(step: Step) -> tuple[str, str, str, str]:
    count = sum(p.size for p in step.parameters)
    what = str(step.layer).partition("(")[0] if step.body else str(step.layer)
    return step.name, what, show(step.after), f"{count:,}"
