"""How jobs are trained: side by side as one stack, each alone on a core, or in processes of one thread each.

The choice is a rule on the net and the sizes, never a timing, so that the same seed gives the same numbers on the same
machine, however busy it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from heldout.errors import SettingError
from heldout.nets.layers.base import Shape, Step
from heldout.nets.net import Net
from heldout.nets.plan import Plan
from heldout.nets.settings import Job, Settings
from heldout.processes.cores import n_cores

#: Multiply-adds of all jobs together from which worker processes are used: minutes of work, which repay their start
#: (each imports PyTorch, about 2 s) and keep the caller's process free and small.
PROCESS_WORK = 3e12
#: Multiply-adds of a step below which work is not divided among cores at all.
SMALL_STEP = 2e7
#: Multiply-adds of a step below which a net that trains alone uses so many threads (measured on two cores: two threads
#: take as long as one up to about 1e8, and 0.6 times as long from 1e9; benchmarks/under_load.py shows what they cost
#: beside other work). Never the number of cores: sums depend on the number of threads in their last bits.
THREADS = ((1e8, 1), (1e11, 2), (1e12, 4), (float("inf"), 8))
#: Multiply-adds of a step that each part of a divided stack has at least, and the most parts.
PART_STEP, MOST_PARTS = 2e8, 16


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


def place(settings: Settings, shape: Shape, n_classes: int) -> Plan:
    """Plan of a net, with the layers that `Settings.freeze` names frozen."""
    plan = Net(settings.net, settings.head).plan(shape, n_classes).freeze(settings.freeze)
    if not any(p.is_trained for p in plan.parameters):
        raise SettingError("every layer is frozen: nothing to train", fix="leave at least one layer out of freeze")
    return plan


def has_convolutions(plan: Sequence[Step]) -> bool:
    """Whether a net has convolutions."""
    return any(step.layer.is_convolution for outer in plan for step in outer.walk())


def step_work(plan: Sequence[Step], jobs: Sequence[Job]) -> float:
    """Multiply-adds of a step of all jobs together."""
    per_row = 3 * sum(step.multiply_adds for step in plan)
    return per_row * min(jobs[0].settings.batch, max(len(job.rows) for job in jobs)) * len(jobs)


def choose_threads(plan: Sequence[Step], jobs: Sequence[Job], machine: Machine) -> int:
    """Threads of a net that trains alone: by the size of its steps, never by the machine."""
    if machine.threads is not None:
        return machine.threads
    work = step_work(plan, jobs[:1])
    return next(threads for below, threads in THREADS if work < below)


def choose_parts(plan: Sequence[Step], jobs: Sequence[Job], machine: Machine) -> int:
    """Parts of a stack, each on a thread of its own: by the size of its steps, never by the machine."""
    if machine.device.type != "cpu":
        return 1
    if machine.threads is not None:
        return min(machine.threads, len(jobs))
    work = step_work(plan, jobs)
    if work < SMALL_STEP:
        return 1
    parts = 2
    while parts < MOST_PARTS and work >= 2 * parts * PART_STEP:
        parts *= 2
    return min(parts, len(jobs))


def choose_lanes(plan: Sequence[Step], jobs: Sequence[Job], machine: Machine) -> int:
    """How many nets that train alone do so at the same time, each on one thread; it changes no bit."""
    if machine.device.type != "cpu":
        return 1
    if machine.threads is not None:
        return min(machine.threads, len(jobs))
    return 1 if step_work(plan, jobs[:1]) < SMALL_STEP else min(n_cores(), len(jobs))


def choose_way(plan: Sequence[Step], jobs: Sequence[Job], device: torch.device) -> str:
    """``stack``, ``processes`` or ``solo`` for jobs of one program.

    Dense nets gain most from stacking. On a CPU, convolutions over grouped channels are slower than one net at a time,
    and one net on all threads is slower than a net on each: ``solo`` trains them so in this process, ``processes``
    in others (measured: benchmarks/net_ways.py). Either gives the same bits.
    """
    if len(jobs) == 1:
        return "solo"
    if device.type != "cpu" or not has_convolutions(plan):
        return "stack"
    per_row = 3 * sum(step.multiply_adds for step in plan)
    work = sum(per_row * len(job.rows) * job.settings.epochs for job in jobs)
    return "processes" if work >= PROCESS_WORK else "solo"
