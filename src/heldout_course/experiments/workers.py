"""Where tasks of a recipe run on this machine, and how they end; others: `heldout_course.experiments.cluster`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from heldout.errors import HeldoutError
from heldout.processes import pool
from heldout.processes.pool import How, Pool, Task

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


class Local:
    """Worker processes of one thread each on this machine.

    Parameters
    ----------
    n : int, optional
        Processes; by default one per core.
    work : callable
        A function of a module; it runs in the workers.
    """

    patience = 1
    """How often a task's process may die before the task is blamed."""

    def __init__(self, n: int | None, work: Work) -> None:
        self._pool, self._work = Pool(n), work

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.__exit__()

    @property
    def n(self) -> int:
        """Tasks that can be under way."""
        return self._pool.n

    @property
    def has_room(self) -> bool:
        """Whether a worker is free."""
        return self._pool.has_room

    def submit(self, key: Any, *arguments: Any) -> None:
        """Begin a task, to be known by a key."""
        self._pool.submit(key, Task(outcome_of, (self._work, arguments)))

    def collect(self, seconds: float) -> list[Ended]:
        """Tasks that ended within this time."""
        return [_ended(ended) for ended in self._pool.collect(seconds)]


def _ended(ended: pool.Ended) -> Ended:
    if ended.how is How.DONE:
        return Ended(ended.key, *ended.value)
    kind = "error" if ended.how is How.FAILED else "died"
    return Ended(ended.key, kind, str(ended.value))


def outcome_of(work: Work, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """``done`` and the result, or ``error`` and what went wrong, in words."""
    try:
        return "done", work(*arguments)
    except HeldoutError as error:
        return "error", str(error)
    except Exception as error:  # one bad job must not end the others; its words are kept and shown
        return "error", f"{type(error).__name__}: {error}"
