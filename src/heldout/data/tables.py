"""Tables become rows by stated rules, and new rows are read by the same ones.

The rules: a feature value is missing if it is empty, ``NA``, ``N/A``, ``NaN``, ``null``, ``None`` or ``?`` (blanks
around it do not count; ``nan`` in any case). A column is numeric if every value that is not missing is a number, and
categorical otherwise. Constant columns, text columns in which all values differ (ids) and columns that only number the
rows are left out, with a note. The target stays text exactly as written.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data import labels
from heldout.data.columnar import PARQUET_SUFFIXES, RawNumbers, read_frame, read_parquet
from heldout.data.dataset import Dataset, LeftOut
from heldout.data.delimited import TAB_SUFFIXES, RawTable, read_delimited
from heldout.data.groups import join_groups
from heldout.data.roles import read_roles
from heldout.errors import DataError, SettingError

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "NAN", "null", "None", "?")
SUFFIXES = (".csv", *TAB_SUFFIXES, *PARQUET_SUFFIXES)
SOURCE_COLUMN = "heldout_source"
"""Of a table that `heldout augment` wrote: the original of each row. It groups the rows and is never a feature."""
_LIKELY_TARGETS = ("target", "label", "class", "y")
_FEW_ROWS = 20
_LARGEST = 1e150  # the square of a larger number, and so a variance, overflows


def read_raw(source: Any, where: str | None = None) -> RawTable:
    """Read a table file, DataFrame or binary CSV stream into raw columns."""
    if isinstance(source, (str, Path)):
        path = Path(source)
        if path.suffix.lower() in PARQUET_SUFFIXES:
            return read_parquet(path)
        return read_delimited(path, where=str(path))
    if hasattr(source, "columns"):
        return read_frame(source)
    return read_delimited(source, where=where or str(getattr(source, "name", "input")))


def load_table(
    source: Any, *, name: str, target: str | None, group: str | None, roles: Mapping[str, str] | None = None
) -> Dataset:
    """Read a labelled table.

    Parameters
    ----------
    source : path or pandas.DataFrame
    name : str
        What to call it.
    target : str
        The column that holds the labels.
    group : str, optional
        A column whose equal values mark rows that must stay together.
    roles : mapping, optional
        Columns by what they say of the split: ``part``, ``time``, ``fold`` (see `heldout.data.roles`).

    Raises
    ------
    SettingError
        If `target` or `group` is not a column.
    DataError, LabelError
        If the table or its labels cannot be used; the message names the line.
    """
    dataset = build(read_raw(source), name=name, target=target, group=group, roles=roles)
    _give_back_memory()
    return dataset


def _give_back_memory() -> None:
    """Return what Arrow keeps of the columns as text: of a million rows it is more than the table itself."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def build(
    raw: RawTable, *, name: str, target: str | None, group: str | None, roles: Mapping[str, str] | None = None
) -> Dataset:
    """Make a dataset of raw columns (see `load_table`)."""
    target = _find_target(raw, target)
    if group is not None:
        _find(raw, group, "group")
        if group == target:
            raise SettingError(f"column {group!r} is both target and group", fix="choose another --group")
    roles = roles or {}
    _check_roles(raw, roles, target)
    label_texts = _texts(raw.columns[raw.names.index(target)])
    y, classes = labels.encode(label_texts)
    notes = list(raw.notes)
    notes += labels.check_target(y, classes, where=raw.where, place=raw.place, what=target)
    features = [name for name in raw.names if name not in (target, group, SOURCE_COLUMN, *roles.values())]
    left_out: dict[str, LeftOut] = {}
    frame, columns = _features(raw, features, notes, left_out)
    groups, group_names = (None, ()) if group is None else _groups(raw, group)
    if SOURCE_COLUMN in raw.names:
        groups, group_names = _with_sources(groups, _groups(raw, SOURCE_COLUMN))
        notes.append(f"rows of one {SOURCE_COLUMN!r} are made of one original and stay together")
    said = {role: _texts(raw.columns[raw.names.index(column)]).tolist() for role, column in roles.items()}
    if "fold" in features:
        notes.append("column 'fold' is taken as a feature; with --folds published it gives the folds instead")
    return Dataset(
        name=name,
        kind="table",
        x=frame,
        y=y,
        classes=classes,
        ids=np.arange(len(y)).astype(str),
        groups=groups,
        group_names=group_names,
        **read_roles(said, where=raw.where, place=raw.place),
        origin={"data": raw.where, "target": target, "group": group},
        input={"kind": "table", "columns": columns, "target": target, "group": group},
        notes=tuple(notes),
        left_out=left_out,
    )


def read_rows(source: Any, input: Mapping[str, Any]) -> tuple[Any, np.ndarray, np.ndarray | None, list[str]]:
    """Read new rows for a trained model, matching columns by name.

    Parameters
    ----------
    source : path, pandas.DataFrame or binary stream of CSV
    input : mapping
        The ``input`` of the dataset that the model was trained on.

    Returns
    -------
    frame : pandas.DataFrame
        The model's columns in the model's order.
    ids : array of str, shape (n_rows,)
        Row numbers from 0.
    labels : object array of str, shape (n_rows,), or None
        The target column as written ('' where empty), if the table has one.
    notes : list of str

    Raises
    ------
    DataError
        If a column is missing, or a numeric column holds something else; names the line and the column.
    """
    raw = read_raw(source)
    wanted = list(input["columns"])
    known = {column["name"] for column in wanted} | {input.get("target"), input.get("group")}
    absent = [column["name"] for column in wanted if column["name"] not in raw.names]
    if absent:
        near = difflib.get_close_matches(absent[0], raw.names, n=1)
        hint = f"; did {near[0]!r} mean {absent[0]!r}?" if near else ""
        raise DataError(
            f"{len(absent)} of the model's {len(wanted)} columns are missing: {_listed(absent)}{hint}",
            where=raw.where,
            fix=f"give all of these columns, in any order: {_listed([c['name'] for c in wanted])}",
        )
    notes = list(raw.notes)
    extra = [name for name in raw.names if name not in known]
    if extra:
        notes.append(f"{len(extra)} columns that the model does not use are ignored: {_listed(extra)}")
    data = {column["name"]: _typed(raw, column["name"], column["type"]) for column in wanted}
    target = input.get("target")
    written = _texts(raw.columns[raw.names.index(target)]) if target in raw.names else None
    n_rows = len(raw.columns[0])
    return _frame(data, n_rows), np.arange(n_rows).astype(str), written, notes


def numeric_features(raw: RawTable, notes: list[str]) -> tuple[Any, list[dict[str, str]]]:
    """The frame of raw columns without a target, and their ``input`` description."""
    return _features(raw, raw.names, notes, {})


def _find_target(raw: RawTable, target: str | None) -> str:
    if target is not None:
        _find(raw, target, "target")
        return target
    likely = [name for name in raw.names if name.casefold() in _LIKELY_TARGETS]
    raise SettingError(
        f"The column with the labels is not given; the table has {_listed(raw.names)}",
        where=raw.where,
        fix=f"--target {likely[0] if likely else raw.names[-1]!r}" + (" looks likely" if likely else ", for example"),
    )


def _find(raw: RawTable, name: str, role: str) -> None:
    if name in raw.names:
        return
    folded = {known.casefold(): known for known in raw.names}
    near = difflib.get_close_matches(name.casefold(), folded, n=3)
    fix = f"--{role} {folded[near[0]]!r}" if near else f"choose one of these with --{role}"
    raise SettingError(f"Unknown column {name!r}; the table has {_listed(raw.names)}", where=raw.where, fix=fix)


def _listed(names: list[str], limit: int = 12) -> str:
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def _texts(column: Any) -> np.ndarray:
    """Values as text exactly as written, '' where missing."""
    if isinstance(column, RawNumbers):
        return column.texts()
    return np.array([value if value is not None else "" for value in column.to_pylist()], dtype=object)


_ROLE_OPTIONS = {"part": "split column", "time": "split time", "fold": "folds published"}


def _check_roles(raw: RawTable, roles: Mapping[str, str], target: str) -> None:
    for role, column in roles.items():
        _find(raw, column, _ROLE_OPTIONS[role])
        if column == target:
            raise SettingError(
                f"column {column!r} holds the labels",
                where=f"--{_ROLE_OPTIONS[role]}",
                fix="name another column",
            )


def _groups(raw: RawTable, group: str) -> tuple[np.ndarray, tuple[str, ...]]:
    texts = _texts(raw.columns[raw.names.index(group)])
    empty = [row for row, text in enumerate(texts) if text.strip().casefold() in ("", "nan")]
    if empty:
        raise DataError(
            f"group {group!r} is empty in {len(empty):,} rows, first at {raw.place(empty[0])}",
            where=raw.where,
            fix="give each row a group (a value of its own if it stands alone)",
        )
    return labels.encode(texts)


def _with_sources(
    groups: np.ndarray | None, sources: tuple[np.ndarray, tuple[str, ...]]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Groups that keep together what the declared groups or the sources of augmented rows keep together."""
    if groups is None:
        return sources
    return join_groups(groups, sources[0]), ()


def _features(
    raw: RawTable, names: list[str], notes: list[str], left_out: dict[str, LeftOut]
) -> tuple[Any, list[dict[str, str]]]:
    """The frame and its columns' types; adds to the notes, and to ``left_out`` what is no feature and why."""
    n_rows = len(raw.columns[0])
    kept: dict[str, np.ndarray] = {}
    meant = ""  # the first hint on a column that is left out, for the case that none is left
    for name in names:
        values = _guessed(raw, name)
        reason = _why_left_out(values)
        if values.dtype == object:
            hints = _text_hints(name, values, dropped=reason is not None)
            notes += hints
            meant = meant or (hints[0] if hints and reason is not None else "")
        if reason is not None:
            left_out[name] = reason
        else:
            kept[name] = values
    for reason in dict.fromkeys(left_out.values()):
        dropped = [name for name, why in left_out.items() if why == reason]
        notes.append(f"left out ({reason}): {_listed(dropped)}")
    if not kept:
        raise DataError(
            f"no column is left to learn from ({len(names)} columns apart from target and group"
            + (f"; {notes[-1]}" if left_out else "")
            + (f"; {meant}" if meant else "")
            + ")",
            where=raw.where,
            fix=("write decimal points, as in 3.14, or " if meant else "") + "add columns that vary from row to row",
        )
    types = [
        {"name": name, "type": "categorical" if values.dtype == object else "numeric"} for name, values in kept.items()
    ]
    return _frame(kept, n_rows), types


def _frame(data: dict[str, np.ndarray], n_rows: int) -> Any:
    import pandas as pd

    # object, not pandas' own text type: missing values stay None under every version of pandas
    series = {name: pd.Series(values, dtype=values.dtype, copy=False) for name, values in data.items()}
    return pd.DataFrame(series, index=pd.RangeIndex(n_rows), copy=False)


def _blanked(column: Any) -> tuple[Any, Any]:
    """Arrow text with missing words as null, and the same trimmed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    missing = pc.is_in(trimmed, value_set=pa.array(MISSING_WORDS, trimmed.type))
    nothing = pa.scalar(None, trimmed.type)
    return pc.if_else(missing, nothing, column), pc.if_else(missing, nothing, trimmed)


def _parsed(trimmed: Any) -> np.ndarray | None:
    """float64 if every value that is not null is a number, else None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(trimmed, pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None


def _guessed(raw: RawTable, name: str) -> np.ndarray:
    """Numbers if all values are, else text (object, missing None)."""
    column = raw.columns[raw.names.index(name)]
    if isinstance(column, RawNumbers):
        return _finite(raw, name, column.values)
    written, trimmed = _blanked(column)
    numbers = _parsed(trimmed)
    if numbers is not None:
        return _finite(raw, name, numbers)
    return _objects(written)


def _objects(written: Any) -> np.ndarray:
    values = np.empty(len(written), dtype=object)
    values[:] = written.to_pylist()
    return values


def _finite(raw: RawTable, name: str, numbers: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(np.isinf(numbers))
    if len(rows):
        raise DataError(
            f"column {name!r} holds infinity in {len(rows):,} rows, first at {raw.place(int(rows[0]))}",
            where=raw.where,
            fix="replace it by a number, or leave the field empty (missing)",
        )
    rows = np.flatnonzero(np.abs(numbers) > _LARGEST)
    if len(rows):
        raise DataError(
            f"column {name!r} holds numbers beyond {_LARGEST:g}, too large to be squared, in {len(rows):,} rows, "
            f"first {numbers[rows[0]]:g} at {raw.place(int(rows[0]))}",
            where=raw.where,
            fix="give the column in a larger unit or as its logarithm, or leave the field empty (missing)",
        )
    return numbers


def _typed(raw: RawTable, name: str, kind: str) -> np.ndarray:
    """A column as the model knows it."""
    column = raw.columns[raw.names.index(name)]
    if isinstance(column, RawNumbers):
        if kind == "numeric":
            return _finite(raw, name, column.values)
        texts = column.texts()
        texts[texts == ""] = None
        return texts
    written, trimmed = _blanked(column)
    if kind == "categorical":
        return _objects(written)
    numbers = _parsed(trimmed)
    if numbers is None:
        row, value = _first_non_number(trimmed)
        raise DataError(
            f"column {name!r} is numeric for this model and holds {value!r} at {raw.place(row)}",
            where=raw.where,
            fix="write a number there, or leave the field empty (missing)",
        )
    return _finite(raw, name, numbers)


def _first_non_number(trimmed: Any) -> tuple[int, str]:
    for row, value in enumerate(trimmed.to_pylist()):
        if value is not None and _parsed_one(value) is None:
            return row, value
    raise AssertionError("called without a value that is no number")


def _parsed_one(value: str) -> np.ndarray | None:
    import pyarrow as pa

    return _parsed(pa.array([value]))


def _why_left_out(values: np.ndarray) -> LeftOut | None:
    """Why a column teaches nothing, if so."""
    n_rows = len(values)
    if values.dtype == object:
        distinct = set(values.tolist())
        if len(distinct) == 1:
            return LeftOut.CONSTANT
        if n_rows > _FEW_ROWS and len(distinct) == n_rows:
            return LeftOut.TEXT_ID
        return None
    first = values[0]
    if np.all(np.isnan(values)) or np.all(values == first):
        return LeftOut.CONSTANT
    # In any order: a counter that was shuffled with its rows is still no feature, and would hide copies.
    if n_rows > _FEW_ROWS and np.array_equal(np.sort(values), np.arange(n_rows) + values.min()):
        return LeftOut.NUMBERS_ROWS
    return None


def _text_hints(name: str, values: np.ndarray, *, dropped: bool) -> list[str]:
    """What a text column may have been meant to be; of a dropped one only whether it may hold decimal commas."""
    sample = [value.strip() for value in values[:1000].tolist() if value is not None]
    if not sample:
        return []
    if _has_decimal_commas(sample):
        fate = "left out" if dropped else "taken as text"
        return [f"column {name!r} is {fate}; it may hold numbers with decimal commas: write 3.14, not 3,14"]
    if dropped:
        return []
    if sum(_is_date(value) for value in sample) > 0.9 * len(sample):
        return [f"column {name!r} holds dates and is taken as text; derive numbers from it if they matter"]
    numbers = sum(_parsed_one(value) is not None for value in sample[:200])
    if numbers > 0.9 * len(sample[:200]):
        odd = next((value for value in sample if _parsed_one(value) is None), None)
        return [f"column {name!r} is taken as text because of values such as {odd!r}; the rest are numbers"]
    return []


def _has_decimal_commas(sample: list[str]) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not any("," in value for value in sample):
        return False
    if not all("," in value or value.lstrip("+-").isdigit() for value in sample):
        return False
    return _parsed(pc.replace_substring(pa.array(sample), ",", ".")) is not None


def _is_date(value: str) -> bool:
    from datetime import datetime

    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return not value.isdigit()
