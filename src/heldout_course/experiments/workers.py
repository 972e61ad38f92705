"""Processes of one thread each that run tasks, and are replaced when they die.

Nothing heavy is imported here: a worker sets its number of threads before it loads what computes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

Work = Callable[..., Any]


@dataclass(frozen=True)
class Place:
    """Where something was computed: versions of what computes, and the machine in words."""

    versions: Mapping[str, Any]
    machine: str

    @staticmethod
    @lru_cache(maxsize=1)
    def here() -> Place:
        """Of this process."""
        import platform

        from heldout.run.environment import environment

        found = environment()
        versions = {"heldout": found["heldout"], "python": found["python"], **found["versions"]}
        return Place(versions, platform.platform())


@dataclass(frozen=True)
class Ended:
    """A task that ended: ``done`` and the result, ``error`` and words, or ``died`` and how; None: computed here."""

    key: Any
    kind: str
    value: Any
    place: Place | None = None


class Pool:
    """A few worker processes, started when they are needed.

    Parameters
    ----------
    n : int
        Processes.
    work : callable
        A function of a module; it runs in the workers.
    """

    patience = 1
    """How often a task's process may die before the task is blamed."""

    def __init__(self, n: int, work: Work) -> None:
        self.n, self._work = n, work
        self._idle: list[_Worker] = []
        self._busy: dict[Any, _Worker] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in [*self._idle, *self._busy.values()]:
            worker.stop()
        self._idle.clear()
        self._busy.clear()

    @property
    def has_room(self) -> bool:
        """Whether a worker is free."""
        return len(self._busy) < self.n

    def submit(self, key: Any, *arguments: Any) -> None:
        """Begin a task, to be known by a key."""
        while self._idle:
            worker = self._idle.pop()
            try:
                worker.connection.send(arguments)
            except OSError:  # it died while it had nothing to do
                worker.stop()
                continue
            self._busy[key] = worker
            return
        worker = self._busy[key] = _Worker(self._work)
        worker.connection.send(arguments)

    def collect(self, seconds: float) -> list[Ended]:
        """Tasks that ended within this time."""
        wait([worker.connection for worker in self._busy.values()], timeout=seconds)
        found = []
        for key, worker in list(self._busy.items()):
            if not worker.connection.poll():
                continue
            del self._busy[key]
            try:
                kind, value = worker.connection.recv()
                self._idle.append(worker)
            except (EOFError, OSError):
                kind, value = "died", f"exit code {worker.stop()}"
            found.append(Ended(key, kind, value))
        return found


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there,), daemon=True)
        with _no_ctrl_c():
            self.process.start()
        there.close()
        self.connection.send(work)

    def stop(self) -> int | None:
        """End the process at once; its exit code if it had ended by itself."""
        self.process.join(0.2)
        code = self.process.exitcode
        self.process.kill()
        self.process.join()
        self.connection.close()
        return code


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """A process that is started here never hears Ctrl-C, not even while it loads Python."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # when it starts later, it lets Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection) -> None:
    """Answer tasks until the pipe closes; end at once when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work = connection.recv()
        while True:
            arguments = connection.recv()
            connection.send(outcome_of(work, arguments))
    except (EOFError, ConnectionError):
        return


def outcome_of(work: Work, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """``done`` and the result, or ``error`` and what went wrong, in words."""
    from heldout.errors import HeldoutError

    try:
        return "done", work(*arguments)
    except HeldoutError as error:
        return "error", str(error)
    except Exception as error:  # one bad job must not end the others; its words are kept and shown
        return "error", f"{type(error).__name__}: {error}"


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
