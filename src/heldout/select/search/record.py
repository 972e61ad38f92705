"""Finished points of a search in an SQLite file, so that none is computed twice.

The file is a memory and no authority: a point counts only if its setting is the one that the search would try now.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heldout.errors import ArtifactError
from heldout.files import DiskError
from heldout.select.search.points import Point

_TABLE = """
create table if not exists point (
    search text, study text, number integer, setting text, scores text, seconds real, note text,
    primary key (search, study, number)
)
"""


class Record:
    """Points by search (what the scores are true for), study and number. Without a path nothing is kept.

    Raises
    ------
    ArtifactError
        If the file is no record of a search.
    """

    def __init__(self, path: Path | None, search: str) -> None:
        self._path, self._search = path, search
        self._known: dict[tuple[str, int], Point] = {}
        self._base: sqlite3.Connection | None = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path)
            self._base.execute(_TABLE)
            rows = self._base.execute(
                "select study, number, setting, scores, seconds, note from point where search = ?", (search,)
            ).fetchall()
            self._known = {(str(row[0]), int(row[1])): _point(row[1:]) for row in rows}
        except sqlite3.OperationalError as error:
            raise DiskError(
                f"cannot be written: {error}", where=str(path), fix="free space, or make it writable"
            ) from None
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise ArtifactError(
                f"this is no record of a search: {error}", where=str(path), fix="delete it; the points are tried again"
            ) from None

    def close(self) -> None:
        """Close the file."""
        if self._base is not None:
            self._base.close()

    def get(self, study: str, number: int, setting: Mapping[str, Any], n_scores: int) -> Point | None:
        """The finished point, if it is there with this setting and as many scores."""
        point = self._known.get((study, number))
        if point is None or len(point.scores) != n_scores:
            return None
        return point if point.setting == json.loads(_text(setting)) else None

    def of(self, study: str) -> list[Point]:
        """The finished points of a search from the first on, without a gap."""
        found: list[Point] = []
        while (study, len(found)) in self._known:
            found.append(self._known[study, len(found)])
        return found

    def put(self, study: str, point: Point) -> None:
        """Keep a finished point."""
        self._known[study, point.number] = point
        if self._base is None:
            return
        scores = json.dumps([score if math.isfinite(score) else None for score in point.scores])
        row = (self._search, study, point.number, _text(point.setting), scores, point.seconds, point.note)
        try:
            with self._base:
                self._base.execute("insert or replace into point values (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.OperationalError as error:
            raise DiskError(
                f"cannot be written: {error}", where=str(self._path), fix="free space; --resume goes on from here"
            ) from None


def _text(setting: Mapping[str, Any]) -> str:
    return json.dumps(setting, sort_keys=True, default=repr)


def _point(row: tuple[Any, ...]) -> Point:
    number, setting, scores, seconds, note = row
    values = tuple(math.nan if score is None else float(score) for score in json.loads(scores))
    plain = json.loads(setting)
    if not isinstance(plain, dict):
        raise ValueError("a setting is no mapping")
    return Point(int(number), plain, values, float(seconds), str(note))
