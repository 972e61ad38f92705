"""A word of a language with everything that it takes, and the line of steps that is made of such words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heldout.errors import SettingError
from heldout.lines.fields import REQUIRED, Field
from heldout.lines.messages import complain


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
