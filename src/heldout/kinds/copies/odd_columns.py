"""Rows that are copies of each other but for one or two whole columns: a session name, a random number.

Columns are left out, one at a time where there are few, two of four random blocks where there are many, and copies
are looked for among the rest by the usual rules. A group counts if its rows agree in all but one (with many columns:
two) of the columns that were left out, and if leaving out further columns finds hardly more: in data where neighbours
agree in most columns anyway, it finds many more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from heldout.data.groups import join_pairs
from heldout.kinds.copies.row_hashes import column_hashes, n_repeats, shuffled_hashes
from heldout.kinds.copies.tables import CHANCE_SHARE, SCALES, TAIL, Scaled, near_points

LEAST_COLUMNS = 5
ONE_BY_ONE = 12  # columns up to which each is left out in turn
BLOCKS = 4
MOST_ROWS = 50_000  # among which near-copies with an odd column are looked for
MOST_COMPARED = 100  # columns; of wider tables the search takes so many at random
AGREE = 4 * SCALES[0]  # standard deviations between values of one column that count as the same
LARGEST = 200  # rows; a larger "group" is a category, not a set of copies


@dataclass(frozen=True)
class Odd:
    """Group number of each row, and the columns in which copies differ, with the number of groups."""

    groups: np.ndarray
    columns: tuple[tuple[str, int], ...]


def odd_copies(frame: pd.DataFrame, groups: np.ndarray, generator: np.random.Generator) -> Odd:
    """Copies that differ in one or two whole columns, on top of the groups that are known.

    Parameters
    ----------
    frame : DataFrame
    groups : int array, shape (n_rows,)
        Of copies that were found with all columns.
    generator : numpy.random.Generator
    """
    if frame.shape[1] < LEAST_COLUMNS or len(frame) < 2:
        return Odd(groups, ())
    names: Counter[str] = Counter()
    if len(frame) > MOST_ROWS:
        groups = _equal_but_one(frame, groups, generator, names)
    first = np.unique(groups, return_index=True)[1]  # one row of each group known so far
    rows = np.sort(generator.permutation(first)[:MOST_ROWS])
    columns = np.sort(generator.permutation(frame.shape[1])[:MOST_COMPARED])
    found = _search(frame.iloc[rows, columns], generator, names)
    firsts = [np.repeat(rows[members[:1]], len(members) - 1) for members in found]
    others = [rows[members[1:]] for members in found]
    if found:
        groups = join_pairs(groups, np.concatenate(firsts), np.concatenate(others))
    return Odd(groups, tuple(names.most_common()))


def _search(frame: pd.DataFrame, generator: np.random.Generator, names: Counter[str]) -> list[np.ndarray]:
    """Groups of row positions within the frame."""
    scaled, d = Scaled(frame), frame.shape[1]
    hashes = [column_hashes(frame.iloc[:, i], i) for i in range(d)]
    seen: set[tuple[int, ...]] = set()
    found: list[np.ndarray] = []
    for left_out in _choices(d, generator):
        most_odd = 1 if d <= ONE_BY_ONE else 2
        kept = [i for i in range(d) if i not in left_out]
        groups = _agreeing(scaled, hashes, kept, left_out, most_odd, generator)
        if not groups or _grows(scaled, hashes, kept, left_out, most_odd, groups, generator):
            continue
        for members, odd in groups:
            key = tuple(members.tolist())
            if key not in seen:
                seen.add(key)
                found.append(members)
                names.update(scaled.names[i] for i in odd)
    return found


def _choices(d: int, generator: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """Columns to leave out together."""
    if d <= ONE_BY_ONE:
        yield from ((i,) for i in range(d))
        return
    blocks = np.array_split(generator.permutation(d), BLOCKS)
    for a, b in combinations(blocks, 2):
        yield tuple(sorted((*a.tolist(), *b.tolist())))


def _agreeing(
    scaled: Scaled,
    hashes: list[np.ndarray],
    kept: Sequence[int],
    left_out: Sequence[int],
    most_odd: int,
    generator: np.random.Generator,
) -> list[tuple[np.ndarray, tuple[int, ...]]]:
    """Copies by the kept columns that agree in nearly all of the others, too, and the columns in which they do not."""
    total = np.zeros(scaled.n_rows, np.uint64)
    for i in kept:
        total = total + hashes[i]
    equal = pd.factorize(total)[0]
    repeats = len(equal) - int(equal.max()) - 1
    if repeats and _by_chance([hashes[i] for i in kept], generator) >= CHANCE_SHARE * repeats:
        return []
    first = np.unique(equal, return_index=True)[1]
    points, keys = scaled.points(kept, first)
    groups = near_points(points, keys, generator)[equal]
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    result = []
    for members in parts:
        if 1 < len(members) <= LARGEST:
            odd = _odd(scaled, members, left_out)
            if len(odd) <= most_odd:
                result.append((np.sort(members), odd))
    return result


def _by_chance(hashes: list[np.ndarray], generator: np.random.Generator) -> int:
    total = np.zeros(len(hashes[0]), np.uint64)
    for each in hashes:
        total = total + generator.permutation(each)
    return n_repeats(total)


def _odd(scaled: Scaled, members: np.ndarray, columns: Sequence[int]) -> tuple[int, ...]:
    """Columns in which the members differ."""
    odd = []
    for i in columns:
        numbers, codes = scaled.numbers[i], scaled.codes[i]
        differs = codes is not None and bool((codes[members] != codes[members[0]]).any())
        if numbers is not None:
            differs |= bool(np.ptp(numbers[members]) > AGREE)
        if differs:
            odd.append(i)
    return tuple(odd)


def _grows(
    scaled: Scaled,
    hashes: list[np.ndarray],
    kept: Sequence[int],
    left_out: Sequence[int],
    most_odd: int,
    groups: list[tuple[np.ndarray, tuple[int, ...]]],
    generator: np.random.Generator,
) -> bool:
    """Whether leaving out one more column finds many more groups: then most columns agree between neighbours anyway."""
    n_found = sum(len(members) for members, _ in groups)
    for more in generator.permutation(np.asarray(kept))[:2].tolist():
        fewer = [i for i in kept if i != more]
        wider = _agreeing(scaled, hashes, fewer, [*left_out, more], most_odd + 1, generator)
        if sum(len(members) for members, _ in wider) > TAIL * n_found:
            return True
    return False


def _equal_but_one(
    frame: pd.DataFrame, groups: np.ndarray, generator: np.random.Generator, names: Counter[str]
) -> np.ndarray:
    """Rows of a long table that are equal in all columns but one."""
    d = frame.shape[1]
    total = np.zeros(len(frame), np.uint64)
    for i in range(d):
        total += column_hashes(frame.iloc[:, i], i)
    known = n_repeats(total)
    for i in range(d):
        rest = total - column_hashes(frame.iloc[:, i], i)
        found = n_repeats(rest) - known
        if not found:
            continue
        more = int(generator.integers(d - 1))
        other = column_hashes(frame.iloc[:, more + (more >= i)], more + (more >= i))
        if n_repeats(rest - other) - n_repeats(total - other) > TAIL * found:
            continue
        others = frame.drop(columns=frame.columns[i])
        if n_repeats(shuffled_hashes(others, generator, 1)[0]) >= CHANCE_SHARE * found:
            continue
        equal = pd.factorize(rest)[0]
        sizes = np.bincount(equal)
        first = np.unique(equal, return_index=True)[1][equal]
        rows = np.flatnonzero((sizes[equal] > 1) & (sizes[equal] <= LARGEST))
        groups = join_pairs(groups, rows, first[rows])
        names[str(frame.columns[i])] += int(((sizes > 1) & (sizes <= LARGEST)).sum())
    return groups
