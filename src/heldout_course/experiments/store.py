"""Results of jobs in one SQLite file, kept as they finish, and shared by all runners that work on it.

A job is leased before it is run. A lease is renewed while its runner lives; one whose runner is gone (its process ended
on this machine, or no sign of life for a minute) is free again. A result is written once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heldout.errors import ArtifactError
from heldout.files import DiskError

APPLICATION_ID = 0x686C6478  # "hldx": other SQLite files are not ours
SCHEMA = 1
BUSY_SECONDS = 30.0
STALE_SECONDS = 60.0
BEAT_SECONDS = 5.0
JOBS_A_QUERY = 500

_TABLES = """
CREATE TABLE results (job TEXT PRIMARY KEY, spec TEXT NOT NULL, result TEXT NOT NULL, seed INTEGER NOT NULL,
  versions TEXT NOT NULL, machine TEXT NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE leases (job TEXT PRIMARY KEY, owner TEXT NOT NULL, beat REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE attempts (number INTEGER PRIMARY KEY, job TEXT NOT NULL, owner TEXT NOT NULL, started REAL NOT NULL);
CREATE TABLE failures (job TEXT PRIMARY KEY, what TEXT NOT NULL, failed REAL NOT NULL) WITHOUT ROWID;
"""


def _tables() -> list[tuple[str, str]]:
    """Name and statement of each table."""
    lines = [line.strip() for line in _TABLES.split(";") if line.strip()]
    return [(line.split()[2], line) for line in lines]


@dataclass(frozen=True)
class Finished:
    """What a job found, and under what circumstances."""

    job: str
    result: Mapping[str, Any]
    seed: int
    versions: Mapping[str, Any]
    machine: str
    seconds: float


def owner_name() -> str:
    """Name of this runner: the machine (boot, process space), the process and when it began, a number of its own."""
    return f"{machine_name()}|{os.getpid()}|{_began(os.getpid()) or ''}|{os.urandom(4).hex()}"


def machine_name() -> str:
    """Name of this machine's running system: no other, and not this one after a restart, has the same."""
    import platform

    parts = [platform.node()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            place = Path(path)
            parts.append(str(place.readlink()) if place.is_symlink() else place.read_text().strip())
        except OSError:
            continue
    return ",".join(parts)


def is_gone(owner: str) -> bool | None:
    """Whether a runner's process has ended; None where this machine cannot know.

    A process with the number of an ended one is recognised by its start time, where the system knows it.
    """
    machine, number, began, *_ = [*owner.split("|"), "", ""]
    if machine != machine_name() or not number.isdigit() or sys.platform == "win32":
        return None  # on Windows, asking for a process would end it
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return None
    now = _began(int(number))
    return None if now is None or not began else now != began


def _began(number: int) -> str | None:
    """When a process began, in Linux's ticks; empty if it has ended and waits for its parent; None if unknown."""
    try:
        state, *rest = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if state in "ZX" else rest[18]


def _is_held(owner: str, beat: float, now: float) -> bool:
    """Whether a runner still has its lease: it lives, or, where that is unknown, gave a sign (clocks may jump)."""
    gone = is_gone(owner)
    return abs(now - beat) < STALE_SECONDS if gone is None else not gone


class Store:
    """The file of results.

    Parameters
    ----------
    path : path
        Made if it is not there; keep it on a local disk (several machines cannot share one SQLite file).
    read_only : bool
        Only read; works where nothing may be written.

    Raises
    ------
    ArtifactError
        If the file is another one, damaged, or from another version.
    DiskError
        If it cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self._db: sqlite3.Connection | None = None
        if read_only:
            with self._guard():
                self._db = _open_to_read(self.path)
                self._check(self._db)
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DiskError(f"Cannot create this folder: {error.strerror}", where=str(self.path.parent)) from error
        with self._guard():
            self._db = sqlite3.connect(self.path.absolute(), timeout=BUSY_SECONDS, isolation_level=None)
            self._make(self._db)
            self._check(self._db)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")

    @staticmethod
    def _make(db: sqlite3.Connection) -> None:
        """Lay out a file that is new; two runners may do so at once."""
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        db.execute("BEGIN IMMEDIATE")
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for _, line in _tables():
                db.execute(line)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")

    def _check(self, db: sqlite3.Connection) -> None:
        identity, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        if identity != APPLICATION_ID:
            raise ArtifactError("This is not a file of results", where=str(self.path), fix="give another --store FILE")
        if version != SCHEMA:
            raise ArtifactError(
                f"This file of results has format {version}, and this heldout reads format {SCHEMA}",
                where=str(self.path),
                fix="give a new --store FILE, or use the heldout that wrote it; the file is unchanged",
            )
        missing = {name for name, _ in _tables()} - {n for (n,) in db.execute("SELECT name FROM sqlite_master")}
        if missing:
            raise ArtifactError(
                f"This file of results has no table {min(missing)!r}",
                where=str(self.path),
                fix="give another --store FILE",
            )

    @property
    def db(self) -> sqlite3.Connection:
        """The open connection."""
        if self._db is None:
            raise ArtifactError("This file of results is closed", where=str(self.path))
        return self._db

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Say what SQLite's errors mean for the user."""
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if self.path.is_dir():
                raise DiskError(
                    "This is a folder, not a file of results", where=str(self.path), fix="give another --store FILE"
                ) from error
            if "locked" in text or "busy" in text:
                raise DiskError(
                    f"Another process has locked this file for {BUSY_SECONDS:.0f} seconds",
                    where=str(self.path),
                    fix="run the same command again; finished results are kept",
                ) from error
            if "not a database" in text or "malformed" in text or "no such" in text:
                raise ArtifactError(
                    f"Cannot read this file of results ({text})", where=str(self.path), fix="give another --store FILE"
                ) from error
            if "readonly" in text or "unable to open" in text:
                raise DiskError(
                    f"Cannot write results here ({text})",
                    where=str(self.path),
                    fix="give another --store FILE, or make this one writable; finished results are kept",
                ) from error
            raise DiskError(
                f"Cannot write: {text}",
                where=str(self.path),
                fix="free some space and run the same command again; finished results are kept",
            ) from error

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._guard():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    def lease(self, jobs: Sequence[str], owner: str) -> list[str]:
        """Take those of these jobs that nobody has finished or is working on; in their order."""
        now = time.time()
        with self._write() as db:
            free = []
            for job in jobs:
                if db.execute("SELECT 1 FROM results WHERE job = ?", (job,)).fetchone():
                    continue
                held = db.execute("SELECT owner, beat FROM leases WHERE job = ?", (job,)).fetchone()
                if held and held[0] != owner and _is_held(held[0], held[1], now):
                    continue
                free.append(job)
            db.executemany("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", [(job, owner, now) for job in free])
            db.executemany(
                "INSERT INTO attempts (job, owner, started) VALUES (?, ?, ?)", [(job, owner, now) for job in free]
            )
        return free

    def beat(self, owner: str) -> None:
        """Renew all leases of a runner."""
        with self._write() as db:
            db.execute("UPDATE leases SET beat = ? WHERE owner = ?", (time.time(), owner))

    def finish(self, found: Sequence[tuple[Finished, Mapping[str, Any]]], owner: str) -> None:
        """Keep results, each with the job's description; one that is there already stays."""
        rows = [
            (
                one.job,
                to_json(spec),
                to_json(one.result),
                one.seed,
                to_json(one.versions),
                one.machine,
                one.seconds,
                time.time(),
            )
            for one, spec in found
        ]
        with self._write() as db:
            db.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            done = [(one.job,) for one, _ in found]
            db.executemany("DELETE FROM failures WHERE job = ?", done)
            db.executemany("DELETE FROM leases WHERE job = ?", done)

    def fail(self, jobs: Sequence[str], what: str, owner: str) -> None:
        """Note why jobs failed, and give them back; a later run tries again."""
        with self._write() as db:
            db.executemany("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", [(j, what, time.time()) for j in jobs])
            db.executemany("DELETE FROM leases WHERE job = ? AND owner = ?", [(j, owner) for j in jobs])

    def release(self, owner: str) -> None:
        """Give back all leases of a runner."""
        with self._write() as db:
            db.execute("DELETE FROM leases WHERE owner = ?", (owner,))

    def finished(self, jobs: Sequence[str]) -> set[str]:
        """Which of these jobs have results."""
        with self._guard():
            wanted = set(jobs)
            return {job for (job,) in self.db.execute("SELECT job FROM results") if job in wanted}

    def seconds(self) -> dict[str, float]:
        """What each finished job took, in seconds of one core."""
        with self._guard():
            return dict(self.db.execute("SELECT job, seconds FROM results"))

    def results(self, jobs: Sequence[str]) -> dict[str, Finished]:
        """Results of those of these jobs that have one."""
        found, wanted = {}, list(dict.fromkeys(jobs))
        with self._guard():
            for first in range(0, len(wanted), JOBS_A_QUERY):
                some = wanted[first : first + JOBS_A_QUERY]
                marks = ",".join("?" * len(some))
                query = f"SELECT job, result, seed, versions, machine, seconds FROM results WHERE job IN ({marks})"
                for job, result, seed, versions, *rest in self.db.execute(query, some):
                    found[job] = Finished(job, _read(result, self.path), seed, _read(versions, self.path), *rest)
        return found

    def failures(self, jobs: Sequence[str]) -> dict[str, str]:
        """Why jobs failed, of those that did and have not been done since."""
        with self._guard():
            wanted = set(jobs)
            return {job: what for job, what in self.db.execute("SELECT job, what FROM failures") if job in wanted}

    def attempts(self, job: str) -> int:
        """How often a job was begun."""
        with self._guard():
            return int(self.db.execute("SELECT count(*) FROM attempts WHERE job = ?", (job,)).fetchone()[0])


def to_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open a file that may be in a read-only place: then as it is, without the files that runners share next to it."""
    for how in ("mode=ro", "mode=ro&immutable=1"):
        db = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        try:
            db.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError:
            db.close()
            if "immutable" in how:
                raise
            continue
        return db
    raise AssertionError


def _read(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"A result is damaged: {error}", where=str(path), fix="give another --store FILE") from None
