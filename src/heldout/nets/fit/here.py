"""Training in this process: a single net on a few threads, or several side by side, a part of them on each core.

Work is split by replicates, not by operation: each core has a stack, or nets one after the other, of its own.
Operations on two threads wait for each other thousands of times a second, which is slow as soon as another process
wants a core (measured: benchmarks/net_ways.py).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from heldout.errors import TrainingError
from heldout.nets.fit.checkpoint import Checkpoint
from heldout.nets.fit.feed import Feed
from heldout.nets.fit.hooks import Hook
from heldout.nets.fit.loop import TrainingStopped, train_stack
from heldout.nets.fit.machine import DTYPES, total_memory, use_threads
from heldout.nets.fit.optimizers import state_names
from heldout.nets.fit.planner import Data, Machine, choose_lanes, choose_parts, choose_threads
from heldout.nets.plan import Plan
from heldout.nets.settings import Event, Job, Progress, Settings, Trained
from heldout.processes.cores import n_cores

#: Share of a device's memory that a stack may take, by the estimate of `stack_size`.
MEMORY_SHARE = 0.4
#: Seconds between two looks for events of the cores.
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class _Task:
    """What all parts of a training share."""

    plan: Plan
    feed: Feed
    validation: Feed | None
    machine: Machine
    n_threads: int
    size: int
    hooks: Sequence[Hook]
    stopped: threading.Event = field(default_factory=threading.Event)


def train_here(
    data: Data,
    jobs: Sequence[Job],
    plan: Plan,
    machine: Machine,
    way: str = "solo",
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    hooks: Sequence[Hook] = (),
) -> list[Trained]:
    """Train jobs of one program; results in their order."""
    dtype = DTYPES[jobs[0].settings.precision]
    if way == "stack":  # its parts have bits of their own, so their number is a rule
        parts = choose_parts(plan, jobs, machine)
        n_lanes, n_threads, told_threads = min(parts, machine.threads or n_cores()), 1, parts
    elif len(jobs) == 1:
        parts, n_lanes = 1, 1
        n_threads = told_threads = choose_threads(plan, jobs, machine)
    else:  # nets that train alone on one thread have the same bits however many do so at the same time
        parts = n_lanes = choose_lanes(plan, jobs, machine)
        n_threads = told_threads = 1
    with use_threads(n_threads):
        feed = Feed(data.x, data.labels, data.weights, machine.device, dtype)
        validation = None
        if data.validation_x is not None:
            validation = Feed(data.validation_x, data.validation_labels, None, machine.device, dtype)
        size = max(1, stack_size(plan, jobs[0].settings, machine.device) // parts) if way == "stack" else 1
        task = _Task(plan, feed, validation, machine, told_threads, size, hooks)
        if parts == 1:
            return _train_in_turn(task, jobs, progress, should_stop)
        return _train_in_lanes(task, jobs, parts, n_lanes, progress, should_stop)


def _train_in_turn(
    task: _Task, jobs: Sequence[Job], progress: Progress | None, should_stop: Callable[[], bool] | None
) -> list[Trained]:
    """Train stacks of the task's size one after the other; one that does not fit into memory is halved."""
    results: list[Trained] = []
    waiting = [list(jobs[first : first + task.size]) for first in range(0, len(jobs), task.size)]
    while waiting:
        stack = waiting.pop(0)
        tell = _share(progress, len(results), len(stack), len(jobs))
        machine, keeper = task.machine, None
        if machine.checkpoint is not None:
            keeper = Checkpoint(machine.checkpoint, machine.checkpoint_seconds, stack, task.feed)
        try:
            found = train_stack(
                task.plan,
                stack,
                task.feed,
                task.validation,
                progress=tell,
                should_stop=should_stop,
                checkpoint=keeper,
                hooks=task.hooks,
            )
        except (MemoryError, RuntimeError) as error:
            if not ran_out_of_memory(error):
                raise
            waiting[:0] = _halve(stack, error)
            continue
        for trained in found:
            trained.threads = task.n_threads
            trained.checkpoint = "" if keeper is None else str(keeper.path)
        results += found
    return results


def _train_in_lanes(
    task: _Task,
    jobs: Sequence[Job],
    n_parts: int,
    n_lanes: int,
    progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> list[Trained]:
    """Train parts of the jobs, so many at the same time, each on one thread; `progress` is called in this thread."""
    parts = [[jobs[i] for i in places] for places in np.array_split(np.arange(len(jobs)), n_parts)]
    events: queue.Queue[tuple[int, Event]] = queue.Queue()

    def tell(lane: int) -> Progress | None:
        return None if progress is None else lambda event: events.put((lane, event))

    with ThreadPoolExecutor(n_lanes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        lanes = [
            pool.submit(_train_in_turn, task, part, tell(lane), task.stopped.is_set) for lane, part in enumerate(parts)
        ]
        try:
            _watch(lanes, [len(part) for part in parts], events, progress, should_stop)
            return [trained for lane in lanes for trained in lane.result()]
        finally:  # an error here, or Ctrl-C, ends the lanes at their next batch
            task.stopped.set()


def _watch(
    lanes: Sequence[Future[Any]],
    sizes: Sequence[int],
    events: queue.Queue[tuple[int, Event]],
    progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> None:
    """Pass progress on until all lanes are done; raise what the first of them raised."""
    latest: dict[int, Event] = {}
    while not all(lane.done() for lane in lanes) or not events.empty():
        for lane in lanes:
            if lane.done() and lane.exception() is not None:
                raise lane.exception()  # type: ignore[misc]
        if should_stop is not None and should_stop():
            raise TrainingStopped("the training was stopped", fix="start it again, or give it more time")
        try:
            lane_number, event = events.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        latest[lane_number] = event
        if progress is not None:
            progress(_join(event, latest, sizes))


def _join(event: Event, latest: dict[int, Event], sizes: Sequence[int]) -> Event:
    """Progress of all lanes: steps of all replicates, and the time of the slowest."""
    done = sum(latest[lane]["step"] * sizes[lane] for lane in latest)
    slowest = max(other["seconds_left"] for other in latest.values())
    total = event["steps"] * sum(sizes)
    return {**event, "step": done, "steps": total, "replicates": sum(sizes), "seconds_left": slowest}


def stack_size(plan: Plan, settings: Settings, device: torch.device) -> int:
    """Replicates that fit a share of the device's whole memory (not of what is free, which differs from run to run)."""
    arrays = 3 + len(state_names(settings))
    values = arrays * sum(p.size for p in plan.parameters)
    row = sum(int(np.prod(step.after)) for step in plan.walk()) + int(np.prod(plan.shape))
    values += 3 * row * settings.batch  # outputs of the layers, and their gradients
    total = total_memory(device)
    return max(1, int(MEMORY_SHARE * total / (values * (8 if settings.precision == "float64" else 4))))


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is short: PyTorch has a class for it on devices only."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _halve(stack: list[Job], error: BaseException) -> list[list[Job]]:
    """Two stacks in place of one that did not fit."""
    if len(stack) == 1:
        raise TrainingError(
            f"a single replicate does not fit into memory: {str(error).splitlines()[0][:200]}",
            fix=f"a smaller batch (batch={max(1, stack[0].settings.batch // 2)}), a smaller net, or precision='mixed'",
        ) from error
    middle = len(stack) // 2
    return [stack[:middle], stack[middle:]]


def _share(progress: Progress | None, first: int, n_here: int, n_jobs: int) -> Progress | None:
    """Progress of some jobs, after `first` others, as progress of all."""
    if progress is None or n_here == n_jobs:
        return progress
    listener = progress

    def tell(event: Event) -> None:
        total = event["steps"] * n_jobs
        done = event["steps"] * first + event["step"] * n_here
        per_job = (event["seconds"] + event["seconds_left"]) / n_here
        left = event["seconds_left"] + per_job * (n_jobs - first - n_here)
        listener({**event, "step": done, "steps": total, "replicates": n_jobs, "seconds_left": left})

    return tell
