"""The words that a line may be made of, and how a line is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from heldout.errors import SettingError
from heldout.lines.fields import REQUIRED, Choice, Field, Text
from heldout.lines.messages import any_of, complain, hint, nearest
from heldout.lines.words import Item, Line, Option, Word

Rewrite = Callable[[Sequence[str]], Sequence[str]]
"""Words of a step of an older version to those of today; the same words where nothing changed."""


@dataclass(frozen=True)
class Language:
    """The words that a line may be made of, and its limits.

    Attributes
    ----------
    words : mapping of str to Word
        By name.
    of : str
        What a line is called in messages: ``the net``.
    step : str
        What its steps are called: ``layer``.
    where : str
        Where a line is given: ``--prepare``.
    may_be_empty : bool
    any_case : bool
        Capitals are forgiven.
    most, depth, length : int
        Steps, nested parentheses and characters at most.
    old : mapping of str to Rewrite
        What had another meaning in an earlier version: who writes it gets an error with the new words, and lines of
        files that an earlier version wrote are rewritten by `upgraded`.
    elsewhere : mapping of str to str
        Words of other languages, and what to say of them: ``is for sounds``.
    """

    words: Mapping[str, Word]
    of: str
    step: str = "step"
    where: str = ""
    may_be_empty: bool = False
    any_case: bool = False
    most: int = 30
    depth: int = 8
    length: int = 2_000
    old: Mapping[str, Rewrite] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def parse(self, line: object) -> Line:
        """Read a line, or a list of lines.

        Raises
        ------
        SettingError
            For what is no text, an unknown word, a missing or impossible value; it points at the place.
        """
        text = self._text_of(line)
        found = _Parser(self, text).line()
        if not found and not self.may_be_empty:
            raise self._error(text, Token("", 0), f"there is no {self.step}", f"choose from {', '.join(self.words)}")
        return Line(text, found, self.of, self.where)

    def _text_of(self, line: object) -> str:
        if isinstance(line, list | tuple) and all(isinstance(part, str) for part in line):
            line = ", ".join(line)
        if not isinstance(line, str):
            shown = repr(line)[:200]
            example = ", ".join(word.example or word.name for word in list(self.words.values())[:2])
            raise SettingError(f"{self.of} is a line of text, not {shown}", where=self.where, fix=f'"{example}"')
        text = " ".join(line.split())
        if len(text) > self.length:
            raise SettingError(
                f"{self.of} has {len(text):,} characters", where=self.where, fix=f"{self.length:,} at most"
            )
        return text

    def upgraded(self, text: str) -> str:
        """A line that an earlier version wrote, in the words of today; other text is left as it is.

        For files only: what a person writes is read by `parse`, which says what the new words are.
        """
        pieces = [piece.split() for piece in text.split(",")]
        new = [list(self.today(piece)) for piece in pieces]
        return text if new == pieces else ", ".join(" ".join(piece) for piece in new)

    def today(self, piece: Sequence[str]) -> Sequence[str]:
        """The words of one step as they are written today."""
        rewrite = self.old.get(piece[0].lower() if self.any_case else piece[0]) if piece else None
        return rewrite(piece) if rewrite else piece

    @property
    def a_step(self) -> str:
        """A step, with its article."""
        return f"{'an' if self.step[0] in 'aeiou' else 'a'} {self.step}"

    def named(self, text: str) -> Word | None:
        """The word that is written so, if there is one."""
        plain = text.lower() if self.any_case else text
        if plain in self.words:
            return self.words[plain]
        return next((word for word in self.words.values() if plain in word.spellings), None)

    def table(self) -> list[tuple[str, str]]:
        """Form and meaning of every word, for documentation."""
        return [(word.form, word.does) for word in self.words.values()]

    def _error(self, text: str, token: Token, problem: str, fix: str) -> SettingError:
        return complain(text, token.at, len(token.text), problem, fix, of=self.of, where=self.where)


def language(words: Iterable[Word], **more: Any) -> Language:
    """A `Language` of these words, in their order."""
    return Language({word.name: word for word in words}, **more)


class Token(NamedTuple):
    """A word, number, comma or parenthesis, and the character of the line where it begins."""

    text: str
    at: int


class _Parser:
    """Recursive descent over the tokens of one line."""

    def __init__(self, language: Language, text: str) -> None:
        self.language, self.text = language, text
        nests = any(word.nests for word in language.words.values())
        pattern = r"[(),]|[^\s(),]+" if nests else r",|[^\s,]+"
        self.tokens = [Token(m.group(), m.start()) for m in re.finditer(pattern, text)]
        self.stops = (",", ")") if nests else (",",)  # where a step ends
        self.position = 0
        self.n_items = 0

    def line(self) -> tuple[Item, ...]:
        items = self._items(0)
        if (token := self._peek()) is not None:
            raise self._error(token, f"unexpected {token.text!r}", "remove it, or add the '(' that it closes")
        return items

    def _items(self, depth: int) -> tuple[Item, ...]:
        items: list[Item] = []
        while (token := self._peek()) is not None and token.text != ")":
            items.append(self._item(depth))
            follow = self._peek()
            if follow is None or follow.text == ")":
                break
            self.position += 1  # a comma: a step takes everything before it
        return tuple(items)

    def _item(self, depth: int) -> Item:
        token = self.tokens[self.position]
        self.n_items += 1
        if self.n_items > self.language.most:
            step = self.language.step
            raise self._error(token, f"more than {self.language.most:,} {step}s", f"a line of fewer {step}s")
        word = self._word(token)
        self.position += 1
        body = self._body(word, token, depth) if word.nests else ()
        values = self._fields(word) | self._options(word)
        return Item(word.name, values, body, token.at, len(token.text))

    def _word(self, token: Token) -> Word:
        language = self.language
        known = list(language.words)
        if token.text in (*self.stops, "("):
            fix = f"remove it, or put {language.a_step} before it"
            raise self._error(token, f"expected {language.a_step}, found {token.text!r}", fix)
        self._refuse_old(token)
        word = language.named(token.text)
        if word is None:
            if token.text in language.elsewhere:
                problem = f"{token.text} {language.elsewhere[token.text]}"
                raise self._error(token, problem, f"choose from {', '.join(known)}")
            spelled = [other for one in language.words.values() for other in one.spellings]
            near = nearest(token.text, [*known, *spelled])
            found = language.named(near)
            offer = f"; did you mean {found.name!r}?" if found else ""
            problem = f"unknown {language.step} {token.text[:40]!r}{offer}"
            raise self._error(token, problem, f"choose from {', '.join(known)}")
        return word

    def _refuse_old(self, token: Token) -> None:
        """Say what a step of an earlier version is called now."""
        written = [token.text]
        for follow in self.tokens[self.position + 1 :]:
            if follow.text in self.stops:
                break
            written.append(follow.text)
        new = list(self.language.today(written))
        if new != written:
            problem = f"{' '.join(written)!r} is now written {' '.join(new)!r}"
            raise self._error(token, problem, f"write {' '.join(new)}")

    def _body(self, word: Word, token: Token, depth: int) -> tuple[Item, ...]:
        opening = self._next(f"'(' after {word.name}", word)
        if opening.text != "(":
            raise self._error(opening, f"expected '(' after {word.name}, found {opening.text!r}", word.remedy)
        if depth >= self.language.depth:
            raise self._error(token, f"{word.name} nested more than {self.language.depth} deep", "nest less deeply")
        body = self._items(depth + 1)
        if self._peek() is None:
            raise self._error(opening, "this '(' is never closed", f"add ')' after the last {self.language.step} in it")
        self.position += 1
        if not body:
            raise self._error(token, f"{word.name} without {self.language.a_step}", word.remedy)
        return body

    def _fields(self, word: Word) -> dict[str, Any]:
        names = {option.key for option in word.options}
        values: dict[str, Any] = {}
        for one in word.fields:
            token = self._peek()
            is_left_out = token is None or token.text in self.stops or token.text in names
            if is_left_out and one.default is not REQUIRED:
                values[one.key] = one.default
            elif isinstance(one, Text):
                values[one.key] = self._rest(word, one)
            else:
                values[one.key] = self._value(word, one, word.name)
        return values

    def _options(self, word: Word) -> dict[str, Any]:
        by_key = {option.key: option for option in word.options}
        values = {option.key: option.absent for option in word.options}
        given: set[str] = set()
        while (token := self._peek()) is not None and token.text not in self.stops:
            option = by_key.get(token.text)
            if option is None:
                raise self._leftover(token, word)
            if option.key in given:
                raise self._error(token, f"{option.key!r} is given twice", "keep one of them")
            self.position += 1
            given.add(option.key)
            values[option.key] = True if option.value is None else self._option_value(word, option, option.value)
        return values

    def _option_value(self, word: Word, option: Option, value: Field) -> Any:
        token = self._peek()
        names = {other.key for other in word.options}
        if value.default is not REQUIRED and (token is None or token.text in self.stops or token.text in names):
            return value.default
        return self._value(word, value, option.key)

    def _value(self, word: Word, one: Field, after: str) -> Any:
        token = self._next(f"{one.meaning} after {after!r}", word, one.kind)
        try:
            return one.read(token.text)
        except ValueError:
            offer = hint(token.text, one.choices) if isinstance(one, Choice) else ""
            problem = f"expected {one.meaning} after {after!r} ({one.kind}), found {token.text[:40]!r}{offer}"
            raise self._error(token, problem, word.remedy) from None

    def _rest(self, word: Word, one: Field) -> str:
        """All words up to the comma, less an option with its value at the end."""
        last = self.position
        while last < len(self.tokens) and self.tokens[last].text not in self.stops:
            last += 1
        valued = {option.key for option in word.options if option.value is not None}
        while last - self.position > 2 and self.tokens[last - 2].text in valued:
            last -= 2
        words = [token.text for token in self.tokens[self.position : last]]
        if not words:
            self._next(f"{one.meaning} after {word.name!r}", word, one.kind)
        self.position = last
        return " ".join(words)

    def _leftover(self, token: Token, word: Word) -> SettingError:
        """A word after all that its step takes: an option that there is not, or a forgotten comma."""
        step = self.language.step
        if token.text == "(" and ")" in self.stops:
            nesting = [other for other in self.language.words.values() if other.nests]
            names, fix = any_of([other.name for other in nesting]), any_of([other.remedy for other in nesting])
            return self._error(token, f"only {names} takes parentheses", fix)
        comma = f"{step}s are separated by commas"
        fix = f"add a comma before it: {comma}" if self.language.named(token.text) else f"{word.remedy}; {comma}"
        if not word.options:
            previous = self.tokens[self.position - 1].text
            return self._error(token, f"unexpected {token.text[:40]!r} after {previous!r}", fix)
        known = [option.key for option in word.options]
        return self._error(token, f"{word.name} has no option {token.text[:40]!r}{hint(token.text, known)}", fix)

    def _peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _next(self, expected: str, word: Word, kind: str = "") -> Token:
        token = self._peek()
        if token is None or token.text in self.stops:
            found = "the end" if token is None else repr(token.text)
            place = Token("", len(self.text)) if token is None else token
            said = f"expected {expected}{f' ({kind})' if kind else ''}, found {found}"
            raise self._error(place, said, word.remedy)
        self.position += 1
        return token

    def _error(self, token: Token, problem: str, fix: str) -> SettingError:
        return complain(
            self.text, token.at, len(token.text), problem, fix, of=self.language.of, where=self.language.where
        )
