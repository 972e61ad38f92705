"""The one pool of worker processes: what it does about death, Ctrl-C and silence is the same for all that use it.

Work that should survive anything runs in processes of its own: compiled code that no signal interrupts is ended at
once, a crash or an out-of-memory kill is one task that is done again and not a dead run. Threads inside are fixed,
because sums depend on their number in the last bits. Workers never hear Ctrl-C, print nothing into the user's
terminal, and end with the process that started them, however it ends.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from heldout.errors import HeldoutError, TrainingError
from heldout.processes.cores import n_cores
from heldout.processes.sharing import share
from heldout.processes.starting import start_process
from heldout.processes.worker import STOP, Failure, Setup, serve

POLL_SECONDS = 0.1
"""Time between two looks at the clock and at `should_stop`."""
SILENCE_SECONDS = 600.0
"""Without a word from a busy worker for so long, it is taken to hang."""


class OutOfTimeError(TrainingError):
    """The time that was allowed ran out before the work was done."""


class StoppedError(TrainingError):
    """The work was stopped because its caller said so."""


@dataclass(frozen=True)
class Task:
    """A call for a worker: ``function(*shared, *arguments)``.

    Attributes
    ----------
    function : callable
        Of a module that can be imported.
    arguments : tuple
    name : str
        What it is called when it fails.
    silence : float, optional
        Seconds without a report after which it is taken to hang; by default any sign of life of the process counts.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    name: str = ""
    silence: float | None = None


class How(Enum):
    """How a task ended."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    HUNG = "hung"


@dataclass(frozen=True)
class Ended:
    """A task that ended.

    Attributes
    ----------
    key : hashable
        As it was submitted.
    how : How
    value : object
        The result, where it is done; a `Failure` where it raised; else the cause in words.
    """

    key: Any
    how: How
    value: Any


class Pool:
    """A few worker processes, started when they are needed.

    Parameters
    ----------
    n : int, optional
        Processes; by default one per core.
    shared : sequence of objects
        What every task gets as its first arguments. Large arrays in the fields of dataclasses go to the workers as
        memory-mapped files.
    threads : int
        Threads of matrix products in each process: their number decides last bits.
    openmp : int, optional
        Threads of loops that are known not to depend on their number (boosting's); by default the same number.
    preload : sequence of str
        Modules that every task needs. On Linux they are loaded once, in a server from which workers are forked.
    """

    def __init__(
        self,
        n: int | None = None,
        *,
        shared: Sequence[Any] = (),
        threads: int = 1,
        openmp: int | None = None,
        preload: Sequence[str] = (),
    ) -> None:
        self.n = n or n_cores()
        self._threads, self._openmp, self._preload = threads, openmp or threads, tuple(preload)
        self._scratch = tempfile.TemporaryDirectory(prefix="heldout-", ignore_cleanup_errors=True)
        self._shared = tuple(share(value, self._folder(f"shared{number}")) for number, value in enumerate(shared))
        self._started = 0
        self._idle: list[_Worker] = []
        self._busy: dict[Hashable, _Worker] = {}

    def _folder(self, name: str) -> Path:
        folder = Path(self._scratch.name) / name
        folder.mkdir()
        return folder

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for worker in self._idle:
            worker.kill()
        self._idle.clear()
        self._scratch.cleanup()

    # One task at a time

    @property
    def has_room(self) -> bool:
        """Whether another task can begin."""
        return len(self._busy) < self.n

    def submit(self, key: Hashable, task: Task) -> None:
        """Begin a task, to be known by a key."""
        while self._idle:
            worker = self._idle.pop()
            if worker.begin(task):
                self._busy[key] = worker
                return
            worker.kill()  # it died while it had nothing to do
        self._started += 1
        output = Path(self._scratch.name) / f"output{self._started}.txt"
        setup = Setup(self._threads, self._openmp, str(output), self._preload, dict(os.environ))
        worker = self._busy[key] = _Worker(setup, self._shared)
        worker.begin(task)  # if it died already, its pipe says so

    def collect(self, seconds: float, on_report: Callable[[Any, Any], None] | None = None) -> list[Ended]:
        """Tasks that ended within this time.

        Parameters
        ----------
        seconds : float
            Longest time to wait for the first.
        on_report : callable, optional
            Called with (key, value) for each word that a task sends by `heldout.processes.worker.report`.
        """
        wait([worker.connection for worker in self._busy.values()], timeout=seconds)
        found = []
        for key, worker in list(self._busy.items()):
            ended = self._listen(key, worker, on_report)
            if ended is not None:
                found.append(ended)
        return found

    def _listen(self, key: Hashable, worker: _Worker, on_report: Callable[[Any, Any], None] | None) -> Ended | None:
        """Take what a worker has to say; how its task ended, if it did."""
        while worker.connection.poll():
            try:
                kind, value = worker.connection.recv()
            except (EOFError, OSError):
                return self._remove(key, How.DIED, worker.cause_of_death())
            worker.hear(kind)
            if kind == "report" and on_report is not None:
                on_report(key, value)
            elif kind in ("done", "failed"):
                self._idle.append(self._busy.pop(key))
                return Ended(key, How(kind), value)
        if worker.is_silent():
            return self._remove(key, How.HUNG, f"gave no sign of life for {worker.silence:.0f} s")
        return None

    def _remove(self, key: Hashable, how: How, words: str) -> Ended:
        self._busy.pop(key).kill()
        return Ended(key, how, words)

    def kill(self) -> None:
        """End all tasks under way at once."""
        while self._busy:
            self._busy.popitem()[1].kill()

    def ask_to_stop(self, seconds: float) -> None:
        """Let tasks that look at `heldout.processes.worker.stopping` end in order, within this time."""
        until = time.monotonic() + seconds
        for worker in self._busy.values():
            worker.ask_to_stop()
        while self._busy and time.monotonic() < until:
            self.collect(POLL_SECONDS)

    # All tasks

    def warm_up(self) -> None:
        """Start every process and wait until it has loaded its libraries, so that no task is charged for it."""
        self.run([Task(_ready)] * self.n)

    def run(
        self,
        tasks: Sequence[Task],
        *,
        deadline: Callable[[int], float] | None = None,
        should_stop: Callable[[], bool] | None = None,
        on_done: Callable[[int, Any], None] | None = None,
        on_report: Callable[[int, Any], None] | None = None,
        grace: float = 0.0,
    ) -> list[Any]:
        """Run every task; results in the order of the tasks. One whose process dies or hangs is begun again, once.

        Parameters
        ----------
        tasks : sequence of Task
        deadline : callable, optional
            Given the number of finished tasks, the moment (`time.monotonic`) by which all must be done.
        should_stop : callable, optional
            Asked several times a second.
        on_done : callable, optional
            Called with (position, result) as each task ends.
        on_report : callable, optional
            Called with (position, value) as a task reports.
        grace : float
            Seconds that tasks get to end in order when the run is stopped, by `should_stop`, Ctrl-C or an error.

        Raises
        ------
        OutOfTimeError
            At the deadline; running tasks are killed.
        StoppedError
            If `should_stop` said so.
        TrainingError
            If a task raised, or its process died or hung twice. Errors of heldout's own keep their class.
        """
        results: dict[int, Any] = {}
        waiting, failed = deque(range(len(tasks))), set[int]()
        try:
            while len(results) < len(tasks):
                while waiting and self.has_room:
                    number = waiting.popleft()
                    self.submit(number, tasks[number])
                if should_stop is not None and should_stop():
                    raise StoppedError("the work was stopped")
                for ended in self.collect(_time_left(deadline, len(results)), on_report):
                    if ended.how is How.DONE:
                        results[ended.key] = ended.value
                        if on_done is not None:
                            on_done(ended.key, ended.value)
                    else:
                        waiting.appendleft(_again(tasks[ended.key], ended, failed))
        except OutOfTimeError:
            raise
        except BaseException:
            self.ask_to_stop(grace)
            raise
        finally:
            self.kill()
        return [results[number] for number in range(len(tasks))]

    def stream(self, tasks: Iterable[Task]) -> Iterator[Any]:
        """Results of many tasks, in their order; tasks are made as they are needed.

        Raises
        ------
        TrainingError
            If a task raised, or its process died or hung twice.
        """
        source = enumerate(tasks)
        begun: dict[int, Task] = {}
        results: dict[int, Any] = {}
        again, failed = deque[int](), set[int]()
        position = 0
        try:
            while True:
                while self.has_room and len(begun) + len(results) < 4 * self.n:
                    number, task = (again[0], begun[again.popleft()]) if again else next(source, (-1, None))
                    if task is None:
                        break
                    begun[number] = task
                    self.submit(number, task)
                if position in results:
                    yield results.pop(position)
                    position += 1
                    continue
                if not begun:
                    return
                for ended in self.collect(POLL_SECONDS):
                    if ended.how is How.DONE:
                        results[ended.key] = ended.value
                        del begun[ended.key]
                    else:
                        again.append(_again(begun[ended.key], ended, failed))
        finally:
            self.kill()


def _ready(*_: object) -> None:
    """Do nothing: the answer says that the process is up."""


def _time_left(deadline: Callable[[int], float] | None, n_done: int) -> float:
    """Seconds to wait for words: until the deadline, or until the next look at the clock."""
    if deadline is None:
        return POLL_SECONDS
    left = deadline(n_done) - time.monotonic()
    if left <= 0:
        raise OutOfTimeError("the time that was allowed for it ran out")
    return min(left, POLL_SECONDS)


def _again(task: Task, ended: Ended, failed: set[int]) -> int:
    """The number of a task that may be begun again, noted as such; raises if it may not.

    Raises
    ------
    TrainingError
    """
    where = task.name
    if ended.how is How.FAILED:
        failure: Failure = ended.value
        if failure.is_ours:
            raise _class_of(failure)(failure.what, where=failure.where or where, fix=failure.fix)
        raise TrainingError(str(failure), where=where)
    if ended.key in failed:
        raise TrainingError(f"its process {ended.value}, at the second attempt too", where=where)
    failed.add(ended.key)
    number: int = ended.key
    return number


def _class_of(failure: Failure) -> type[HeldoutError]:
    """The class of an error of ours, by its name among those that are loaded."""
    known = [HeldoutError]
    for kind in known:
        known += kind.__subclasses__()
    return next((kind for kind in known if kind.__name__ == failure.kind), TrainingError)


class _Worker:
    """One process, the pipe to it, and when it was last heard."""

    def __init__(self, setup: Setup, shared: tuple[Any, ...]) -> None:
        self._output = Path(setup.output)
        self.connection, self._process = start_process(serve, setup, preload=setup.preload)
        self._say(shared)
        self._task = Task(serve)
        self._heard = time.monotonic()

    def begin(self, task: Task) -> bool:
        """Send a task; whether the process still listens."""
        self._task, self._heard = task, time.monotonic()
        return self._say((task.function, task.arguments))

    def ask_to_stop(self) -> None:
        self._say(STOP)

    def _say(self, word: Any) -> bool:
        try:
            self.connection.send(word)
        except OSError:
            return False
        return True

    def hear(self, kind: str) -> None:
        if kind != "alive" or self._task.silence is None:
            self._heard = time.monotonic()

    @property
    def silence(self) -> float:
        """Seconds without a word after which it is taken to hang."""
        return SILENCE_SECONDS if self._task.silence is None else self._task.silence

    def is_silent(self) -> bool:
        return time.monotonic() - self._heard > self.silence

    def cause_of_death(self) -> str:
        """How a process ended whose pipe closed, with the last line that it wrote."""
        self._process.join()
        code = self._process.exitcode
        last = _last_line(self._output)
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            hint = " (the system kills what uses too much memory)" if name == "SIGKILL" else ""
            return f"was ended by {name}{hint}{last}"
        return f"ended with exit code {code}{last}"

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f": {lines[-1][:300]}" if lines else ""
