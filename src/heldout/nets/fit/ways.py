"""Train jobs the way that the planner chose for them: in this process, or in others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from heldout.nets.fit.here import train_here
from heldout.nets.fit.hooks import Hook
from heldout.nets.fit.planner import Data, Machine, choose_way, place
from heldout.nets.fit.pool import train_in_processes
from heldout.nets.settings import Job, Progress, Trained
from heldout.processes.cores import n_cores


def train_jobs(
    data: Data,
    jobs: Sequence[Job],
    *,
    n_classes: int,
    machine: Machine,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    hooks: Sequence[Hook] = (),
) -> list[Trained]:
    """Train jobs, those of equal program together; results in the order of the jobs."""
    shape = tuple(data.x.shape[1:])
    results: dict[int, Trained] = {}
    for numbers in _group(jobs):
        group = [jobs[n] for n in numbers]
        plan = place(group[0].settings, shape, n_classes)
        way = choose_way(plan, group, machine.device)
        if way == "processes" and not hooks and min(len(group), machine.threads or n_cores()) > 1:
            n_workers = min(len(group), machine.threads or n_cores())
            found = train_in_processes(
                data,
                group,
                n_classes=n_classes,
                n_workers=n_workers,
                machine=machine,
                progress=progress,
                should_stop=should_stop,
            )
        else:
            threads = 1 if way == "processes" else machine.threads
            here = replace(machine, threads=threads)
            found = train_here(data, group, plan, here, way, progress=progress, should_stop=should_stop, hooks=hooks)
        results.update(zip(numbers, found, strict=True))
    for trained in results.values():
        if trained.checkpoint:
            Path(trained.checkpoint).unlink(missing_ok=True)
    return [results[n] for n in range(len(jobs))]


def _group(jobs: Sequence[Job]) -> list[list[int]]:
    """Positions of the jobs that can share a stack."""
    groups: dict[object, list[int]] = {}
    for number, job in enumerate(jobs):
        groups.setdefault((job.settings.program(), job.validation is None), []).append(number)
    return list(groups.values())
