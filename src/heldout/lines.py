"""One parser for every little language of heldout: layers, preparation and augmentation.

A line is a list of steps with commas between them, each a word followed by its numbers and options:
``conv 32 3 same, relu, residual(conv 32 3 same, relu), dropout 0.5``. A `Language` is a table of `Word`; a word says
what it takes once, and everything else follows from that: parsing, ranges, messages, the form that help and
documentation show. An error shows the line, points at the word that is wrong, and offers the nearest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple, Protocol

from heldout.errors import SettingError

REQUIRED: Any = object()
"""Default of a field that may not be left out."""

_NUMBER = re.compile(r"-?(\d{1,9}(\.\d{0,17})?|\.\d{1,17})(e[+-]?\d{1,2})?")
_SHOWN_BEFORE, _SHOWN_AFTER = 60, 40


class Token(NamedTuple):
    """A word, number, comma or parenthesis, and the character of the line where it begins."""

    text: str
    at: int


class Quantity(NamedTuple):
    """A number with its unit; the unit is empty for a plain number."""

    value: float
    unit: str = ""


class Field(Protocol):
    """What a word or an option takes: how it is called, read, shown and written back."""

    @property
    def key(self) -> str:
        """Name of the value in `Item.values`."""

    @property
    def default(self) -> Any:
        """Value where it is left out; `REQUIRED` if it may not be."""

    @property
    def shown(self) -> str:
        """As the form of the word shows it: ``PIXELS``, ``average|max``."""

    @property
    def meaning(self) -> str:
        """What it is, for messages: ``the number of filters``."""

    @property
    def kind(self) -> str:
        """What may be written: ``a whole number from 1 to 100``."""

    def read(self, text: str) -> Any:
        """The value; `ValueError` if the text is none."""

    def write(self, value: Any) -> str:
        """The text that `read` reads as this value."""


@dataclass(frozen=True)
class Number:
    """A number within a range.

    Attributes
    ----------
    key : str
    low, high : float
        Bounds; `above` and `below` say that the bound itself is outside.
    whole : bool
        Whole numbers only, read as int.
    span : bool
        A range such as ``20..40`` may be written, too; the value is then always a pair.
    unit : str
        Unit that may follow the number, such as ``dB``.
    default, name, meaning
        See `Field`; the name is the key in capitals unless given.
    """

    key: str
    low: float = 0.0
    high: float = 1e9
    whole: bool = False
    above: bool = False
    below: bool = False
    span: bool = False
    unit: str = ""
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The name in capitals; a range as two."""
        name = self.name or self.key.upper()
        return f"{name}[..{name}]" if self.span else name

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.name or self.key.upper()

    @property
    def kind(self) -> str:
        """The range in words."""
        what = "a whole number" if self.whole else "a number"
        low = f"above {self.low:,g}" if self.above else f"from {self.low:,g}"
        high = f"below {self.high:,g}" if self.below else f"to {self.high:,g}"
        high = "" if self.high >= 1e9 else f" {high}"
        also = f", or a range such as {self._example()}" if self.span else ""
        return f"{what} {low}{high}{also}"

    def _example(self) -> str:
        low, high = max(self.low, 20), min(self.high, 40)
        return f"{min(low, high):g}..{high:g}"

    def read(self, text: str) -> Any:
        """The number, or the pair of ends."""
        if not self.span:
            return self._one(text)
        low, dots, high = text.partition("..")
        first = self._one(low)
        last = self._one(high) if dots else first
        if last < first:
            raise ValueError("the range ends before it begins")
        return first, last

    def _one(self, text: str) -> int | float:
        text = text.removesuffix(self.unit) if self.unit else text
        if not _NUMBER.fullmatch(text) or (self.whole and not re.fullmatch(r"-?\d{1,9}(\.0*)?", text)):
            raise ValueError("no number")
        value = float(text)
        inside = (self.low < value if self.above else self.low <= value) and (
            value < self.high if self.below else value <= self.high
        )
        if not inside:
            raise ValueError("out of range")
        return int(value) if self.whole else value

    def write(self, value: Any) -> str:
        """The number with as many digits as it needs."""
        if self.span:
            low, high = value
            return _plain(low) if low == high else f"{_plain(low)}..{_plain(high)}"
        return _plain(value)


def _plain(value: float) -> str:
    """A number without a point where it is whole, else with as many digits as give it back."""
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


@dataclass(frozen=True)
class Amount:
    """A number whose unit says what it means: ``0.1`` or ``10%`` of a size, ``4px``, ``0.5s``.

    The value is a `Quantity`; per cent become a share.

    Attributes
    ----------
    units : mapping of unit to Number
        The range for each unit; the empty unit is a plain number.
    """

    key: str
    units: Mapping[str, Number]
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The name in capitals."""
        return self.name or self.key.upper()

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.shown

    @property
    def kind(self) -> str:
        """Every unit with its range."""
        parts = [
            f"{number.kind} followed by {unit}" if unit and unit != "%" else number.kind
            for unit, number in self.units.items()
            if unit != "%"
        ]
        if "%" in self.units:
            parts.append("per cent")
        return _any_of(parts)

    def read(self, text: str) -> Quantity:
        """The number and its unit."""
        found = re.fullmatch(r"(-?[\d.]+(?:e[+-]?\d+)?)([a-z%]*)", text, re.IGNORECASE)
        if not found or found[2] not in self.units:
            raise ValueError("no amount")
        value = self.units[found[2]].read(found[1])
        return Quantity(value / 100) if found[2] == "%" else Quantity(float(value), found[2])

    def write(self, value: Any) -> str:
        """The number, and the unit right after it; a share of a sound, which needs its unit, in per cent."""
        number, unit = value
        if not unit and "" not in self.units:
            return f"{_plain(100 * number)}%"
        return f"{_plain(number)}{unit}"


@dataclass(frozen=True)
class Size:
    """One or two sides in whole numbers: ``28`` or ``28x32`` (height by width).

    Attributes
    ----------
    pair : bool, default=True
        The value always has two sides, equal ones if one was written.
    """

    key: str
    low: int = 1
    high: int = 4096
    pair: bool = True
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The name, and the same for two sides."""
        return f"{self.name or self.key.upper()}|HEIGHTxWIDTH"

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.name or self.key.upper()

    @property
    def kind(self) -> str:
        """Both ways to write it."""
        return f"a whole number from {self.low:,} to {self.high:,}, or two such as 3x5"

    def read(self, text: str) -> tuple[int, ...]:
        """The sides."""
        found = re.fullmatch(r"([1-9]\d{0,8})(?:x([1-9]\d{0,8}))?", text.lower())
        sides = tuple(int(side) for side in found.groups() if side) if found else ()
        if not sides or not all(self.low <= side <= self.high for side in sides):
            raise ValueError("no size")
        return sides * 2 if self.pair and len(sides) == 1 else sides

    def write(self, value: Any) -> str:
        """One number where the sides are equal."""
        sides = [str(side) for side in value]
        return sides[0] if self.pair and sides[0] == sides[-1] else "x".join(sides)


@dataclass(frozen=True)
class Choice:
    """One of a few words; the form shows them all."""

    key: str
    choices: tuple[str, ...]
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """All choices, or the name where it is given."""
        return self.name or "|".join(self.choices)

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.name or self.key

    @property
    def kind(self) -> str:
        """All choices."""
        return _any_of(self.choices)

    def read(self, text: str) -> str:
        """The choice; underscores and capitals are forgiven."""
        plain = text.lower().replace("_", "-")
        if plain not in self.choices:
            raise ValueError("no choice")
        return plain

    def write(self, value: Any) -> str:
        """The choice itself."""
        return str(value)


@dataclass(frozen=True)
class Either:
    """What one of several fields reads, the first that can: a number of components or a share of the variance."""

    key: str
    fields: tuple[Field, ...]
    default: Any = REQUIRED
    about: str = ""

    @property
    def shown(self) -> str:
        """All of them."""
        return "|".join(one.shown for one in self.fields)

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.shown

    @property
    def kind(self) -> str:
        """All of them."""
        return _any_of([one.kind for one in self.fields])

    def read(self, text: str) -> Any:
        """By the first field that can read it."""
        for one in self.fields:
            if isinstance(one, Number) and one.whole and "." in text:
                continue  # 1.0 is no count: it may be meant as a share
            try:
                return one.read(text)
            except ValueError:
                continue
        raise ValueError("neither")

    def write(self, value: Any) -> str:
        """As a plain number."""
        return _plain(value)


@dataclass(frozen=True)
class Text:
    """The rest of a step, with its spaces: a column's name. It has to be the last field of its word."""

    key: str
    default: Any = REQUIRED
    name: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The name in capitals."""
        return self.name or self.key.upper()

    @property
    def meaning(self) -> str:
        """What it is."""
        return self.about or self.shown

    @property
    def kind(self) -> str:
        """Anything goes."""
        return "text"

    def read(self, text: str) -> str:
        """The text itself."""
        return text

    def write(self, value: Any) -> str:
        """The text itself."""
        return str(value)


@dataclass(frozen=True)
class Option:
    """A word that may follow the fields: alone (a flag), or with a value of its own.

    Attributes
    ----------
    key : str
        The word, and the name of its value in `Item.values`.
    value : Field or None
        None: a flag, True where it is written and False where it is not. A field with a default may be left out
        after the word.
    default
        Value where the option is not written.
    """

    key: str
    value: Field | None = None
    default: Any = None

    @property
    def form(self) -> str:
        """As the form of the word shows it: ``[same]``, ``[stride S]``, ``[levels [UNIT]]``."""
        if self.value is None:
            return f"[{self.key}]"
        shown = self.value.shown if self.value.default is REQUIRED else f"[{self.value.shown}]"
        return f"[{self.key} {shown}]"

    @property
    def absent(self) -> Any:
        """Value where it is not written."""
        return False if self.value is None and self.default is None else self.default


@dataclass(frozen=True)
class Word:
    """A word of a language, with everything that it takes.

    Attributes
    ----------
    name : str
    does : str
        What it does, for help and documentation: a phrase that begins with a verb.
    fields : tuple of Field
        In their order; those that may be left out come last.
    options : tuple of Option
        After the fields, in any order.
    nests : bool
        A line of the same language follows in parentheses.
    example : str
        One way to write it; the form unless it is given.
    spellings : tuple of str
        Other ways to write the name.
    """

    name: str
    does: str = ""
    fields: tuple[Field, ...] = ()
    options: tuple[Option, ...] = ()
    nests: bool = False
    example: str = ""
    spellings: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """What is written: ``conv FILTERS KERNEL [stride S] [same]``."""
        shown = [one.shown if one.default is REQUIRED else f"[{one.shown}]" for one in self.fields]
        if self.nests:
            return f"{self.name}(...)"
        return " ".join([self.name, *shown, *(option.form for option in self.options)])

    @property
    def remedy(self) -> str:
        """The form, and an example where that says more."""
        return f"{self.form}, such as {self.example}" if self.example not in ("", self.form) else self.form

    def write(self, values: Mapping[str, Any]) -> str:
        """A step with these values as text, everything that is not as it would be anyway; nothing is nested."""
        words = [self.name]
        words += [one.write(values[one.key]) for one in self.fields if values.get(one.key) is not None]
        for option in self.options:
            value = values.get(option.key, option.absent)
            if value != option.absent:
                words += [option.key] if option.value is None else [option.key, option.value.write(value)]
        return " ".join(words)


@dataclass(frozen=True)
class Item:
    """A step of a line.

    Attributes
    ----------
    word : str
        Name of its `Word`.
    values : mapping of str to value
        By key of each field and option, those that were left out included.
    body : tuple of Item
        What stands in its parentheses.
    at : int
        Character of the line where it begins.
    length : int
        Characters of its word.
    """

    word: str
    values: Mapping[str, Any] = field(default_factory=dict)
    body: tuple[Item, ...] = ()
    at: int = field(default=0, compare=False)
    length: int = field(default=1, compare=False)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Line:
    """A line that was read.

    Attributes
    ----------
    text : str
        With single spaces.
    items : tuple of Item
    of : str
        What it is a line of, for messages.
    where : str
        Where it was given: ``--prepare``.
    """

    text: str
    items: tuple[Item, ...]
    of: str
    where: str = ""

    def complaint(self, item: Item, problem: str, fix: str) -> SettingError:
        """An error that points at a step."""
        return complain(self.text, item.at, item.length, problem, fix, of=self.of, where=self.where)


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
        What had another meaning in an earlier version: a person who writes it is told the new words, and lines of
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
        """Read a line.

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


def complain(text: str, at: int, length: int, problem: str, fix: str, *, of: str, where: str = "") -> SettingError:
    """Error that shows a line of text and marks the part of it that is wrong."""
    start = max(0, at - _SHOWN_BEFORE)
    shown = text[start : at + length + _SHOWN_AFTER]
    marker = " " * (at - start) + "^" * max(1, length)
    return SettingError(f"{problem} (character {at + 1} of {of})\n  {shown}\n  {marker}", where=where, fix=fix)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The known word that is most like this one; empty if none is."""
    near = get_close_matches(word.lower(), list(known), 1, cutoff)
    return near[0] if near else ""


def hint(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'relu'?``, or nothing."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def _any_of(parts: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    *first, last = parts
    return f"{', '.join(first)} or {last}" if first else last


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
            names, fix = _any_of([other.name for other in nesting]), _any_of([other.remedy for other in nesting])
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
