"""How jobs are trained: side by side as one stack, in processes of one thread each, or one after the other.

The choice is a rule on the net and the sizes, never a timing, so that the same seed gives the same numbers on the same
machine, however busy it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from heldout.errors import SettingError, TrainingError
from heldout.models.language import BatchNorm, Conv
from heldout.models.net import Net, Shape, Step
from heldout.train.checkpoint import Checkpoint
from heldout.train.feed import Feed
from heldout.train.loop import train_stack
from heldout.train.machine import DTYPES, n_cores, total_memory, use_threads
from heldout.train.optimizers import state_names
from heldout.train.settings import Event, Job, Progress, Settings, Trained

#: Multiply-adds of all jobs together from which worker processes repay their start (each imports PyTorch, about 2 s).
PROCESS_WORK = 5e10
#: Share of a device's memory that a stack may take, by the estimate of `stack_size`.
MEMORY_SHARE = 0.4
#: Multiply-adds of a step below which one thread is used.
SMALL_STEP = 2e7


@dataclass(frozen=True)
class Data:
    """Arrays of a training: rows, labels (class numbers), weights, and rows that only measure."""

    x: np.ndarray
    labels: np.ndarray
    weights: np.ndarray | None = None
    validation_x: np.ndarray | None = None
    validation_labels: np.ndarray | None = None


@dataclass(frozen=True)
class Machine:
    """Where a training runs, and where it keeps its state."""

    device: torch.device
    threads: int | None = None
    checkpoint: Path | None = None
    checkpoint_seconds: float = 60.0


def place(settings: Settings, shape: Shape, n_classes: int) -> tuple[Step, ...]:
    """Plan of a net, with the layers that `Settings.freeze` names frozen."""
    plan = Net(settings.net).plan(shape, n_classes)
    names = {step.name for outer in plan for step in outer.walk()}
    unknown = [name for name in settings.freeze if name not in names]
    if unknown:
        raise SettingError(f"freeze names no layer: {unknown[0]!r}", fix=f"layers: {', '.join(sorted(names))}")
    plan = tuple(_freeze(step, settings.freeze, False) for step in plan)
    if not any(p.is_trained for outer in plan for step in outer.walk() for p in step.parameters):
        raise SettingError("every layer is frozen: nothing to train", fix="leave at least one layer out of freeze")
    return plan


def _freeze(step: Step, names: Sequence[str], inside: bool) -> Step:
    here = inside or step.name in names
    layer = replace(step.layer, frozen=True) if here and isinstance(step.layer, BatchNorm) else step.layer
    return replace(
        step,
        layer=layer,
        parameters=tuple(replace(p, frozen=True) if here else p for p in step.parameters),
        body=tuple(_freeze(inner, names, here) for inner in step.body),
        shortcut=tuple(_freeze(inner, names, here) for inner in step.shortcut),
    )


def has_convolutions(plan: Sequence[Step]) -> bool:
    """Whether a net has convolutions."""
    return any(isinstance(step.layer, Conv) for outer in plan for step in outer.walk())


def choose_threads(plan: Sequence[Step], jobs: Sequence[Job], machine: Machine) -> int:
    """Threads for jobs in this process: one where a step is so small that handing it around costs more."""
    if machine.threads is not None:
        return machine.threads
    per_row = 3 * sum(step.multiply_adds for step in plan)
    step = per_row * min(jobs[0].settings.batch, max(len(job.rows) for job in jobs)) * len(jobs)
    return 1 if step < SMALL_STEP else torch.get_num_threads()


def choose_way(plan: Sequence[Step], jobs: Sequence[Job], device: torch.device) -> str:
    """``stack``, ``processes`` or ``solo`` for jobs of one program.

    Dense nets gain most from stacking. On a CPU, convolutions over grouped channels are slower than one net at a time,
    and one net on all threads is slower than several nets of one thread each, if they are large enough to repay the
    start of a process (measured: benchmarks/net_ways.py).
    """
    if len(jobs) == 1:
        return "solo"
    if device.type != "cpu" or not has_convolutions(plan):
        return "stack"
    per_row = 3 * sum(step.multiply_adds for step in plan)
    work = sum(per_row * len(job.rows) * job.settings.epochs for job in jobs)
    return "processes" if work >= PROCESS_WORK else "solo"


def train_jobs(
    data: Data,
    jobs: Sequence[Job],
    *,
    n_classes: int,
    machine: Machine,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Trained]:
    """Train jobs, those of equal program together; results in the order of the jobs."""
    shape = tuple(data.x.shape[1:])
    results: dict[int, Trained] = {}
    for numbers in _group(jobs):
        group = [jobs[n] for n in numbers]
        plan = place(group[0].settings, shape, n_classes)
        way = choose_way(plan, group, machine.device)
        if way == "processes" and min(len(group), machine.threads or n_cores()) > 1:
            from heldout.train.pool import train_in_processes

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
            found = train_here(data, group, plan, here, way, progress=progress, should_stop=should_stop)
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


def train_here(
    data: Data,
    jobs: Sequence[Job],
    plan: Sequence[Step],
    machine: Machine,
    way: str = "solo",
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Trained]:
    """Train jobs of one program in this process: as one stack (more if memory is short), or one after the other."""
    dtype = DTYPES[jobs[0].settings.precision]
    n_threads = choose_threads(plan, jobs if way == "stack" else jobs[:1], machine)
    results: list[Trained] = []
    with use_threads(n_threads):
        feed = Feed(data.x, data.labels, data.weights, machine.device, dtype)
        validation = None
        if data.validation_x is not None:
            validation = Feed(data.validation_x, data.validation_labels, None, machine.device, dtype)
        size = stack_size(plan, jobs[0].settings, machine.device) if way == "stack" else 1
        waiting = [list(jobs[first : first + size]) for first in range(0, len(jobs), size)]
        while waiting:
            stack = waiting.pop(0)
            tell = _share(progress, len(results), len(stack), len(jobs))
            keeper = None
            if machine.checkpoint is not None:
                keeper = Checkpoint(machine.checkpoint, machine.checkpoint_seconds, stack, feed)
            try:
                found = train_stack(
                    plan, stack, feed, validation, progress=tell, should_stop=should_stop, checkpoint=keeper
                )
            except (MemoryError, RuntimeError) as error:
                if not ran_out_of_memory(error):
                    raise
                waiting[:0] = _halve(stack, error)
                continue
            for trained in found:
                trained.threads = n_threads
                trained.checkpoint = "" if keeper is None else str(keeper.path)
            results += found
    return results


def stack_size(plan: Sequence[Step], settings: Settings, device: torch.device) -> int:
    """Replicates that fit a share of the device's whole memory (not of what is free, which differs from run to run)."""
    arrays = 3 + len(state_names(settings))
    values = arrays * sum(p.size for outer in plan for step in outer.walk() for p in step.parameters)
    row = sum(int(np.prod(step.after)) for outer in plan for step in outer.walk()) + int(np.prod(plan[0].before))
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
