"""Columns that say of each row to which part of a split, to which time or to which fold it belongs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.delimited import read_delimited
from heldout.errors import DataError, LabelError, SettingError

PART_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def read_roles(said: Mapping[str, Sequence[str]], *, where: str, place: Callable[[int], str]) -> dict[str, Any]:
    """The fields of a `Dataset` that these columns give.

    Parameters
    ----------
    said : mapping of role to texts, one a row
        Roles: ``part`` (train, validation, test), ``time`` (a number, or a date and time in ISO form), ``fold``.
        Validation rows count as training rows: the folds of the cross-validation are drawn over both.
    where : str
        The file, for messages.
    place : callable
        Names the place of a row.

    Raises
    ------
    DataError, LabelError
        If a row says nothing that can be read, or there are not both training and test rows.
    """
    found: dict[str, Any] = {}
    if "part" in said:
        found["official_test"] = _test_rows(said["part"], where, place)
    if "time" in said:
        found["time"] = read_times(said["time"], where=where, place=place)
    if "fold" in said:
        found["folds"] = read_folds(said["fold"], where=where, place=place)
    return found


def add_listed_roles(data: Dataset, path: Path, roles: Mapping[str, str]) -> Dataset:
    """The dataset of a folder, with the columns of its labels.csv that say of each file its part or its time.

    Parameters
    ----------
    data : Dataset
        Its ids are the files that the list names.
    path : Path
        The list.
    roles : mapping of role to column

    Raises
    ------
    SettingError
        If there is no list, or it has no such column.
    DataError, LabelError
        If a row says nothing that can be read.
    """
    option, column = {"part": "column", "time": "time"}[next(iter(roles))], next(iter(roles.values()))
    if not path.is_file():
        raise SettingError(
            f"a folder without labels.csv has no column {column!r}",
            where=f"--split {option}:{column}",
            fix="put a labels.csv with the columns file,label and this one into the folder, or use --split class",
        )
    raw = read_delimited(path, where=str(path))
    absent = [name for name in roles.values() if name not in raw.names]
    if absent:
        raise SettingError(
            f"Unknown column {absent[0]!r}; the columns are {', '.join(raw.names)}",
            where=str(path),
            fix=f"--split {option}:COL with one of these",
        )
    columns = {name: raw.columns[raw.names.index(name)].to_pylist() for name in ("file", *roles.values())}
    row_of = {name: row for row, name in enumerate(columns["file"])}
    rows = [row_of[name] for name in data.ids.tolist()]
    said = {role: [columns[name][row] or "" for row in rows] for role, name in roles.items()}
    return replace(data, **read_roles(said, where=str(path), place=lambda number: raw.place(rows[number])))


def read_parts(texts: Sequence[str], *, where: str, place: Callable[[int], str]) -> np.ndarray:
    """The part of each row: 'train', 'validation' or 'test', whatever the case and the usual short forms.

    Raises
    ------
    DataError
        If a row says something else.
    """
    parts = [PART_WORDS.get(str(text).strip().casefold(), "") for text in texts]
    if "" in parts:
        row = parts.index("")
        raise DataError(
            f"{parts.count(''):,} rows name no part of a split, first {str(texts[row])!r} at {place(row)}",
            where=where,
            fix="write train, validation or test in each row",
        )
    return np.array(parts)


def _test_rows(texts: Sequence[str], where: str, place: Callable[[int], str]) -> np.ndarray:
    is_test: np.ndarray = read_parts(texts, where=where, place=place) == "test"
    if is_test.all() or not is_test.any():
        one = "test" if is_test.all() else "training"
        raise LabelError(f"all {len(is_test):,} rows are {one} rows", where=where, fix="mark some train and some test")
    return is_test


def read_folds(texts: Sequence[str], *, where: str, place: Callable[[int], str]) -> np.ndarray:
    """Folds numbered from 0 in the order of their names: as numbers if all are, else as text.

    Raises
    ------
    DataError
        If a row has none.
    """
    blank = [row for row, text in enumerate(texts) if not text.strip()]
    if blank:
        raise DataError(
            f"the fold is empty in {len(blank):,} rows, first at {place(blank[0])}",
            where=where,
            fix="give each row a fold",
        )
    names = sorted(set(texts))
    values = [_number(name) for name in names]
    if None not in values:
        names = [name for _, name in sorted(zip(values, names, strict=True))]
    number = {name: position for position, name in enumerate(names)}
    return np.array([number[text] for text in texts], np.int64)


def read_times(texts: Sequence[str], *, where: str, place: Callable[[int], str]) -> np.ndarray:
    """Times as numbers if any text is a number, else seconds since 1970 (UTC where no zone is given).

    Raises
    ------
    DataError
        If a row has no time that can be read.
    """
    numbers = [_number(text) for text in texts]
    as_numbers = any(value is not None for value in numbers)
    times = numbers if as_numbers else [_seconds(text) for text in texts]
    bad = [row for row, value in enumerate(times) if value is None]
    if bad:
        raise DataError(
            f"{len(bad):,} rows have no time that can be read, first {texts[bad[0]]!r} at {place(bad[0])}",
            where=where,
            fix="write a number, as in the other rows" if as_numbers else "write 2024-01-31 or 2024-01-31T12:00",
        )
    return np.array(times, np.float64)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
