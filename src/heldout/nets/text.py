"""The layer language: one readable line that says what a net is made of.

``conv 32 3, relu, maxpool 2, flatten, dense 128, relu, dropout 0.5``: layers in the order of the data, separated by
commas, each a word followed by its numbers and options. The output layer is implied. See `WORDS` for all of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from heldout.errors import SettingError

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "linear")
INITIALIZERS = ("glorot", "glorot-biases", "he", "xavier", "small-uniform", "small-gaussian")

#: Every word of the language with the form it takes.
WORDS = {
    "conv": "conv FILTERS KERNEL [stride S] [same] [init NAME] [l2 VALUE] [frozen]",
    "dense": "dense UNITS [init NAME] [l2 VALUE] [frozen]",
    "maxpool": "maxpool SIZE [stride S] [same]",
    "avgpool": "avgpool SIZE [stride S] [same]",
    "globalpool": "globalpool [average|max]",
    "batchnorm": "batchnorm [momentum M] [epsilon E] [frozen]",
    "dropout": "dropout PROBABILITY",
    "flatten": "flatten",
    "residual": "residual(LAYER, LAYER, ...)",
    **{name: name for name in ACTIVATIONS},
}

_MAX_LAYERS = 2000
_MAX_DEPTH = 8
_MAX_TEXT = 100_000
_MAX_SIZE = 1_000_000


@dataclass(frozen=True)
class Layer:
    """One layer; `at` is the character of the text where it starts (for messages)."""

    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution; `kernel` has one number for both directions or one for each (height, width)."""

    filters: int
    kernel: tuple[int, ...]
    stride: int = 1
    same: bool = False
    init: str | None = None
    l2: float | None = None
    frozen: bool = False


@dataclass(frozen=True)
class Dense(Layer):
    """Matrix multiplication and bias, along the last axis."""

    units: int
    init: str | None = None
    l2: float | None = None
    frozen: bool = False


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each value."""

    name: str


@dataclass(frozen=True)
class Pool(Layer):
    """Maximum or average of each window; windows are side by side unless a stride is given."""

    kind: str
    size: int
    stride: int
    same: bool = False


@dataclass(frozen=True)
class GlobalPool(Layer):
    """Average or maximum of each channel over all positions."""

    kind: str = "average"


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Normalisation by the batch; `momentum` is the share of the old running mean that is kept at each step."""

    momentum: float = 0.9
    epsilon: float = 1e-5
    frozen: bool = False


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets values to zero with probability `rate` while training, and scales the others up."""

    rate: float


@dataclass(frozen=True)
class Flatten(Layer):
    """All positions and channels as one vector."""


@dataclass(frozen=True)
class Residual(Layer):
    """The output of `body` plus its input (through a 1x1 convolution where the shapes differ)."""

    body: tuple[Layer, ...]


@dataclass(frozen=True)
class _Word:
    text: str
    at: int


def complain(text: str, at: int, length: int, problem: str, fix: str, *, of: str = "the net") -> SettingError:
    """Error that shows the text with the wrong part underlined."""
    start = max(0, at - 60)
    shown = text[start : at + length + 40]
    marker = " " * (at - start) + "^" * max(1, length)
    return SettingError(f"{problem} (character {at + 1} of {of})\n  {shown}\n  {marker}", fix=fix)


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
    if not isinstance(spec, str):
        if not isinstance(spec, list | tuple) or not all(isinstance(item, str) for item in spec):
            raise SettingError(
                f"a net is text, or a list of texts; got {spec!r}"[:300], fix='for example "dense 100, relu"'
            )
        spec = ", ".join(spec)
    text = " ".join(spec.split())
    if len(text) > _MAX_TEXT:
        raise SettingError(f"the net's text has {len(text):,} characters", fix=f"at most {_MAX_TEXT:,}")
    return text, _Parser(text).net()


class _Parser:
    """Recursive descent over the words of one line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = [_Word(m.group(), m.start()) for m in re.finditer(r"[(),]|[^\s(),]+", text)]
        self.position = 0
        self.n_layers = 0

    def net(self) -> tuple[Layer, ...]:
        layers = self._layers(depth=0)
        if self.position < len(self.words):
            raise self._error(self.words[self.position], "unexpected ')'", "remove it, or open it with 'residual('")
        return layers

    def _layers(self, depth: int) -> tuple[Layer, ...]:
        layers: list[Layer] = []
        while (word := self._peek()) is not None and word.text != ")":
            layers.append(self._layer(depth))
            follow = self._peek()
            if follow is None or follow.text == ")":
                break
            if follow.text != ",":
                self._refuse_leftover(follow)
            self.position += 1
        return tuple(layers)

    def _layer(self, depth: int) -> Layer:
        word = self._next("a layer")
        name = word.text
        self.n_layers += 1
        if self.n_layers > _MAX_LAYERS:
            raise self._error(word, f"more than {_MAX_LAYERS:,} layers", "a smaller net")
        if name not in WORDS:
            raise self._unknown(word)
        if name in ACTIVATIONS:
            return Activation(name, at=word.at)
        if name == "flatten":
            return Flatten(at=word.at)
        if name == "residual":
            return self._residual(word, depth)
        if name in ("maxpool", "avgpool"):
            return self._pool(word)
        return getattr(self, f"_{name}")(word)

    def _conv(self, word: _Word) -> Conv:
        filters = self._whole(word, "the number of filters")
        kernel = self._kernel(word)
        options = self._options(word, ("stride", "same", "init", "l2", "frozen"))
        return Conv(filters, kernel, at=word.at, **options)

    def _dense(self, word: _Word) -> Dense:
        units = self._whole(word, "the number of units")
        return Dense(units, at=word.at, **self._options(word, ("init", "l2", "frozen")))

    def _pool(self, word: _Word) -> Pool:
        size = self._whole(word, "the size of the window")
        options = {"stride": size, **self._options(word, ("stride", "same"))}
        return Pool(word.text.removesuffix("pool"), size, at=word.at, **options)

    def _globalpool(self, word: _Word) -> GlobalPool:
        follow = self._peek()
        if follow is not None and follow.text in ("average", "max"):
            self.position += 1
            return GlobalPool(follow.text, at=word.at)
        return GlobalPool(at=word.at)

    def _batchnorm(self, word: _Word) -> BatchNorm:
        return BatchNorm(at=word.at, **self._options(word, ("momentum", "epsilon", "frozen")))

    def _dropout(self, word: _Word) -> Dropout:
        rate, at = self._number(word, "the probability")
        if not 0 <= rate < 1:
            raise self._error(at, f"a dropout probability of {at.text}", "a number from 0 up to, not including, 1")
        return Dropout(rate, at=word.at)

    def _residual(self, word: _Word, depth: int) -> Residual:
        opening = self._next("'(' after residual", word)
        if opening.text != "(":
            raise self._error(opening, f"expected '(' after residual, found {opening.text!r}", WORDS["residual"])
        if depth >= _MAX_DEPTH:
            raise self._error(word, f"residual parts nested more than {_MAX_DEPTH} deep", "a flatter net")
        body = self._layers(depth + 1)
        closing = self._peek()
        if closing is None:
            raise self._error(opening, "this '(' is never closed", "add ')' after the last layer inside")
        self.position += 1
        if not body:
            raise self._error(word, "a residual part without layers", WORDS["residual"])
        return Residual(body, at=word.at)

    def _options(self, owner: _Word, allowed: tuple[str, ...]) -> dict[str, Any]:
        options: dict[str, Any] = {}
        while (word := self._peek()) is not None and word.text not in (",", ")"):
            if word.text not in allowed:
                near = difflib.get_close_matches(word.text, allowed, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise self._error(word, f"{owner.text} has no option {word.text!r}{hint}", WORDS[owner.text])
            if word.text in options:
                raise self._error(word, f"{word.text!r} is given twice", "keep one of them")
            self.position += 1
            options[word.text] = self._option(word)
        return options

    def _option(self, word: _Word) -> Any:
        if word.text in ("same", "frozen"):
            return True
        if word.text == "stride":
            return self._whole(word, "the stride")
        if word.text == "init":
            name = self._next("an initializer", word)
            if name.text not in INITIALIZERS:
                near = difflib.get_close_matches(name.text, INITIALIZERS, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise self._error(name, f"unknown initializer {name.text!r}{hint}", " | ".join(INITIALIZERS))
            return name.text
        value, at = self._number(word, f"the value of {word.text}")
        if value < 0 or (word.text == "momentum" and value >= 1) or (word.text == "epsilon" and value == 0):
            raise self._error(at, f"{word.text} {at.text} is out of range", "momentum in [0, 1), l2 >= 0, epsilon > 0")
        return value

    def _kernel(self, owner: _Word) -> tuple[int, ...]:
        word = self._next("the size of the kernel", owner)
        if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5})?", word.text):
            raise self._error(word, f"a kernel is 3 or 3x5, not {word.text!r}", WORDS["conv"])
        return tuple(int(part) for part in word.text.split("x"))

    def _whole(self, owner: _Word, meaning: str) -> int:
        word = self._next(meaning, owner)
        if not re.fullmatch(r"\d{1,9}", word.text) or not 1 <= int(word.text) <= _MAX_SIZE:
            problem = f"expected {meaning} (a whole number from 1 to {_MAX_SIZE:,}), found {word.text!r}"
            raise self._error(word, problem, WORDS.get(owner.text, f"{owner.text} N"))
        return int(word.text)

    def _number(self, owner: _Word, meaning: str) -> tuple[float, _Word]:
        word = self._next(meaning, owner)
        if not re.fullmatch(r"(\d{1,9}(\.\d{0,17})?|\.\d{1,17})(e[+-]?\d{1,2})?", word.text):
            problem = f"expected {meaning} (a number), found {word.text!r}"
            raise self._error(word, problem, WORDS.get(owner.text, f"{owner.text} N"))
        return float(word.text), word

    def _peek(self) -> _Word | None:
        return self.words[self.position] if self.position < len(self.words) else None

    def _next(self, meaning: str, owner: _Word | None = None) -> _Word:
        word = self._peek()
        ends = word is None or (word.text in ",)" and owner is not None)
        if word is None or ends:
            at = _Word("", len(self.text)) if word is None else word
            after = f" after {owner.text!r}" if owner else ""
            fix = WORDS.get(owner.text, f"{owner.text} VALUE") if owner else "add a layer, or remove the last comma"
            raise self._error(at, f"expected {meaning}{after}, found {'the end' if word is None else word.text!r}", fix)
        self.position += 1
        return word

    def _refuse_leftover(self, word: _Word) -> None:
        previous = self.words[self.position - 1].text
        if word.text == "(":
            raise self._error(word, "only residual takes parentheses", "residual(conv 16 3 same, relu)")
        comma = "add a comma before it" if word.text in WORDS else "separate layers by commas"
        raise self._error(word, f"unexpected {word.text!r} after {previous!r}", comma)

    def _unknown(self, word: _Word) -> SettingError:
        if word.text in ",()":
            return self._error(word, f"expected a layer, found {word.text!r}", "remove it, or put a layer before it")
        near = difflib.get_close_matches(word.text.lower(), WORDS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return self._error(word, f"unknown layer {word.text[:40]!r}{hint}", "known layers: " + ", ".join(WORDS))

    def _error(self, word: _Word, problem: str, fix: str) -> SettingError:
        return complain(self.text, word.at, len(word.text), problem, fix)
