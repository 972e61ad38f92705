"""Groups that can be read in file names: patient, speaker, source recording.

A name is cut into runs of letters and of digits. Of names that are built alike, a part (or two neighbouring ones)
whose values repeat within a class, and which does not just count takes or folds, may name the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from heldout.data.dataset import Dataset

_PIECE = re.compile(r"[^\W\d_]+|\d+|_|[^\w]", re.UNICODE)
LEAST_SHARED = 0.4  # of the files must share their value with another one of their class
LARGEST_GROUP = 0.25  # of a class: larger "groups" are settings or sites, not sources
LEAST_GROUPS = 2.0  # times the classes
BUILT_ALIKE = 0.9  # of the names
_NO_SOURCE = frozenset(
    ("img", "image", "photo", "pic", "picture", "dsc", "frame", "take", "rep", "clip", "file", "sample", "fold")
)


@dataclass(frozen=True)
class NameGroups:
    """A way to read groups from names.

    Attributes
    ----------
    pattern : str
        For ``--group-pattern``.
    groups : int64 array, shape (n_rows,)
    n_groups : int
    example : str
        A name and what is captured in it.
    """

    pattern: str
    groups: np.ndarray
    n_groups: int
    example: str


def groups_in_names(data: Dataset) -> list[NameGroups]:
    """Ways to read groups from file names, the coarsest (and so the safest) first; none for tables."""
    names = [str(name) for name in data.ids]
    if len(names) < 8 or all(name.isdigit() for name in names):
        return []
    stems = [name.rpartition("/")[2] for name in names]
    cut = [_PIECE.findall(stem.rpartition(".")[0] or stem) for stem in stems]
    shapes = [tuple(map(_kind, pieces)) for pieces in cut]
    shape, n_alike = Counter(shapes).most_common(1)[0]
    if n_alike < BUILT_ALIKE * len(names) or len(shape) > 24:
        return []
    is_alike = np.array([each == shape for each in shapes])
    table = np.array([pieces for pieces, good in zip(cut, is_alike, strict=True) if good], dtype=object)
    y = data.y[is_alike]
    varying = [i for i, kind in enumerate(shape) if kind in "ad" and len(set(table[:, i])) > 1]
    found, seen = [], set()
    for first, last in _spans(table, shape, varying):
        values = ["".join(row) for row in table[:, first : last + 1].tolist()]
        key = _partition(values)
        if key in seen or not _may_be_sources(values, y):
            continue
        seen.add(key)
        pattern = _pattern(table, shape, first, last)
        made = _made(names, pattern)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda each: each.n_groups)[:3]


def _kind(piece: str) -> str:
    return "d" if piece.isdigit() else "a" if piece[0].isalpha() else piece


def _spans(table: np.ndarray, shape: tuple[str, ...], varying: list[int]) -> Iterator[tuple[int, int]]:
    """Single parts that vary, numbers with the letters glued before them (s01), and neighbours (12-A)."""
    for position in varying:
        is_glued = position > 0 and shape[position - 1 : position + 1] == ("a", "d")
        if is_glued and str(table[0, position - 1]).casefold() not in _NO_SOURCE:
            yield position - 1, position
        yield position, position
    for first, last in pairwise(varying):
        if last - first <= 2:
            yield first, last


def _may_be_sources(values: list[str], y: np.ndarray) -> bool:
    """Whether these values may name sources.

    Files of one source mostly have one class, or a source has files of all classes (a speaker says all the words). A
    number that occurs in all classes may as well count takes, and is taken for a source only if letters go with it.
    """
    counts = Counter(values)
    in_class = Counter(zip(values, y.tolist(), strict=True))
    n, class_sizes = len(values), np.bincount(y)
    shared = sum(count for count in in_class.values() if count > 1) / n
    if shared < LEAST_SHARED or len(counts) < max(LEAST_GROUPS * np.count_nonzero(class_sizes), 4):
        return False
    if max(count / class_sizes[c] for (_, c), count in in_class.items()) > LARGEST_GROUP:
        return False
    mixing = len(in_class) / len(counts)  # classes of a value, on average
    return mixing <= 1.5 or any(value[0].isalpha() for value in counts)


def _partition(values: list[str]) -> tuple[int, ...]:
    first: dict[str, int] = {}
    return tuple(first.setdefault(value, len(first)) for value in values)


def _pattern(table: np.ndarray, shape: tuple[str, ...], first: int, last: int) -> str:
    """A regular expression that captures these parts of the last component of a path."""

    def written(position: int) -> str:
        values = set(table[:, position])
        kind = shape[position]
        if kind == "d":
            return r"\d+"
        if kind == "a":
            return re.escape(next(iter(values))) if len(values) == 1 else r"[^\W\d_]+"
        return re.escape(kind)

    before = "".join(written(i) for i in range(first))
    captured = "".join(written(i) for i in range(first, last + 1))
    after = "".join(written(i) for i in range(last + 1, len(shape)))
    return rf"(?:^|/){before}({captured}){after}\.[^./]*$"


def _made(names: list[str], pattern: str) -> NameGroups | None:
    expression = re.compile(pattern)
    matches = [expression.search(name) for name in names]
    if any(match is None for match in matches):
        return None
    captured = [match.group(1) for match in matches if match is not None]
    distinct, groups = np.unique(captured, return_inverse=True)
    return NameGroups(pattern, groups.astype(np.int64), len(distinct), f"{names[0]} → {captured[0]}")
