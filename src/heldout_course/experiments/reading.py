"""YAML of a recipe as plain values, each with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from heldout.errors import SettingError

MOST_BYTES = 2**18
MOST_DEPTH = 12
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, in C, where PyYAML was built with it
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)")
_OPENS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSES = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


class RecipeError(SettingError):
    """A value of a recipe is not possible; `key` is the key that holds it, empty if several are at fault."""

    def __init__(self, what: str, *, key: str = "", where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.key = key


@dataclass(frozen=True)
class Source:
    """Where the values of a recipe are: a file and, by path of keys, the line of each."""

    where: str
    lines: Mapping[tuple[Any, ...], int] = field(default_factory=dict)

    def at(self, *path: Any) -> str:
        """``file, line N`` of a value, or of the nearest one around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return f"{self.where}, line {self.lines[path[:length]]}"
        return self.where

    def refuse(self, what: str, *path: Any, fix: str = "") -> SettingError:
        """The error to raise about a value."""
        return SettingError(what, where=self.at(*path), fix=fix)


def read_yaml(path: Path) -> tuple[dict[str, Any], Source]:
    """Read a recipe's file.

    Returns
    -------
    values : dict
        Strings, numbers, true/false, None, lists and mappings with text keys.
    source : Source

    Raises
    ------
    SettingError
        If the file is missing, larger than 256 kB, no YAML, no mapping, nested deeper than 12, or has aliases,
        double keys or infinite numbers.
    """
    try:
        size = path.stat().st_size
        text = path.read_text("utf-8") if size <= MOST_BYTES else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"Cannot read this recipe: {error}", where=str(path), fix="check the path") from error
    if size > MOST_BYTES:
        raise SettingError(f"This recipe has {size:,} bytes", where=str(path), fix=f"at most {MOST_BYTES:,}")
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> tuple[dict[str, Any], Source]:
    """`read_yaml` of a text."""
    try:
        _check_tokens(text, where)
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            lines: dict[tuple[Any, ...], int] = {}
            values = None if node is None else _plain(loader, node, (), lines, where)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}, line {mark.line + 1}" if mark else where
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise SettingError(f"This is not YAML: {problem}", where=place, fix="one `name: value` a line") from error
    if not isinstance(values, dict):
        raise SettingError("A recipe is a list of `name: value` lines", where=where, fix="see docs/recipes.md")
    return values, Source(where, lines)


def _check_tokens(text: str, where: str) -> None:
    """Refuse aliases, tags and deep nesting before anything is built."""
    depth = 0
    for token in yaml.scan(text, Loader=_LOADER):
        place = f"{where}, line {token.start_mark.line + 1}"
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
            raise SettingError("Aliases are not allowed", where=place, fix="write the value out")
        if isinstance(token, yaml.TagToken):
            raise SettingError("Tags are not allowed", where=place, fix="leave out the word after !")
        depth += isinstance(token, (*_OPENS, yaml.FlowSequenceStartToken)) - isinstance(token, _CLOSES)
        if depth > MOST_DEPTH:
            raise SettingError(
                f"Values are nested deeper than {MOST_DEPTH} levels", where=place, fix="see docs/recipes.md"
            )


def _plain(loader: Any, node: Any, path: tuple[Any, ...], lines: dict[tuple[Any, ...], int], where: str) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, child, (*path, i), lines, where) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            place = f"{where}, line {key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise SettingError("A key is a list or a mapping", where=place, fix="keys are words or numbers")
            key = label(_scalar(loader, key_node, place))
            if key in found:
                raise SettingError(f"The key {key!r} occurs twice", where=place, fix="leave one out")
            lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = _plain(loader, child, (*path, key), lines, where)
        return found
    return _scalar(loader, node, f"{where}, line {line}")


def _scalar(loader: Any, node: Any, place: str) -> Any:
    try:
        value = loader.construct_object(node)
    except ValueError as error:
        raise SettingError(f"{node.value[:40]!r} is not a value: {error}", where=place, fix="quote it") from error
    if isinstance(value, str) and node.style is None and _FLOAT.fullmatch(value):
        value = float(value)  # YAML 1.1 takes 1e-3 for text
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(f"{node.value} is not a finite number", where=place, fix="give a number, or leave it out")
    return value if value is None or isinstance(value, str | int | float) else str(node.value)


def label(value: Any) -> str:
    """The name of a value of an axis: ``0.99``, ``relu``, ``10``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def near(word: object, known: Any) -> str:
    """Remedy for an unknown word: the nearest ones, else all."""
    names = [str(name) for name in known]
    close = get_close_matches(str(word), names, 3, 0.5)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else "choose from " + ", ".join(names)
