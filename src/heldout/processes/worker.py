"""What runs inside a worker process of `heldout.processes.pool`.

Nothing heavy is imported here: the number of threads is set before the libraries that read it are loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from heldout.errors import HeldoutError
from heldout.processes.threads import limit_threads, thread_variables

BEAT_SECONDS = 5.0
"""Time between two signs of life of a worker that is busy."""
STOP = "stop"


@dataclass(frozen=True)
class Setup:
    """What a worker is told before anything else.

    Attributes
    ----------
    threads, openmp : int
        Threads of matrix products, and of loops that are known not to depend on their number.
    output : str
        File that takes what it prints; the last line is shown if it dies.
    preload : tuple of str
        Modules to import before the first task.
    environment : dict
        Variables of the parent as they are now; those of a fork server are as old as the server.
    """

    threads: int
    openmp: int
    output: str
    preload: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True)
class Failure:
    """An exception of a task, in words that can be sent.

    Attributes
    ----------
    kind : str
        Name of its class.
    what, where, fix : str
        As in `HeldoutError`; of other exceptions, what they say and the line of code that raised them.
    is_ours : bool
        Whether it is a `HeldoutError`.
    """

    kind: str
    what: str
    where: str = ""
    fix: str = ""
    is_ours: bool = False

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Describe an exception."""
        kind = type(error).__name__
        if isinstance(error, HeldoutError):
            return cls(kind, error.what, error.where, error.fix, True)
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        return cls(kind, str(error), place)

    def __str__(self) -> str:
        if self.is_ours:
            return f"{self.where}: {self.what}" if self.where else self.what
        return f"{self.kind}: {self.what}" + (f" ({self.where})" if self.where else "")


class _Line:
    """The worker's end of the pipe: words from the task and signs of life go through it in turn."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._stopped = False

    def say(self, kind: str, value: Any = None) -> None:
        with self._lock:
            self._connection.send((kind, value))

    def answer(self, kind: str, value: Any) -> None:
        """Say how a task ended, also where its result cannot be sent."""
        try:
            self.say(kind, value)
        except (EOFError, OSError):
            raise
        except Exception as error:
            self.say("failed", Failure.of(error))

    def next_task(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        self._busy.clear()
        while (word := self._connection.recv()) == STOP:
            pass  # it came too late: the task had ended
        self._stopped = False
        self._busy.set()
        return word

    def is_told_to_stop(self) -> bool:
        if not self._stopped and self._connection.poll():
            self._stopped = self._connection.recv() == STOP
        return self._stopped

    def beat(self) -> None:
        """Give a sign of life now and then while there is a task."""
        pause = threading.Event()
        while True:
            self._busy.wait()
            pause.wait(BEAT_SECONDS)
            if self._busy.is_set():
                try:
                    self.say("alive")
                except OSError:  # the parent is gone
                    return


_line: _Line | None = None


def report(value: Any) -> None:
    """Send word from within a task: the parent's `on_report` gets it. Outside of a worker it does nothing."""
    if _line is not None:
        _line.say("report", value)


def stopping() -> bool:
    """Whether the parent asked the task to stop; for tasks that can end in order. False outside of a worker."""
    return _line is not None and _line.is_told_to_stop()


def serve(connection: Connection, setup: Setup) -> None:
    """Answer tasks until the pipe closes; end at once when the parent is gone."""
    global _line
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(setup.environment | thread_variables(setup.threads))
    _print_into(setup.output)
    _line = _Line(connection)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_line.beat, daemon=True).start()
    try:
        for name in setup.preload:
            import_module(name)
        shared = _open(connection.recv())
        with limit_threads(setup.threads, setup.openmp):
            while True:
                function, arguments = _line.next_task()
                _line.answer(*_outcome(function, shared, arguments))
    except (EOFError, ConnectionError):
        return


def _open(shared: tuple[Any, ...]) -> tuple[Any, ...]:
    from heldout.processes.sharing import open_shared

    return tuple(open_shared(value) for value in shared)


def _outcome(function: Callable[..., Any], shared: tuple[Any, ...], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """``done`` and the result, or ``failed`` and what went wrong."""
    try:
        return "done", function(*shared, *arguments)
    except Exception as error:  # a bad task must not end the others: its words go to the parent
        return "failed", Failure.of(error)


def _print_into(path: str) -> None:
    """Let whatever this process prints, libraries in C too, go to a file instead of the user's terminal."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
