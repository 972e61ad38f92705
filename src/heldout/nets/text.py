"""The layer language: one readable line that says what a net is made of.

``conv 32 3, relu, maxpool 2, flatten, dense 128, relu, dropout 0.5``: layers in the order of the data, separated by
commas, each a word followed by its numbers and options. The output layer is implied. The words live with their layers
(`heldout.nets.layers`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heldout.errors import SettingError
from heldout.nets.layers import layer_of, words
from heldout.nets.layers.base import Layer, Reader, complain

_MAX_LAYERS = 2000
_MAX_DEPTH = 8
_MAX_TEXT = 100_000
_MAX_SIZE = 1_000_000


@dataclass(frozen=True)
class _Token:
    text: str
    at: int


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
        self.forms = words()
        self.tokens = [_Token(m.group(), m.start()) for m in re.finditer(r"[(),]|[^\s(),]+", text)]
        self.position = 0
        self.n_layers = 0

    def net(self) -> tuple[Layer, ...]:
        layers = self.layers(depth=0)
        if self.position < len(self.tokens):
            raise self.error(self.tokens[self.position], "unexpected ')'", "remove it, or open it with 'residual('")
        return layers

    def layers(self, depth: int) -> tuple[Layer, ...]:
        layers: list[Layer] = []
        while (token := self.peek()) is not None and token.text != ")":
            layers.append(self._layer(depth))
            follow = self.peek()
            if follow is None or follow.text == ")":
                break
            if follow.text != ",":
                self._refuse_leftover(follow)
            self.position += 1
        return tuple(layers)

    def _layer(self, depth: int) -> Layer:
        token = self.next("a layer")
        self.n_layers += 1
        if self.n_layers > _MAX_LAYERS:
            raise self.error(token, f"more than {_MAX_LAYERS:,} layers", "a smaller net")
        if token.text not in self.forms:
            raise self._unknown(token)
        return layer_of(token.text).read(_Reader(self, token, depth))

    def peek(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def next(self, meaning: str, owner: str = "", form: str = "") -> _Token:
        token = self.peek()
        ends = token is None or (token.text in ",)" and owner)
        if token is None or ends:
            at = _Token("", len(self.text)) if token is None else token
            after = f" after {owner!r}" if owner else ""
            found = "the end" if token is None else repr(token.text)
            fix = form or "add a layer, or remove the last comma"
            raise self.error(at, f"expected {meaning}{after}, found {found}", fix)
        self.position += 1
        return token

    def _refuse_leftover(self, token: _Token) -> None:
        previous = self.tokens[self.position - 1].text
        if token.text == "(":
            raise self.error(token, "only residual takes parentheses", "residual(conv 16 3 same, relu)")
        comma = "add a comma before it" if token.text in self.forms else "separate layers by commas"
        raise self.error(token, f"unexpected {token.text!r} after {previous!r}", comma)

    def _unknown(self, token: _Token) -> SettingError:
        if token.text in ",()":
            return self.error(token, f"expected a layer, found {token.text!r}", "remove it, or put a layer before it")
        near = _near(token.text.lower(), self.forms)
        known = "known layers: " + ", ".join(self.forms)
        return self.error(token, f"unknown layer {token.text[:40]!r}{near}", known)

    def error(self, token: _Token, problem: str, fix: str) -> SettingError:
        return complain(self.text, token.at, len(token.text), problem, fix)


class _Reader:
    """What a layer reads of the text, after its word."""

    def __init__(self, parser: _Parser, token: _Token, depth: int) -> None:
        self.parser, self.word, self.at, self.depth = parser, token.text, token.at, depth
        self.token = self.last = token
        self.form = parser.forms[token.text]
        self.owner = token.text  # the word, or the option that is being read

    def whole(self, meaning: str) -> int:
        """A whole number from 1."""
        token = self._next(meaning)
        if not re.fullmatch(r"\d{1,9}", token.text) or not 1 <= int(token.text) <= _MAX_SIZE:
            problem = f"expected {meaning} (a whole number from 1 to {_MAX_SIZE:,}), found {token.text!r}"
            raise self.refuse(problem, self.form)
        return int(token.text)

    def number(self, meaning: str) -> float:
        """A number from 0."""
        token = self._next(meaning)
        if not re.fullmatch(r"(\d{1,9}(\.\d{0,17})?|\.\d{1,17})(e[+-]?\d{1,2})?", token.text):
            raise self.refuse(f"expected {meaning} (a number), found {token.text!r}", self.form)
        return float(token.text)

    def text(self, meaning: str, pattern: str, expected: str) -> str:
        """A word of this pattern."""
        token = self._next(meaning)
        if not re.fullmatch(pattern, token.text):
            raise self.refuse(f"{expected}, not {token.text!r}", self.form)
        return token.text

    def one_of(self, meaning: str, known: Sequence[str]) -> str:
        """One of several words."""
        token = self._next(meaning)
        if token.text not in known:
            noun = meaning.removeprefix("an ").removeprefix("a ")
            raise self.refuse(f"unknown {noun} {token.text!r}{_near(token.text, known)}", " | ".join(known))
        return token.text

    def options(self, allowed: Mapping[str, Callable[[Reader], Any]]) -> dict[str, Any]:
        """Everything up to the comma; each option is read by its function."""
        options: dict[str, Any] = {}
        while (token := self.parser.peek()) is not None and token.text not in (",", ")"):
            if token.text not in allowed:
                problem = f"{self.word} has no option {token.text!r}{_near(token.text, tuple(allowed))}"
                raise self.parser.error(token, problem, self.form)
            if token.text in options:
                raise self.parser.error(token, f"{token.text!r} is given twice", "keep one of them")
            self.last, self.owner = self._next(token.text), token.text
            options[token.text] = allowed[token.text](self)
        return options

    def layers(self) -> tuple[Layer, ...]:
        """Layers in parentheses."""
        parser = self.parser
        opening = self._next(f"'(' after {self.word}")
        if opening.text != "(":
            raise self.refuse(f"expected '(' after {self.word}, found {opening.text!r}", self.form)
        if self.depth >= _MAX_DEPTH:
            raise parser.error(self.token, f"residual parts nested more than {_MAX_DEPTH} deep", "a flatter net")
        found = parser.layers(self.depth + 1)
        if parser.peek() is None:
            raise parser.error(opening, "this '(' is never closed", "add ')' after the last layer inside")
        parser.position += 1
        if not found:
            raise parser.error(self.token, f"a {self.word} part without layers", self.form)
        return found

    def refuse(self, problem: str, fix: str) -> SettingError:
        """Error that points at the last word taken."""
        return self.parser.error(self.last, problem, fix)

    def _next(self, meaning: str) -> _Token:
        self.last = self.parser.next(meaning, self.owner, self.form)
        return self.last


def _near(word: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""
