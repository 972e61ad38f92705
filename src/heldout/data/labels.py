"""Labels stay text exactly as written; what looks wrong with them is said or refused here."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from heldout.errors import LabelError

_BLANK = {"", "nan"}
_INFINITE = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
_WORDS_FOR_NOTHING = {"na", "n/a", "null", "none", "?"}
_FEW_ROWS = 20  # with so few rows, labels that all differ may be an honest (if hopeless) data set


def encode(labels: Sequence[str] | np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class numbers (int64) and the sorted classes of these labels."""
    written = list(labels)
    classes = sorted(set(written))
    number = {name: position for position, name in enumerate(classes)}
    return np.fromiter((number[name] for name in written), np.int64, len(written)), tuple(map(str, classes))


def check_target(
    codes: np.ndarray, classes: tuple[str, ...], *, where: str, place: Callable[[int], str], what: str
) -> list[str]:
    """Refuse a column that cannot be a target; return notes on one that can.

    Parameters
    ----------
    codes : int64 array, shape (n_rows,)
    classes : tuple of str
        Distinct values as written.
    where : str
        The file, for messages.
    place : callable
        Names the place of a row number ("line 7").
    what : str
        The name of the target column, for messages.

    Raises
    ------
    LabelError
        If a label is empty, NaN or infinite, if there is one class only, or if the values look like an id or a
        measured quantity.
    """
    _refuse_blank(codes, classes, where=where, place=place, what=what)
    if len(classes) < 2:
        raise LabelError(
            f"target {what!r} has only one class: {classes[0]!r} in all {len(codes):,} rows",
            where=where,
            fix="a classifier needs rows of at least two classes; choose another target or add rows",
        )
    _refuse_many(len(codes), classes, where=where, what=what)
    odd = [name for name in classes if name.strip().casefold() in _WORDS_FOR_NOTHING]
    notes = [f"target {what!r}: {name!r} is taken as a class of its own, not as a missing label" for name in odd]
    return notes + near_equal_notes(classes)


def _refuse_blank(
    codes: np.ndarray, classes: tuple[str, ...], *, where: str, place: Callable[[int], str], what: str
) -> None:
    for kind, words in (("empty or NaN", _BLANK), ("infinite", _INFINITE)):
        bad = [number for number, name in enumerate(classes) if name.strip().casefold() in words]
        rows = np.flatnonzero(np.isin(codes, bad))
        if len(rows):
            raise LabelError(
                f"target {what!r} is {kind} in {len(rows):,} of {len(codes):,} rows, first at "
                f"{place(int(rows[0]))} (written {classes[codes[rows[0]]]!r})",
                where=where,
                fix="give these rows a label, or remove them from the file",
            )


def _refuse_many(n_rows: int, classes: tuple[str, ...], *, where: str, what: str) -> None:
    """Refuse ids (nearly every row its own value) and measured quantities (many numbers, few rows of each)."""
    n = len(classes)
    if n_rows <= _FEW_ROWS:
        return
    numbers = [_number(name) for name in classes]
    if all(value is not None for value in numbers):
        fractional = any(value is not None and value != math.floor(value) for value in numbers)
        if (fractional and n > _FEW_ROWS) or n * 2 > n_rows or (n > 100 and n_rows < 10 * n):
            raise LabelError(
                f"target {what!r} holds {n:,} different numbers in {n_rows:,} rows (such as {classes[0]}, "
                f"{classes[1]}): an id or a regression target, not a class",
                where=where,
                fix="choose a column of classes with --target, or put the numbers into bins first",
            )
    elif n * 2 > n_rows:
        raise LabelError(
            f"target {what!r} holds {n:,} different values in {n_rows:,} rows (such as {classes[0]!r}, "
            f"{classes[1]!r}): an id, not a class",
            where=where,
            fix="choose a column whose values repeat with --target",
        )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def near_equal_notes(classes: Sequence[str], limit: int = 10) -> list[str]:
    """Point out labels that differ only by case, blanks, Unicode form or number format."""
    alike: dict[object, list[str]] = {}
    for name in classes:
        alike.setdefault(_blurred(name), []).append(name)
    groups = [names for names in alike.values() if len(names) > 1]
    notes = [
        "labels " + " and ".join(repr(name) for name in names) + " look alike and are kept as different classes"
        for names in groups[:limit]
    ]
    if len(groups) > limit:
        notes.append(f"{len(groups) - limit} more groups of labels look alike")
    return notes


def _blurred(name: str) -> object:
    number = _number(name)
    if number is not None and math.isfinite(number):
        return number
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
