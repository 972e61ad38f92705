"""Run the jobs of recipes that are not done yet, side by side, and keep each result as it comes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from heldout.errors import ArtifactError, TrainingError
from heldout.files import DiskError
from heldout.processes.threads import limit_threads
from heldout_course.experiments.cluster import Cluster
from heldout_course.experiments.execution import check_engine
from heldout_course.experiments.jobs import Job
from heldout_course.experiments.models import has_convolutions
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.store import BEAT_SECONDS, Finished, Store, owner_name, to_json
from heldout_course.experiments.workers import Ended, Local, Place, Work, outcome_of

MOST_IN_STACK = 50
FOLD_JOBS_A_TASK = 20
"""Jobs of folds over the same data that one task takes: each is short."""
JOBS_AT_ONCE = 500
"""The same, where all of them are computed at once."""
POLL_SECONDS = 0.5
ROUNDS_TO_TELL = 20

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Task:
    """Jobs that run together in one process."""

    jobs: tuple[Job, ...]
    light: bool = False
    deaths: int = 0


@dataclass
class Outcome:
    """How a run ended.

    Attributes
    ----------
    n_jobs, n_before : int
        Jobs in all, and those that were finished before.
    n_done : int
        Jobs that this runner finished.
    failed : dict of job id to words
    """

    n_jobs: int
    n_before: int
    n_done: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def plan_tasks(jobs: Iterable[Job], n_workers: int) -> list[Task]:
    """Cut jobs into tasks: compatible dense nets as stacks, folds of small models together, all else one by one."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(_group_of(job), []).append(job)
    tasks = []
    for group in groups.values():
        light, size = _is_light(group[0]), min(_most_in_task(group[0]), math.ceil(len(group) / max(1, n_workers)))
        for first in range(0, len(group), size):
            tasks.append(Task(tuple(group[first : first + size]), light))
    return sorted(tasks, key=lambda task: (not task.light, to_json(task.jobs[0].spec["data"])))


def _most_in_task(job: Job) -> int:
    """How many jobs of one group a task takes at most. Convolutional nets do better each on a core of its own."""
    from heldout_course.experiments import fast_folds

    if job.way == "net":
        return 1 if has_convolutions(job.model["net"]) else MOST_IN_STACK
    if job.way == "kind" and job.data.folds is not None:
        return JOBS_AT_ONCE if fast_folds.goes_together(job) else FOLD_JOBS_A_TASK
    return 1


def _group_of(job: Job) -> str:
    """What jobs of one task have in common."""
    from heldout.nets.settings import VARYING

    if job.way == "net":
        free = {*VARYING, "alpha"}
        program = {key: value for key, value in job.model.items() if key not in free}
        own_rows = not job.data.is_fixed and job.data.is_drawn
        return to_json(["net", job.spec["data"], program, job.curve, job.seed if own_rows else 0])
    if job.way == "kind" and job.data.folds is not None:
        return to_json(["kind", job.spec["data"], job.model])
    return job.id


def run_jobs(
    jobs: Sequence[Job],
    store: Store,
    work: Work,
    *,
    n_workers: int | None,
    engine: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run all jobs that have no result in the store, and wait for those that another runner has started.

    Parameters
    ----------
    jobs : sequence of Job
    store : Store
    work : callable
        `heldout_course.experiments.tasks.run_task`, or a function that calls it after registering procedures.
    n_workers : int, optional
        Processes, or tasks under way on a cluster; 0 runs everything in this one, None takes every core.
    engine : str, optional
        ``ray`` or ``ray://HOST:PORT``; by default this machine.
    progress : callable, optional
        Gets jobs that are finished, jobs in all, and words.

    Raises
    ------
    TrainingError
        On Ctrl-C, and if the cluster is gone, with how to go on.
    SettingError, MissingExtraError
        If there is no such engine, or it cannot be reached.
    heldout.files.DiskError
        If a result cannot be kept; those before are.
    """
    done = store.finished([job.id for job in jobs])
    outcome = Outcome(len(jobs), len(done))
    left = [job for job in jobs if job.id not in done]
    owner = owner_name()
    try:
        with _heartbeat(store.path, owner), _pool(left, n_workers, engine, work) as pool:
            _Run(store, owner, pool, work, outcome, progress).go(plan_tasks(left, pool.n if pool else 1))
    except KeyboardInterrupt:
        n = len(store.finished([job.id for job in jobs]))
        raise TrainingError(
            f"Stopped: {n} of {len(jobs)} jobs are finished and kept",
            where=str(store.path),
            fix="run the same command again to continue",
        ) from None
    finally:
        with suppress(DiskError):  # what ended the run is reported; leases of a process that is gone are free
            store.release(owner)
    return outcome


def _pool(
    jobs: Sequence[Job], n: int | None, engine: str | None, work: Work
) -> AbstractContextManager[Local | Cluster | None]:
    """Workers here or on a cluster; none where all is light, or nothing is left."""
    check_engine(engine)
    if n == 0 or all(map(_is_light, jobs)):
        return nullcontext()
    if engine in (None, "local"):
        return Local(n, work)
    return Cluster(str(engine), n, work)


def _is_light(job: Job) -> bool:
    return job.way == "procedure" and PROCEDURES[job.model["procedure"]].light


@dataclass
class _Run:
    store: Store
    owner: str
    pool: Local | Cluster | None
    work: Work
    outcome: Outcome
    progress: Progress | None
    waiting: list[Task] = field(default_factory=list)
    elsewhere: list[Task] = field(default_factory=list)
    running: dict[int, Task] = field(default_factory=dict)
    number: int = 0
    waited: int = 0

    def go(self, tasks: list[Task]) -> None:
        self.waiting = list(tasks)
        self.tell("")
        while self.waiting or self.running or self.elsewhere:
            while self.waiting and (self.pool is None or self.pool.has_room):
                self.begin(self.waiting.pop(0))
            if self.pool is not None and self.running:
                for ended in self.pool.collect(POLL_SECONDS):
                    self.end(self.running.pop(ended.key), ended)
            if self.elsewhere and not self.waiting:
                self.look_at_others()

    def begin(self, task: Task) -> None:
        free = set(self.store.lease([job.id for job in task.jobs], self.owner))
        others = tuple(job for job in task.jobs if job.id not in free)
        if others:
            self.elsewhere.append(replace(task, jobs=others))
        if not free:
            return
        task = replace(task, jobs=tuple(job for job in task.jobs if job.id in free))
        arguments = ([dict(job.spec) for job in task.jobs], str(checkpoint_folder(self.store.path)))
        if self.pool is None:
            with limit_threads(1):  # the same bits as in a worker
                kind, value = outcome_of(self.work, arguments)
            self.end(task, Ended(0, kind, value))
        else:
            self.number += 1
            self.running[self.number] = task
            self.pool.submit(self.number, *arguments)

    def end(self, task: Task, ended: Ended) -> None:
        if ended.kind == "done":
            place = ended.place or Place.here()
            kept = [
                (Finished(job.id, result, job.seed, place.versions, place.machine, seconds), job.spec)
                for job, (result, seconds) in zip(task.jobs, ended.value, strict=True)
            ]
            self.store.finish(kept, self.owner)
            self.outcome.n_done += len(kept)
            self.tell("")
            return
        ids = [job.id for job in task.jobs]
        died = ended.kind == "died"
        words = f"its process died: {ended.value}" if died else str(ended.value)
        if died and self.pool is not None and task.deaths < self.pool.patience:
            self.waiting.insert(0, replace(task, deaths=task.deaths + 1))
        elif len(task.jobs) > 1:  # one of a stack may have failed: each for itself then
            self.waiting[:0] = [Task((job,), task.light, task.deaths) for job in task.jobs]
        else:
            self.store.fail(ids, words, self.owner)
            self.outcome.failed |= dict.fromkeys(ids, words)
            self.tell(f"one failed: {words}")

    def look_at_others(self) -> None:
        """Look again at what other runners had: finished, or left behind by a runner that is gone."""
        if not self.running:
            self.waited += 1
            if self.waited % ROUNDS_TO_TELL == 0:
                n = sum(len(task.jobs) for task in self.elsewhere)
                self.tell(f"waiting for {n} that another runner has started")
            threading.Event().wait(POLL_SECONDS)
        done = self.store.finished([job.id for task in self.elsewhere for job in task.jobs])
        left = [replace(task, jobs=tuple(j for j in task.jobs if j.id not in done)) for task in self.elsewhere]
        self.waiting, self.elsewhere = [task for task in left if task.jobs], []
        self.outcome.n_before += len(done)
        self.tell("")

    def tell(self, words: str) -> None:
        if self.progress:
            self.progress(self.outcome.n_before + self.outcome.n_done, self.outcome.n_jobs, words)


def checkpoint_folder(store: Path) -> Path:
    """Where nets under way keep their state."""
    return store.with_name(store.name + ".checkpoints")


@contextmanager
def _heartbeat(path: Path, owner: str) -> Iterator[None]:
    """Renew this runner's leases from a thread, so that a long task does not lose them."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS):
            with suppress(DiskError, ArtifactError), Store(path) as own:
                own.beat(owner)  # on a busy or full disk the next one may get through; results have errors of their own

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
