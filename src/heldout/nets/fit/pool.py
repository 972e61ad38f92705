"""Jobs in worker processes of one thread each; the rows go to them as memory-mapped files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from heldout.errors import TrainingError
from heldout.nets.fit.here import train_here
from heldout.nets.fit.loop import TrainingStopped
from heldout.nets.fit.planner import Data, Machine, place
from heldout.nets.settings import Event, Job, Progress, Trained
from heldout.processes.pool import Pool, StoppedError, Task
from heldout.processes.worker import report, stopping

#: Seconds without a word after which a worker is given up (it reports every half second while it trains).
SILENCE_SECONDS = 600.0
#: Seconds that workers get to write their checkpoints when the training is stopped.
GRACE_SECONDS = 10.0


def train_in_processes(
    data: Data,
    jobs: Sequence[Job],
    *,
    n_classes: int,
    n_workers: int,
    machine: Machine | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Trained]:
    """Train every job alone on one thread, `n_workers` at a time; results in the order of the jobs.

    The numbers do not depend on `n_workers`.

    Raises
    ------
    TrainingError
        If a job fails, or its process dies or hangs twice.
    TrainingStopped
        If `should_stop` said so.
    """
    own = replace(machine or Machine(torch.device("cpu")), device=torch.device("cpu"), threads=1)
    tasks = [
        Task(_train, (n_classes, own, job), f"training {number + 1} of {len(jobs)}", SILENCE_SECONDS)
        for number, job in enumerate(jobs)
    ]
    total = _Total(len(jobs), progress)
    grace = 0.0 if own.checkpoint is None else GRACE_SECONDS
    with Pool(n_workers, shared=(data,)) as pool:
        try:
            return pool.run(tasks, should_stop=should_stop, on_report=total.hear, on_done=total.note_end, grace=grace)
        except StoppedError:
            raise TrainingStopped("the training was stopped", fix="start it again, or give it more time") from None
        except TrainingError as error:
            fix = error.fix or "a smaller batch or net, or threads=1, which trains without worker processes"
            raise TrainingError(error.what, where=error.where, fix=fix) from None


def _train(data: Data, n_classes: int, machine: Machine, job: Job) -> Trained:
    """Train one job; runs in a worker."""
    plan = place(job.settings, tuple(data.x.shape[1:]), n_classes)
    (trained,) = train_here(data, [job], plan, machine, progress=report, should_stop=stopping)
    return trained


class _Total:
    """Progress of all jobs together."""

    def __init__(self, n_jobs: int, progress: Progress | None) -> None:
        self._n_jobs, self._progress = n_jobs, progress
        self._began = time.monotonic()
        self._steps: dict[int, int] = {}
        self._done: set[int] = set()

    def note_end(self, number: int, _: Any) -> None:
        self._done.add(number)

    def hear(self, number: int, event: Event) -> None:
        """Tell the listener, given an event of one job."""
        if self._progress is None:
            return
        self._steps[number] = event["step"]
        under_way = sum(step for n, step in self._steps.items() if n not in self._done)
        done, total = len(self._done) * event["steps"] + under_way, self._n_jobs * event["steps"]
        seconds = time.monotonic() - self._began
        left = seconds / max(1, done) * (total - done)
        joined = {"step": done, "steps": total, "replicates": self._n_jobs, "seconds": seconds, "seconds_left": left}
        self._progress({**event, **joined})
