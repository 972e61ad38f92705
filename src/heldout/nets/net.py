"""Nets: what is written in the layer language, and what comes of it for rows of a shape."""

from __future__ import annotations

from collections.abc import Sequence

from heldout.errors import SettingError
from heldout.lines import complain, hint
from heldout.nets.layers.base import Layer, Parameter, Shape, show
from heldout.nets.layers.dense import Dense
from heldout.nets.layers.placing import Names, place_all
from heldout.nets.plan import OUTPUT, LayerFacts, Plan
from heldout.nets.text import parse

_MAX_PARAMETERS = 2**33


class Net:
    """A net in the layer language.

    Layers are named by their word and their number among the layers of that word: ``conv 1``, ``relu 1``, ``conv 2``;
    within residual parts ``residual 1 conv 1``, on their shortcuts ``residual 1 shortcut conv 1``. The last layer,
    which the text does not name, is ``output``.

    Parameters
    ----------
    spec : str, list of str or Net
        Such as ``"conv 32 3, relu, maxpool 2, flatten, dense 128, relu"``; the output layer is implied.
        An empty text is a linear (softmax) classifier.
    head : str or list of str
        Layers between those and the output layer that count as its head: a body that was trained before can be
        frozen as ``body``.

    Raises
    ------
    SettingError
        If the text cannot be read; it points at the word that is wrong.

    Examples
    --------
    >>> net = Net("conv 32 3, relu, conv 64 3, relu, maxpool 2, flatten, dense 128, relu")
    >>> net.count((28, 28, 1), 10)
    1199882
    >>> [facts.name for facts in net.layers_of((28, 28, 1), 10)][:3]
    ['conv 1', 'relu 1', 'conv 2']
    """

    def __init__(self, spec: str | Sequence[str] | Net = "", head: str | Sequence[str] = "") -> None:
        if isinstance(spec, Net):
            head = _one_head(spec.head, head)
            spec = spec.spec
        self.spec: str
        self.head: str
        self.layers: tuple[Layer, ...]
        self.head_layers: tuple[Layer, ...]
        self.spec, self.layers = parse(spec)
        self.head, self.head_layers = parse(head)

    def __repr__(self) -> str:
        return f"Net({self.spec!r}, head={self.head!r})" if self.head else f"Net({self.spec!r})"

    def __str__(self) -> str:
        return ", ".join(part for part in (self.spec, self.head) if part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Net) and (self.layers, self.head_layers) == (other.layers, other.head_layers)

    def __hash__(self) -> int:
        return hash((self.layers, self.head_layers))

    def cut(self, after: str) -> Net:
        """The net up to one of its layers, without a head.

        Raises
        ------
        SettingError
            If there is no such layer, or it stands within another.
        """
        names = Names()
        known = [names.next(layer) for layer in self.layers]
        if after not in known:
            raise SettingError(
                f"the net has no layer {after!r} to be cut after{hint(after, known)}", fix=f"layers: {', '.join(known)}"
            )
        rest = self.layers[known.index(after) + 1 :]
        return Net(self.spec[: rest[0].at].rstrip(" ,") if rest else self.spec)

    def plan(self, shape: Shape, classes: int | None = None) -> Plan:
        """The net for rows of this shape.

        Parameters
        ----------
        shape : (features,), (length, channels) or (height, width, channels)
        classes : int, optional
            Units of the output layer. Without them there is no head, and images may come out.

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
        shape, names = tuple(int(n) for n in shape), Names()
        plan = Plan(shape, place_all(self.layers, shape, self.spec, names))
        if classes is not None:
            plan = Plan(shape, plan.body, place_all(self.head_layers, plan.after, self.head, names))
            text = self.head or self.spec
            if len(plan.after) != 1:
                problem = f"the output layer needs one vector a row, but the net ends with shape {show(plan.after)}"
                raise complain(text, len(text), 1, problem, "add ', flatten' or ', globalpool'", of="the net")
            plan = Plan(shape, plan.body, (*plan.head, Dense(classes).place(OUTPUT, plan.after, text)))
        total = sum(p.size for p in plan.parameters)
        if total > _MAX_PARAMETERS:
            raise SettingError(f"the net has {total:,} parameters", fix=f"at most {_MAX_PARAMETERS:,}: pool or shrink")
        return plan

    def parameters(self, shape: Shape, classes: int | None = None) -> tuple[Parameter, ...]:
        """All arrays of the net, in the order of its layers."""
        return self.plan(shape, classes).parameters

    def count(self, shape: Shape, classes: int | None = None) -> int:
        """Number of parameters, the running statistics of batch norms included."""
        return sum(p.size for p in self.parameters(shape, classes))

    def count_trained(self, shape: Shape, classes: int | None = None) -> int:
        """Number of parameters that training changes."""
        return sum(p.size for p in self.parameters(shape, classes) if p.is_trained)

    def multiply_adds(self, shape: Shape, classes: int | None = None) -> int:
        """Multiplications of one row on the way forward (a training step costs about three times that)."""
        return self.plan(shape, classes).multiply_adds

    def layers_of(self, shape: Shape, classes: int | None = None) -> tuple[LayerFacts, ...]:
        """Name, output shape, counts and receptive field of every layer, in order."""
        return self.plan(shape, classes).describe()

    def summary(self, shape: Shape, classes: int | None = None) -> str:
        """Table of the layers: name, what it is, output shape and parameters."""
        layers = self.layers_of(shape, classes)
        rows = [("layer", "what", "output", "parameters"), ("input", "", show(tuple(shape)), "")]
        rows += [(one.name, one.layer, show(one.shape), f"{one.parameters:,}") for one in layers]
        total, trained = sum(one.parameters for one in layers), sum(one.trained for one in layers)
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}".rstrip() for a, b, c, d in rows
        ]
        rule = "-" * max(map(len, lines))
        ending = f"parameters: {total:,}, of which {trained:,} trained"
        return "\n".join([lines[0], rule, *lines[1:], rule, ending])


def _one_head(of_the_net: str, given: str | Sequence[str]) -> str | Sequence[str]:
    """The head that a net has, or the one that it is given."""
    if of_the_net and given and of_the_net != given:
        raise SettingError(f"the net has a head already: {of_the_net!r}", fix="Net(net.spec, head=...)")
    return given or of_the_net
