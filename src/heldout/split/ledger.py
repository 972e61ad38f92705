"""The ledger: who opened the seal of which data, when, for what, and what came out.

An append-only SQLite file. Each entry carries the SHA-256 of its content together with the hash of the entry
before, so that a changed, removed or inserted entry breaks the chain from there on; a file next to it
(``ledger.head``) names the last entry, so that a shortened or exchanged ledger is noticed too.

It is tamper-evident, not tamper-proof. Whoever may write the folder can delete both files, or write a whole
new chain with its head. It is made against forgetting and against the quiet correction, not against fraud.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heldout.errors import ArtifactError, SettingError
from heldout.files import DiskError, write_json
from heldout.split.chain import (
    APPLICATION_ID,
    SCHEMA,
    TRIGGERS,
    Entry,
    Head,
    chain_problems,
    entry_hash,
    head_problem,
    plain,
    to_json,
)
from heldout.split.sketch import shared_part

BUSY_SECONDS = 30.0
SQLITE_HEADER_BYTES = 100
COLUMNS = "SELECT number, content, previous, hash FROM entries"
MIN_OVERLAP = 0.2  # of the smaller test set's rows


def ledger_path() -> Path:
    """Where the ledger is: ``HELDOUT_LEDGER`` (a file, or a folder), else the user's data folder."""
    given = os.environ.get("HELDOUT_LEDGER", "")
    if not given:
        from platformdirs import user_data_dir

        return Path(user_data_dir("heldout", appauthor=False)) / "ledger.sqlite"
    path = Path(given).expanduser()
    return path / "ledger.sqlite" if path.is_dir() or given.endswith(("/", os.sep)) else path


class Ledger:
    """The record of every opening of every seal.

    Nothing is created before the first opening. Each call opens the file anew and closes it, so a ledger may
    be used by any number of processes and threads, also on a shared folder.

    Parameters
    ----------
    path : path, optional
        The SQLite file. Default: `ledger_path`.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path is not None else ledger_path()

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    @property
    def head_path(self) -> Path:
        """The small file that names the last entry."""
        return self.path.with_suffix(".head")

    def open_seal(
        self,
        *,
        data_fingerprint: str,
        test_fingerprint: str,
        run: str,
        model: str,
        config_hash: str,
        sketch: Sequence[str] = (),
    ) -> int:
        """Record that the seal is about to be opened; durable when this returns.

        Returns
        -------
        int
            The number of the entry, for `record_result`.

        Raises
        ------
        DiskError
            If it could not be written. Then the seal must stay closed.
        ArtifactError
            If the file is not a ledger.
        """
        return self._append(
            {
                "kind": "opened",
                "data": data_fingerprint,
                "test": test_fingerprint,
                "run": run,
                "model": model,
                "config_hash": config_hash,
                "user": _user(),
                "sketch": list(sketch),
            }
        )

    def record_result(self, entry: int, result: Mapping[str, Any]) -> None:
        """Record what an opening showed, as an entry that refers to it.

        Raises
        ------
        SettingError
            If there is no such opening, or its result is recorded already.
        """
        self._append({"kind": "result", "opening": int(entry), "result": plain(result)})

    def openings(self, data_fingerprint: str) -> list[dict[str, Any]]:
        """Every opening of these data, first to last.

        Returns
        -------
        list of dict
            ``number`` (1 is the first opening of these data), ``entry``, ``run``, ``time`` (UTC, ISO 8601),
            ``model``, ``config_hash``, ``user``, ``test`` (fingerprint of the test rows) and ``result`` (a
            dict, or None if none was recorded).
        """
        found = [opening for opening in self._openings() if opening.get("data") == data_fingerprint]
        keys = ("entry", "run", "time", "model", "config_hash", "user", "test", "result")
        return [{"number": i, **{key: opening.get(key) for key in keys}} for i, opening in enumerate(found, 1)]

    def count(self, data_fingerprint: str) -> int:
        """How often the seal of these data was opened."""
        return sum(opening.get("data") == data_fingerprint for opening in self._openings())

    def overlapping(self, sketch: Sequence[str], *, data_fingerprint: str) -> list[dict[str, Any]]:
        """Openings of other data that share a fifth or more of their test rows with these.

        Data of which a row was dropped or changed have another fingerprint; their test rows were looked at
        all the same.

        Parameters
        ----------
        sketch : list of str
            `heldout.split.sketch.sketch_of` the test rows.
        data_fingerprint : str
            The data at hand, whose own openings are left out.

        Returns
        -------
        list of dict
            As from `openings`, with ``data`` (the other fingerprint) and ``shared`` (estimated part of the
            smaller test set, in [0.2, 1]) instead of ``number``.
        """
        result = []
        for opening in self._openings():
            shared = shared_part(sketch, opening.get("sketch", ()))
            if opening.get("data") != data_fingerprint and shared >= MIN_OVERLAP:
                result.append({key: v for key, v in opening.items() if key != "sketch"} | {"shared": shared})
        return result

    def verify(self) -> list[str]:
        """What is wrong with the ledger, in sentences; empty if it is intact.

        Raises
        ------
        ArtifactError
            If the file is not a ledger at all.
        """
        head = self._read_head()
        if not self._is_begun():
            missing = "" if head is None else f"the ledger file is missing: its head file names {head.number} entries"
            return [missing] if missing else []
        with self._reading() as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
            entries = _entries(connection)
        problems = chain_problems(entries)
        if names != set(TRIGGERS):
            problems.append("the protection against changes (triggers) was removed from the file")
        fault = head_problem(entries, head)
        return [*problems, fault] if fault else problems

    def _is_begun(self) -> bool:
        """Whether there is a file with anything in it; a full disk can leave an empty one."""
        return self.path.exists() and (not self.path.is_file() or self.path.stat().st_size > 0)

    def _openings(self) -> list[dict[str, Any]]:
        if not self._is_begun():
            return []
        with self._reading() as connection:
            contents = [_content(entry) for entry in _entries(connection)]
        results = {c.get("opening"): c.get("result") for c in contents if c.get("kind") == "result"}
        return [
            {
                "entry": c.get("number"),
                **{k: v for k, v in c.items() if k not in ("number", "kind", "ledger")},
            }
            | {"result": results.get(c.get("number"))}
            for c in contents
            if c.get("kind") == "opened"
        ]

    def _append(self, content: dict[str, Any]) -> int:
        """Add one entry, then bring the head file up to it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._disk_error(error) from error
        if self.path.is_file() and 0 < self.path.stat().st_size < SQLITE_HEADER_BYTES:
            raise self._foreign("is too short to be a database")  # SQLite would write over it
        with self._connection(self.path) as connection:
            self._prepare(connection)
            with _transaction(connection):
                last = self._note_damage(connection)
                _check_result(connection, content)
                number = _insert(connection, content, last)
            with _transaction(connection):  # holds the lock, so that heads are written in the order of entries
                last_entry = _last(connection)
                write_json(self.head_path, Head.of(last_entry).__dict__)
        return number

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create the tables of a new file, or make sure that an existing one is ours."""
        # As FULL, and the folder is synced when the journal goes, so that no entry is undone by a power cut.
        connection.execute("PRAGMA synchronous = EXTRA")
        with _transaction(connection):
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._require_ours(connection)
                return
            for statement in (SCHEMA, *TRIGGERS.values()):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            head = self._read_head()
            genesis: dict[str, Any] = {"kind": "begun", "id": secrets.token_hex(8)}
            if head is not None:
                genesis["missing"] = f"{head.number} entries of an earlier ledger, which no longer exists"
            _insert(connection, genesis, None)

    def _note_damage(self, connection: sqlite3.Connection) -> Entry:
        """The last entry; if the head file contradicts the chain, that is written down first, for good."""
        fault = head_problem(_entries(connection), self._read_head())
        if fault:
            _insert(connection, {"kind": "damage", "found": fault}, _last(connection))
        return _last(connection)

    def _read_head(self) -> Head | None:
        try:
            return Head(**json.loads(self.head_path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return Head("", 0, "unreadable")
        except OSError as error:
            raise self._disk_error(error) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._connection(f"{self.path.absolute().as_uri()}?mode=rw") as connection:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._require_ours(connection)
                yield connection
                return
            raise self._foreign("is an empty file")

    @contextmanager
    def _connection(self, target: str | Path) -> Iterator[sqlite3.Connection]:
        """A connection whose errors are ours."""
        try:
            connection = sqlite3.connect(
                target, timeout=BUSY_SECONDS, isolation_level=None, uri=isinstance(target, str)
            )
            with closing(connection):
                yield connection
        except sqlite3.OperationalError as error:
            raise self._disk_error(error) from error
        except sqlite3.DatabaseError as error:
            raise self._foreign(f"cannot be read ({error})") from error

    def _require_ours(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise self._foreign("belongs to another program")

    def _foreign(self, what: str) -> ArtifactError:
        return ArtifactError(
            f"this file {what}, so it is not a ledger of heldout",
            where=str(self.path),
            fix="point HELDOUT_LEDGER at another file, or restore the ledger from a backup",
        )

    def _disk_error(self, error: Exception) -> DiskError:
        return DiskError(
            f"cannot use the ledger: {getattr(error, 'strerror', None) or error}",
            where=str(self.path),
            fix="make its folder writable, or set HELDOUT_LEDGER to a file elsewhere; the seal stays closed",
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _entries(connection: sqlite3.Connection) -> list[Entry]:
    rows = connection.execute(f"{COLUMNS} ORDER BY number").fetchall()
    if not all(isinstance(row[0], int) and all(isinstance(text, str) for text in row[1:]) for row in rows):
        raise sqlite3.DatabaseError("an entry is not text")
    return [Entry(*row) for row in rows]


def _last(connection: sqlite3.Connection) -> Entry:
    row = connection.execute(f"{COLUMNS} ORDER BY number DESC").fetchone()
    if row is None:
        raise ArtifactError("the ledger has no entries, not even its first", fix="restore it from a backup")
    return Entry(*row)


def _insert(connection: sqlite3.Connection, content: Mapping[str, Any], last: Entry | None) -> int:
    number, previous = (last.number + 1, last.hash) if last else (1, "")
    ledger = _content(last).get("ledger", "") if last else content["id"]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    text = to_json({"number": number, "ledger": ledger, "time": now, **content})
    row = (number, text, previous, entry_hash(text, previous))
    connection.execute("INSERT INTO entries (number, content, previous, hash) VALUES (?, ?, ?, ?)", row)
    return number


def _check_result(connection: sqlite3.Connection, content: Mapping[str, Any]) -> None:
    if content["kind"] != "result":
        return
    contents = [_content(entry) for entry in _entries(connection)]
    opening = content["opening"]
    if not any(c.get("kind") == "opened" and c.get("number") == opening for c in contents):
        raise SettingError(f"entry {opening} of the ledger is not an opening", fix="use the entry of `open_seal`")
    if any(c.get("kind") == "result" and c.get("opening") == opening for c in contents):
        raise SettingError(f"the result of opening {opening} is already recorded", fix="open the seal again")


def _content(entry: Entry) -> dict[str, Any]:
    """The content of an entry; an unreadable one counts as empty here and is named by `Ledger.verify`."""
    try:
        content = json.loads(entry.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this user id, as in some containers
        return "unknown"
