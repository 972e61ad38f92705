"""What every layer of a net is: its words, its place in a net with its arrays, and its way forward.

Nothing here, and in no layer's file at import, needs PyTorch: a net can be read, placed and counted without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from heldout.errors import SettingError
from heldout.lines import Item, Word, complain

if TYPE_CHECKING:
    from heldout.nets.layers.batch import Batch

Shape = tuple[int, ...]
Window = tuple[int, ...]
Tensor = Any


@dataclass(frozen=True)
class Parameter:
    """An array of a net.

    Attributes
    ----------
    name : str
        Layer and role, such as ``conv 1.kernel``.
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
    """A layer in its place: its name, what comes in, what goes out, and its parameters.

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
        """Multiplications of one row on the way forward: those of the kernels, at every position."""
        return self.own_multiply_adds + sum(step.multiply_adds for step in (*self.body, *self.shortcut))

    @property
    def own_multiply_adds(self) -> int:
        """Those of this layer's own kernel."""
        kernel = next((p.size for p in self.parameters if p.role == "kernel"), 0)
        return kernel * prod(self.after[:-1])

    @property
    def title(self) -> str:
        """The layer in the layer language, without those within it."""
        return self.layer.word.name if self.body else str(self.layer)

    def freeze(self) -> Step:
        """Keep the first values of all arrays, here and within."""
        return replace(
            self,
            layer=self.layer.freeze(),
            parameters=tuple(replace(p, frozen=True) for p in self.parameters),
            body=tuple(inner.freeze() for inner in self.body),
            shortcut=tuple(inner.freeze() for inner in self.shortcut),
        )


class Replicates(Protocol):
    """What a layer sees of the stack of replicates that it computes in.

    Attributes
    ----------
    views : mapping of str to tensor (n_replicates, *shape)
        Every array of the net by name; `gradient_views` are where gradients of trained ones are wanted.
    random_numbers : mapping of str to int
        The number of each layer that draws at random, by name.
    words : heldout.nets.fit.streams.Words
        Random words on the device.
    """

    n_replicates: int
    views: dict[str, Tensor]
    gradient_views: dict[str, Tensor]
    random_numbers: dict[str, int]
    words: Any
    device: Any
    dtype: Any

    def through(self, steps: Sequence[Step], x: Tensor, batch: Batch) -> Tensor:
        """Output of some steps, one after the other."""


class ByHand(Protocol):
    """A layer of a net of vectors with its gradient written out; values are (n_replicates, units, n_rows).

    Attributes
    ----------
    is_trained : bool
        Whether it stores gradients.
    output_is_free : bool
        Whether the next layer may write over its output.
    """

    is_trained: bool
    output_is_free: bool

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Output; what the way back needs is kept."""

    def backward(self, slope: Tensor, x: Tensor, output: Tensor, store: Callable[..., None], goes_on: bool) -> Tensor:
        """Slope by the input, from that by the output; not computed where it does not go on.

        ``store(name, slope, x)`` keeps the gradient of an array: slope x^T, or the sum of slope where x is None.
        """


@dataclass(frozen=True)
class Layer:
    """One layer as it is written; `at` is the character of the text where it starts (for messages).

    A layer is a subclass with at least `WORDS` and `forward`; `place` says what it makes of a shape. It is listed in
    `heldout.nets.layers.LAYERS`.
    """

    #: The words that make such a layer, with the numbers and options that they take: its fields, by the same names.
    WORDS: ClassVar[tuple[Word, ...]] = ()
    #: Values pass through it one by one, or are only chosen or rescaled: an activation after it acts on what is before.
    is_passive: ClassVar[bool] = False
    #: Its output is memory of its own, which nothing else needs: the next layer may write over it.
    owns_output: ClassVar[bool] = False
    #: Its products are over windows.
    is_convolution: ClassVar[bool] = False
    #: It draws at random in training, at a `rate`.
    is_random: ClassVar[bool] = False

    at: int = field(default=0, compare=False, kw_only=True)

    @classmethod
    def read(cls, item: Item, body: tuple[Layer, ...]) -> Layer:
        """Make the layer of a word and what it takes; `body` are the layers in its parentheses."""
        return cls(**item.values, at=item.at)

    @property
    def word(self) -> Word:
        """The one of `WORDS` that makes this layer."""
        return self.WORDS[0]

    def __str__(self) -> str:
        """Write the layer in the layer language."""
        return self.word.write(vars(self))

    @property
    def activation(self) -> str | None:
        """The name of the function, if this is one of each value."""
        return None

    @property
    def never_decreases(self) -> bool:
        """Whether it is a function of each value that grows or stays where the value grows."""
        return False

    @property
    def takes_largest(self) -> bool:
        """Whether each value of its output is the largest of some of its input."""
        return False

    def freeze(self) -> Self:
        """Keep the first values of the arrays."""
        return self

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Put the layer where rows of a shape come in; by default they keep it, and there are no arrays.

        Parameters
        ----------
        name : str
        shape : (features,), (length, channels) or (height, width, channels)
        text : str
            The net's, for messages.

        Raises
        ------
        SettingError
            If it does not fit; it points at the layer.
        """
        return Step(name, self, shape, shape)

    def window(self, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Positions, along each axis, that one position of the output depends on, and from one to the next.

        Both are empty for vectors, and mean 1.
        """
        return (1,) * (len(shape) - 1), (1,) * (len(shape) - 1)

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """Output for vectors (replicates, rows, values) or images (rows, replicates * channels, height, width).

        Signals are images of height 1. With `overwrite` the input may be written over.
        """
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def by_hand(self, step: Step, stack: Replicates, *, overwrite: bool) -> ByHand:
        """The same with its gradient written out; only where `has_gradient` says so."""
        raise NotImplementedError(f"{type(self).__name__}.by_hand")

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """The plain `torch.nn` module with the same weights, for rows with channels first.

        Parameters
        ----------
        step : Step
        arrays : mapping of str to tensor
            One replicate's, by name.
        """
        raise NotImplementedError(f"{type(self).__name__}.module")

    def spread(self, step: Step, shape: Shape, window: Window) -> tuple[Step, Window]:
        """The same for larger images, where vectors become images as well, with arrays of as many values.

        Parameters
        ----------
        step : Step
            In the net for rows of the trained size.
        shape : tuple of int
            Of what comes in now.
        window : tuple of int
            Positions that one vector was made of, along each axis.

        Returns
        -------
        step, window
            The window is that of what comes out.

        Raises
        ------
        SettingError
            If there is no such form.
        """
        return self.place(step.name, shape, ""), window

    def has_gradient(self, step: Step) -> bool:
        """Whether its gradient is written out, in its place."""
        return False

    # For subclasses

    def misfit(self, text: str, problem: str, fix: str) -> SettingError:
        """Error that points at this layer in the net's text."""
        return complain(text, self.at, len(self.word.name), problem, fix, of="the net")

    def need_positions(self, shape: Shape, text: str) -> None:
        """Refuse vectors."""
        if len(shape) == 1:
            problem = f"{self} needs an image or a signal, but gets vectors of {shape[0]}"
            raise self.misfit(text, problem, "put it before 'flatten', or give rows with positions and channels")

    def slide(self, n: int, window: int, stride: int, same: bool, text: str) -> int:
        """Positions of a window along an axis of length n."""
        if same:
            return -(-n // stride)
        if window > n:
            problem = f"a window of {window} is larger than what comes in ({n})"
            raise self.misfit(text, problem, "a smaller window, 'same', or fewer poolings before it")
        return (n - window) // stride + 1


def kernel_and_bias(
    name: str, layer: Any, shape: Shape, n_outputs: int, fan_in: int, fan_out: int
) -> tuple[Parameter, Parameter]:
    """Arrays of a layer with a kernel of this shape, which has `init`, `l2` and `frozen`."""
    more = (fan_in, fan_out, layer.init, layer.l2, layer.frozen)
    return (
        Parameter(f"{name}.kernel", shape, "kernel", *more),
        Parameter(f"{name}.bias", (n_outputs,), "bias", *more),
    )


def show(shape: Shape) -> str:
    """A shape as text."""
    return " x ".join(map(str, shape))
