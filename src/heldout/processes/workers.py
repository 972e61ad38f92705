"""Worker processes that can be stopped at any moment.

A fit runs in compiled code that no signal interrupts, so each runs in a process of its own: a time limit or Ctrl-C
ends it at once, a crash or an out-of-memory kill is one failed fold instead of a dead run. Thread counts are fixed,
because sums depend on them in the last bits.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np

from heldout.errors import TrainingError
from heldout.processes.cores import n_cores

SHARE_ABOVE_BYTES = 32 * 2**20
"""Larger arrays go to the workers as a memory-mapped temporary file."""

Task = tuple[Callable[..., Any], tuple[Any, ...]]


class OutOfTimeError(TrainingError):
    """The time that was allowed ran out before the work was done."""


class Workers:
    """A few processes that hold what all tasks share, such as the training rows, and do what they are sent.

    Parameters
    ----------
    data : dataclass
        What every task gets as its first argument. Its large arrays go to the workers as memory-mapped files.
    n : int, optional
        Processes; by default one per core.
    threads : int
        Threads per process, of matrix products: their number decides last bits.
    openmp : int, optional
        Threads per process of loops that are known not to depend on them (boosting's); by default the same number.
    """

    def __init__(self, data: Any, n: int | None = None, *, threads: int = 1, openmp: int | None = None) -> None:
        self._n = n or n_cores()
        self._limits = {"blas": threads, "openmp": openmp or threads}
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._data = data
        large = {name: value for name, value in vars(data).items() if _is_large(value)}
        if large:
            self._scratch = tempfile.TemporaryDirectory(prefix="heldout-")
            folder = Path(self._scratch.name)
            self._data = replace(data, **{name: _write_array(folder, name, array) for name, array in large.items()})
        self._idle: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._idle:
            worker.stop()
        self._idle.clear()
        if self._scratch is not None:
            self._scratch.cleanup()

    def warm_up(self) -> None:
        """Start every process and wait until it has loaded its libraries, so that no fit is charged for it."""
        self.run([(_ready, ())] * self._n)

    def run(
        self,
        tasks: Sequence[Task],
        *,
        deadline: Callable[[int], float] | None = None,
        on_done: Callable[[int, Any], None] | None = None,
    ) -> list[Any]:
        """Run every task; results in the order of the tasks.

        Parameters
        ----------
        tasks : list of (function, arguments)
            Each is called as ``function(data, *arguments)`` in a worker.
        deadline : callable, optional
            Given the number of finished tasks, the moment (`time.monotonic`) by which all must be done.
        on_done : callable, optional
            Called with (position, result) as each task ends.

        Raises
        ------
        OutOfTimeError
            At the deadline; running tasks are killed.
        TrainingError
            If a task raised, or its process died twice.
        """
        waiting = list(range(len(tasks)))[::-1]
        running: dict[int, _Worker] = {}
        results: dict[int, Any] = {}
        died: set[int] = set()
        try:
            while waiting or running:
                while waiting and len(running) < self._n:
                    number = waiting.pop()
                    worker = self._idle.pop() if self._idle else _Worker(self._data, self._limits)
                    worker.send(tasks[number])
                    running[number] = worker
                limit = deadline(len(results)) if deadline else float("inf")
                left = limit - time.monotonic()
                if left <= 0:
                    raise OutOfTimeError("the time that was allowed for it ran out")
                wait([worker.connection for worker in running.values()], timeout=min(left, 1.0))
                for number, worker in list(running.items()):
                    if not worker.connection.poll():
                        continue
                    del running[number]
                    try:
                        outcome, value = worker.connection.recv()
                    except (EOFError, ConnectionError):
                        code = worker.exit_code()
                        worker.stop()
                        if number in died:
                            raise TrainingError(_how_it_died(code)) from None
                        died.add(number)
                        waiting.append(number)
                        continue
                    self._idle.append(worker)
                    if outcome == "error":
                        raise TrainingError(value)
                    results[number] = value
                    if on_done:
                        on_done(number, value)
        finally:
            for worker in running.values():
                worker.stop()
        return [results[number] for number in range(len(tasks))]


def _ready(data: Any) -> None:
    """Do nothing: the answer says that the process is up."""


@dataclass(frozen=True)
class _ArrayFile:
    """An array on its way to a worker."""

    path: Path


def _is_large(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes > SHARE_ABOVE_BYTES


def _write_array(folder: Path, name: str, array: np.ndarray) -> _ArrayFile:
    path = folder / f"{name}.npy"
    np.save(path, array, allow_pickle=False)
    return _ArrayFile(path)


def _open_arrays(data: Any) -> Any:
    """Data as they were, with the arrays mapped from their files."""
    found = {name: value for name, value in vars(data).items() if isinstance(value, _ArrayFile)}
    opened = {name: np.load(file.path, mmap_mode="r", allow_pickle=False) for name, file in found.items()}
    return replace(data, **opened) if opened else data


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, data: Any, limits: dict[str, int]) -> None:
        context = _context()
        self.connection, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there, data, limits), daemon=True)
        with _without_main_module():
            self.process.start()
        there.close()

    def send(self, task: Task) -> None:
        self.connection.send(task)

    def exit_code(self) -> int | None:
        """Exit code of a process whose pipe closed (negative: the signal that ended it)."""
        self.process.join(5)
        return self.process.exitcode

    def stop(self) -> None:
        """Kill the process and forget it."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _context() -> Any:
    """Processes are forked from a clean server with the libraries loaded: quick to start, safe beside threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["heldout.processes.preload"])
    return context


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep a worker from running the user's script again, which a script without a main guard does not survive."""
    main = sys.modules["__main__"]
    kept: dict[str, Any] = {name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__}
    main.__spec__ = None
    try:
        yield
    finally:
        main.__dict__.update(kept)


def _how_it_died(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = " (the system kills what uses too much memory)" if name == "SIGKILL" else ""
        return f"its process was ended twice by {name}{hint}"
    return f"its process ended twice with exit code {code}"


def _serve(connection: Connection, data: Any, limits: dict[str, int]) -> None:
    """Answer tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from threadpoolctl import threadpool_limits

    from heldout.processes import preload  # noqa: F401 - loads the libraries whose threads are limited next

    data = _open_arrays(data)
    with threadpool_limits(limits=limits):
        while True:
            try:
                function, arguments = connection.recv()
            except (EOFError, ConnectionError):
                return
            try:
                connection.send(("done", function(data, *arguments)))
            except ConnectionError:  # the parent has stopped listening
                return
            except Exception as error:  # the parent marks the model as failed and names this cause
                trace = traceback.extract_tb(error.__traceback__)[-1]
                connection.send(
                    ("error", f"{type(error).__name__}: {error} ({Path(trace.filename).name}:{trace.lineno})")
                )
