"""A net as a plan: its layers, their shapes and their parameters, before any number is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

from heldout.errors import SettingError
from heldout.nets import text as language
from heldout.nets.text import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Layer,
    Pool,
    Residual,
)

Shape = tuple[int, ...]

_MAX_PARAMETERS = 2**33


@dataclass(frozen=True)
class Parameter:
    """An array of a net.

    Attributes
    ----------
    name : str
        Layer and role, such as ``3.kernel``.
    shape : tuple of int
        Kernels of convolutions are (filters, height, width, channels), of dense layers (units, inputs).
    role : 'kernel', 'bias', 'scale', 'shift', 'mean' or 'variance'
        The last two are running statistics, not trained.
    fan_in, fan_out : int
        For initializers.
    init : str or None
        Initializer of this layer, if it has its own.
    l2 : float or None
        L2 of this layer, if it has its own.
    frozen : bool
        Keeps its first value.
    """

    name: str
    shape: Shape
    role: str
    fan_in: int = 0
    fan_out: int = 0
    init: str | None = None
    l2: float | None = None
    frozen: bool = False

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def is_trained(self) -> bool:
        """Whether gradients change it."""
        return self.role not in ("mean", "variance") and not self.frozen


@dataclass(frozen=True)
class Step:
    """A layer in its place: where it is, what comes in, what goes out, and its parameters.

    A residual part has the steps of its body, and those of its shortcut (none: the input itself).
    """

    name: str
    layer: Layer
    before: Shape
    after: Shape
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Step, ...] = ()
    shortcut: tuple[Step, ...] = ()

    def walk(self) -> Iterator[Step]:
        """Yield this step and all within it, in order."""
        yield self
        for step in (*self.body, *self.shortcut):
            yield from step.walk()

    @property
    def multiply_adds(self) -> int:
        """Multiplications of one row on the way forward."""
        inner = sum(step.multiply_adds for step in (*self.body, *self.shortcut))
        positions = prod(self.after[:-1]) if isinstance(self.layer, Conv | Dense) else 0
        kernel = next((p.size for p in self.parameters if p.role == "kernel"), 0)
        return inner + positions * kernel


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
        self.spec, self.layers = language.parse(spec)

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
        steps = _plan(self.spec, self.layers, tuple(int(n) for n in shape), prefix="")
        before = steps[-1].after if steps else tuple(shape)
        if len(before) != 1:
            end = len(self.spec)
            problem = f"the output layer needs one vector a row, but the net ends with shape {_show(before)}"
            raise language.complain(self.spec, end, 1, problem, "add ', flatten' or ', globalpool'")
        output = _dense("output", Dense(classes), before, (classes,))
        steps = (*steps, Step("output", Dense(classes), before, (classes,), output))
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
        rows = [("", "input", _show(tuple(shape)), "")]
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
    return step.name, _describe(step.layer), _show(step.after), f"{count:,}" if count else "0"


def _show(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _describe(layer: Layer) -> str:
    match layer:
        case Conv():
            text = f"conv {layer.filters} {'x'.join(map(str, layer.kernel))}"
            text += f" stride {layer.stride}" if layer.stride > 1 else ""
            return text + (" same" if layer.same else "") + (" frozen" if layer.frozen else "")
        case Dense():
            return f"dense {layer.units}" + (" frozen" if layer.frozen else "")
        case Activation():
            return layer.name
        case Pool():
            return f"{layer.kind}pool {layer.size}" + (f" stride {layer.stride}" if layer.stride != layer.size else "")
        case GlobalPool():
            return "globalpool" if layer.kind == "average" else "globalpool max"
        case Dropout():
            return f"dropout {layer.rate:g}"
        case _:
            return type(layer).__name__.lower()


def _plan(text: str, layers: Sequence[Layer], shape: Shape, prefix: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number, layer in enumerate(layers):
        step = _place(text, f"{prefix}{number}", layer, shape)
        steps.append(step)
        shape = step.after
    return tuple(steps)


def _place(text: str, name: str, layer: Layer, shape: Shape) -> Step:
    match layer:
        case Conv():
            return _place_conv(text, name, layer, shape)
        case Pool():
            _need_positions(text, layer, shape)
            after = tuple(_slide(text, layer, n, layer.size, layer.stride, layer.same) for n in shape[:-1])
            return Step(name, layer, shape, (*after, shape[-1]))
        case GlobalPool():
            _need_positions(text, layer, shape)
            return Step(name, layer, shape, shape[-1:])
        case Dense():
            after = (*shape[:-1], layer.units)
            return Step(name, layer, shape, after, _dense(name, layer, shape, after))
        case BatchNorm():
            roles = ("scale", "shift", "mean", "variance")
            arrays = tuple(Parameter(f"{name}.{r}", shape[-1:], r, frozen=layer.frozen) for r in roles)
            return Step(name, layer, shape, shape, arrays)
        case Flatten():
            if len(shape) == 1:
                raise _misfit(
                    text,
                    layer,
                    f"nothing to flatten: the rows are vectors of {shape[0]} already",
                    "remove it",
                )
            return Step(name, layer, shape, (prod(shape),))
        case Residual():
            return _place_residual(text, name, layer, shape)
        case _:
            return Step(name, layer, shape, shape)


def _place_conv(text: str, name: str, layer: Conv, shape: Shape) -> Step:
    _need_positions(text, layer, shape)
    n_axes = len(shape) - 1
    if len(layer.kernel) > n_axes:
        raise _misfit(text, layer, f"a kernel with two sides on signals of shape {_show(shape)}", "give one number")
    kernel = layer.kernel if len(layer.kernel) == n_axes else layer.kernel * n_axes
    after = tuple(_slide(text, layer, n, k, layer.stride, layer.same) for n, k in zip(shape[:-1], kernel, strict=True))
    sides = kernel if n_axes == 2 else (1, *kernel)
    window = prod(sides)
    fans = (window * shape[-1], window * layer.filters)
    arrays = _kernel_and_bias(name, layer, (layer.filters, *sides, shape[-1]), layer.filters, fans)
    return Step(name, replace(layer, kernel=sides), shape, (*after, layer.filters), arrays)


def _dense(name: str, layer: Dense, before: Shape, after: Shape) -> tuple[Parameter, ...]:
    return _kernel_and_bias(name, layer, (after[-1], before[-1]), after[-1], (before[-1], after[-1]))


def _kernel_and_bias(
    name: str, layer: Conv | Dense, shape: Shape, n_out: int, fans: tuple[int, int]
) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(f"{name}.{role}", form, role, *fans, layer.init, layer.l2, layer.frozen)
        for role, form in (("kernel", shape), ("bias", (n_out,)))
    )


def _place_residual(text: str, name: str, layer: Residual, shape: Shape) -> Step:
    body = _plan(text, layer.body, shape, f"{name}.")
    after = body[-1].after
    if after == shape:
        return Step(name, layer, shape, after, body=body)
    if len(after) != len(shape):
        raise _misfit(
            text,
            layer,
            f"the body turns {_show(shape)} into {_show(after)}: they cannot be added",
            "no flatten or globalpool inside",
        )
    shortcut = _shortcut(text, name, layer, shape, after)
    return Step(name, layer, shape, after, body=body, shortcut=shortcut)


def _shortcut(text: str, name: str, layer: Residual, shape: Shape, after: Shape) -> tuple[Step, ...]:
    """Bring the input to the body's shape by a 1x1 convolution, or a dense layer (He et al. 2015, option B)."""
    if len(shape) == 1:
        layers: list[Layer] = [Dense(after[0], at=layer.at)]
    else:
        stride = next(
            (
                s
                for s in range(1, shape[0] + 1)
                if all(-(-n // s) == m for n, m in zip(shape[:-1], after[:-1], strict=True))
            ),
            0,
        )
        if not stride:
            problem = f"the body turns {_show(shape)} into {_show(after)}: no stride of a 1x1 convolution does the same"
            raise _misfit(text, layer, problem, "use 'same' in the body's convolutions and pools")
        layers = [Conv(after[-1], (1,), stride, same=True, at=layer.at)]
    if any(isinstance(inner, BatchNorm) for inner in layer.body):
        layers.append(BatchNorm(at=layer.at))
    return _plan(text, layers, shape, f"{name}.shortcut.")


def _need_positions(text: str, layer: Layer, shape: Shape) -> None:
    if len(shape) == 1:
        problem = f"{_describe(layer)} needs an image or a signal, but gets vectors of {shape[0]}"
        raise _misfit(text, layer, problem, "put it before 'flatten', or give rows with positions and channels")


def _slide(text: str, layer: Layer, n: int, window: int, stride: int, same: bool) -> int:
    """Positions of a window along an axis of length n."""
    if same:
        return -(-n // stride)
    if window > n:
        problem = f"a window of {window} is larger than what comes in ({n})"
        raise _misfit(text, layer, problem, "a smaller window, 'same', or fewer poolings before it")
    return (n - window) // stride + 1


def _misfit(text: str, layer: Layer, problem: str, fix: str) -> SettingError:
    length = next((i for i, c in enumerate(text[layer.at :]) if c in " ,()"), len(text) - layer.at)
    return language.complain(text, layer.at, length, problem, fix)
