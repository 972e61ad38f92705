"""A split on disk: plain JSON with the ids of the rows, so that another program, or a later day, has the same rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heldout.errors import ArtifactError, DataError
from heldout.files import write_json
from heldout.split.partition import Fold, check_no_group_crosses

SCHEMA = 1
MAX_BYTES = 2**30


@dataclass(frozen=True)
class SplitRecord:
    """Rows by part, and the folds of a cross-validation, as positions.

    Attributes
    ----------
    parts : mapping of str to int array
        Such as train, validation, test; disjoint.
    folds : list of (repeat, fold, training rows, validation rows)
        Empty if there are none. Within a repeat they cover the same rows.
    way, seed
        How the split was made.
    """

    parts: Mapping[str, np.ndarray]
    folds: Sequence[Fold] = field(default=())
    way: str = ""
    seed: int | None = None


def save_split(path: Path, split: SplitRecord, ids: np.ndarray, *, groups: np.ndarray | None = None) -> None:
    """Write a split as JSON, whole or not at all.

    Parameters
    ----------
    path : Path
    split : SplitRecord
    ids : array of str, shape (n_rows,)
        Different for each row.
    groups : int array, shape (n_rows,), optional
        If given, no group may have rows in two parts.

    Raises
    ------
    LeakageError
        If a row, or a group, is in two parts.
    DataError
        If two rows have the same id.
    """
    check_no_group_crosses(np.arange(len(ids)) if groups is None else groups, split.parts)
    texts = np.asarray(ids).astype(str)
    if len(np.unique(texts)) < len(texts):
        raise DataError("two rows have the same id", where=str(path), fix="give each row an id of its own")
    write_json(
        Path(path),
        {
            "schema": SCHEMA,
            "kind": "heldout-split",
            "way": split.way,
            "seed": split.seed,
            "parts": {name: texts[rows].tolist() for name, rows in split.parts.items()},
            "folds": [
                {"repeat": repeat, "fold": fold, "validation": texts[validation].tolist()}
                for repeat, fold, _, validation in split.folds
            ],
        },
    )


def load_split(path: Path, ids: np.ndarray) -> SplitRecord:
    """Read a split for rows with these ids, in whatever order the rows now are.

    Also reads the ``split.json`` of a run (train, test, left_out).

    Raises
    ------
    ArtifactError
        If the file is damaged or no split, or a row is in two parts or folds.
    DataError
        If the split names rows that are not there.
    """
    values = _read(Path(path))
    position = {text: row for row, text in enumerate(np.asarray(ids).astype(str).tolist())}
    parts = {str(name): _rows(named, position, path) for name, named in _part_lists(values, path).items()}
    everything = np.concatenate([np.empty(0, np.int64), *parts.values()])
    if len(np.unique(everything)) < len(everything):
        raise ArtifactError("a row is in two parts, or twice in one", where=str(path), fix="make a new split")
    return SplitRecord(
        parts,
        _folds(values.get("folds", []), position, path),
        str(values.get("way", "")),
        values["seed"] if type(values.get("seed")) is int else None,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 30} GB")
        values = json.loads(path.read_text("utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it is not a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArtifactError(f"cannot be read as a split: {reason}", where=str(path), fix="make a new split") from None
    return values


def _part_lists(values: dict[str, Any], path: Path) -> dict[str, Any]:
    own = values.get("parts")
    if values.get("kind") == "heldout-split" and values.get("schema") == SCHEMA and isinstance(own, dict):
        return own
    names = ("train", "validation", "test", "left_out")
    parts: dict[str, Any] = {name: values[name] for name in names if name in values}
    if not {"train", "test"} <= set(parts):
        raise ArtifactError(
            "it lists no training and test rows", where=str(path), fix="give a split that heldout wrote"
        )
    return parts


def _rows(named: Any, position: dict[str, int], path: Path) -> np.ndarray:
    if not isinstance(named, list) or not all(isinstance(text, str) for text in named):
        raise ArtifactError("rows must be lists of ids (text)", where=str(path), fix="make a new split")
    lost = [text for text in named if text not in position]
    if lost:
        raise DataError(
            f"the data lack {len(lost):,} rows of the split (first: {lost[0]!r})",
            where=str(path),
            fix="give the data that this split was made for",
        )
    return np.sort(np.array([position[text] for text in named], np.int64))


def _folds(listed: Any, position: dict[str, int], path: Path) -> list[Fold]:
    try:
        held = [(int(one["repeat"]), int(one["fold"]), _rows(one["validation"], position, path)) for one in listed]
    except (TypeError, KeyError, ValueError) as error:
        if isinstance(error, ArtifactError | DataError):
            raise
        raise ArtifactError("its folds cannot be read", where=str(path), fix="make a new split") from None
    result: list[Fold] = []
    for repeat, fold, validation in held:
        mine = np.concatenate([rows for r, _, rows in held if r == repeat])
        if len(np.unique(mine)) < len(mine):
            raise ArtifactError(f"a row is in two folds of repeat {repeat}", where=str(path), fix="make it again")
        result.append((repeat, fold, np.setdiff1d(mine, validation), validation))
    return result
