"""The run folder: what a run leaves on disk, each file written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

from heldout.errors import ArtifactError, SettingError
from heldout.files import DiskError, write_json, write_text

LOOK = "look.json"
"""What a look at the training rows found, as `heldout.look.survey.Look.as_json` gives it."""

MARK = "config.yaml"
"""A folder with this file and `split.json` is a run."""


class RunFolder:
    """Paths and files of one run."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @property
    def model(self) -> Path:
        """The bundle."""
        return self.path / "model"

    @property
    def checkpoints(self) -> Path:
        """What a resumed run starts from."""
        return self.path / "checkpoints"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    def is_run(self) -> bool:
        """Whether this folder was written by a run."""
        return (self.path / MARK).is_file() and (self.path / "split.json").is_file()

    def require_run(self) -> RunFolder:
        """Return self.

        Raises
        ------
        SettingError
            If it is no run folder.
        """
        if not self.path.exists():
            raise SettingError("no such run folder", where=str(self.path), fix="`heldout train DATA` makes one")
        if not self.is_run():
            raise SettingError(
                f"this is not a run folder: it has no {MARK} and split.json",
                where=str(self.path),
                fix="name the folder that `heldout train` printed, such as runs/digits",
            )
        return self

    def read_json(self, name: str) -> Any:
        """Read one of the run's JSON files.

        Raises
        ------
        ArtifactError
            If it is missing or damaged.
        """
        try:
            values = json.loads((self.path / name).read_text("utf-8"))
            if not isinstance(values, dict):
                raise ValueError(f"it holds a {type(values).__name__}, not an object")
            return values
        except FileNotFoundError:
            raise ArtifactError(
                f"the run has no {name}", where=str(self.path), fix="finish it: heldout train ... --resume"
            ) from None
        except (ValueError, OSError, RecursionError) as error:
            raise ArtifactError(f"cannot be read: {error}", where=str(self.path / name), fix="train again") from error

    def write_json(self, name: str, value: Any) -> None:
        """Write one of the run's JSON files."""
        write_json(self.path / name, value)

    def write_csv(self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write one of the run's CSV files. Text that a spreadsheet would run as a formula is quoted with '."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[_cell(value) for value in row] for row in rows])
        write_text(self.path / name, text.getvalue())

    def _open(self, name: str, mode: Literal["a", "a+"]) -> TextIO:
        """Open a file that is added to; `DiskError` if that cannot be."""
        try:
            return (self.path / name).open(mode, encoding="utf-8")
        except OSError as error:
            raise DiskError(
                f"cannot write: {error.strerror}",
                where=str(self.path / name),
                fix="free space, or make it writable",
            ) from error

    @contextmanager
    def events(self) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """Append events to ``events.jsonl``, a line each, with the seconds since the block began."""
        start = time.monotonic()
        with self._open("events.jsonl", "a") as stream:

            def write(event: Mapping[str, Any]) -> None:
                line = {"at": round(time.monotonic() - start, 3), **event}
                stream.write(json.dumps(line, ensure_ascii=False, default=float) + "\n")
                stream.flush()

            yield write

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; the system lets go when the process ends, however it ends.

        Raises
        ------
        SettingError
            If another process holds it; its number and start are named.
        """
        with self._open(".lock", "a+") as stream:
            if not _take_lock(stream.fileno()):
                stream.seek(0)
                raise SettingError(
                    f"this run is in use by {stream.read().strip() or 'another process'}",
                    where=str(self.path),
                    fix="wait for it, or choose another --out",
                )
            stream.seek(0)
            stream.truncate()
            stream.write(f"process {os.getpid()} since {datetime.now(UTC).isoformat(timespec='seconds')}")
            stream.flush()
            try:
                yield
            finally:
                stream.seek(0)
                stream.truncate()


def _take_lock(handle: int) -> bool:
    """Take the system's lock on an open file, without waiting."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value[:1] in ("=", "+", "@", "\t", "\r"):
        return "'" + value
    return value


def choose_folder(out: str | None, data_name: str, *, resume: bool) -> RunFolder:
    """Find the folder of a new run (or, with ``resume``, of the run to go on with); creates nothing.

    Without ``out`` it is ``runs/<data>``, then ``runs/<data>-2`` and so on.

    Raises
    ------
    SettingError
        If ``out`` exists and is no run, or is one and ``resume`` was not asked for.
    DiskError
        If nothing can be written there.
    """
    if out is None:
        stem = Path("runs") / (re.sub(r"[^\w.-]+", "-", data_name).strip("-.") or "run")
        numbered = [stem, *(stem.with_name(f"{stem.name}-{n}") for n in range(2, 10_000))]
        free = next(i for i, path in enumerate(numbered) if not path.exists())
        folder = RunFolder(numbered[max(0, free - 1)] if resume else numbered[free])
    else:
        folder = RunFolder(out)
    path = folder.path
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        if not path.is_dir():
            raise SettingError("the output is a file, not a folder", where=str(path), fix="choose another --out")
        if not folder.is_run():
            raise SettingError(
                "the output folder exists and is not a run",
                where=str(path),
                fix="choose another --out; nothing was written",
            )
        if not resume:
            raise SettingError(
                "the output folder holds a run already",
                where=str(path),
                fix="choose another --out, or add --resume to go on with it",
            )
    elif resume:
        raise SettingError("there is no run to resume", where=str(path), fix="leave out --resume to start one")
    require_writable(path)
    return folder


def require_writable(path: Path) -> None:
    """Raise `DiskError` unless a folder can be made or written at ``path``."""
    nearest = path
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise DiskError(
            "nothing can be written here",
            where=str(nearest),
            fix="choose another --out; nothing was trained yet",
        )
