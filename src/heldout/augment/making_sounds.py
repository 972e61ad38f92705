"""New sounds of a data set: the operations drawn for them, applied clip by clip, in several processes where it pays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from heldout.augment import sounds as steps
from heldout.augment.drawing import Draws, draw, generator
from heldout.augment.operations import Step, as_steps
from heldout.processes.pool import Pool
from heldout.processes.pool import Task as Call

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Task:
    """One source and the new clips to be made of it, with everything a worker needs."""

    row: int
    clip: np.ndarray
    operations: tuple[Step, ...]
    n_copies: int
    active: np.ndarray
    uniform: np.ndarray
    partners: dict[int, np.ndarray]
    rate: int
    seed: int
    best: bool


def augment_sounds(
    sounds: np.ndarray,
    rate: int,
    operations: str | Sequence[Step] | None = None,
    *,
    copies: int = 1,
    seed: int = 0,
    pool: np.ndarray | None = None,
    best: bool = False,
    jobs: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Make `copies` new sounds of each.

    Parameters
    ----------
    sounds : int16 array, shape (n_sounds, length, 1)
    rate : int
        Samples per second.
    operations : str or sequence of Step, optional
        Such as ``"shift 0.1s, pitch 2 p 1"``, in this order; see `heldout.augment.operations`.
    copies : int, default=1
    seed : int, default=0
    pool : int array, shape (n_sounds,), optional
        For ``mix``: partners have the same number, such as the class.
    best : bool, default=False
        The slower setting of pitch and stretch.
    jobs : int, default=1
        Processes.

    Returns
    -------
    made : int16 array, shape (n_sounds * copies, length, 1)
        One of each sound, then the next set.
    source : int64 array, shape (n_sounds * copies,)
    """
    n, length = steps.sound_shape(sounds)
    draws = draw(as_steps(operations, "sounds"), n, copies, seed, pool=pool)
    made = np.empty((copies, n, length, 1), np.int16)
    for task, clips in run_tasks(tasks(sounds, draws, rate=rate, seed=seed, best=best), make_clips, jobs=jobs):
        made[:, task.row, :, 0] = clips
    return made.reshape(-1, length, 1), np.tile(np.arange(n), copies)


def tasks(
    sounds: np.ndarray, draws: Draws, *, rate: int, seed: int, best: bool = False, rows: np.ndarray | None = None
) -> Iterator[Task]:
    """One task for each source row, made as it is asked for."""
    partners = draws.mixed()
    for row in range(len(sounds)) if rows is None else rows.tolist():
        yield Task(
            row=row,
            clip=np.array(sounds[row, :, 0]),
            operations=draws.operations,
            n_copies=draws.copies,
            active=draws.active[:, :, row],
            uniform=draws.uniform[:, :, row],
            partners={copy: np.array(sounds[p, :, 0]) for copy, p in enumerate(partners[:, row].tolist()) if p >= 0},
            rate=rate,
            seed=seed,
            best=best,
        )


def make_clips(task: Task, copies: Sequence[int] | None = None) -> np.ndarray:
    """The new clips of a task, int16, shape (n_copies, length); of some copies only, if asked."""
    wanted = range(task.n_copies) if copies is None else copies
    made = np.empty((len(wanted), len(task.clip)), np.int16)
    for place, copy in enumerate(wanted):
        made[place] = steps.to_int16(_made(task, copy))
    return made


def _made(task: Task, copy: int) -> np.ndarray:
    clip = steps.to_float(task.clip)
    semitones, speed = 0.0, 1.0
    for k, step in enumerate(task.operations):
        if not task.active[k, copy]:
            continue
        u = float(task.uniform[k, copy, 0])
        if step.name == "pitch":
            semitones += (2 * u - 1) * step["semitones"]
        elif step.name == "stretch":
            speed *= 1 + (2 * u - 1) * step["share"]
        else:
            # Pitch and speed are changed in one pass, which costs half and blurs once.
            clip, semitones, speed = _bent(clip, task, semitones, speed), 0.0, 1.0
            clip = _step(clip, step, u, task, copy)
    return _bent(clip, task, semitones, speed)


def _bent(clip: np.ndarray, task: Task, semitones: float, speed: float) -> np.ndarray:
    if semitones == 0 and speed == 1:
        return clip
    return steps.bend(clip, task.rate, semitones=semitones, speed=speed, best=task.best)


def _step(clip: np.ndarray, step: Step, u: float, task: Task, copy: int) -> np.ndarray:
    if step.name == "shift":
        amount = step["amount"]
        samples = round((2 * u - 1) * amount.value * (task.rate if amount.unit == "s" else len(clip)))
        return steps.move(clip, int(np.clip(samples, -len(clip), len(clip))))
    if step.name == "noise":
        random = generator(task.seed, "noise of one clip", task.row, copy)
        low, high = step["decibels"]
        return steps.add_noise(clip, low + (high - low) * u, random)
    if step.name == "gain":
        return steps.amplify(clip, (2 * u - 1) * step["decibels"])
    other = task.partners.get(copy)
    if other is None:
        return clip
    share = np.float32(step["share"] * u)
    return (1 - share) * clip + share * steps.to_float(other)


def run_tasks(given: Iterator[T], work: Callable[[T], R], *, jobs: int) -> Iterator[tuple[T, R]]:
    """Each task with its result, in order; with several jobs, in processes of their own.

    The library that changes pitch holds Python's lock, so threads would not help.
    """
    if jobs <= 1:
        for task in given:
            yield task, work(task)
        return
    begun: deque[T] = deque()

    def all_tasks() -> Iterator[Call]:
        for task in given:
            begun.append(task)
            yield Call(work, (task,))

    with Pool(jobs) as workers:
        for result in workers.stream(all_tasks()):
            yield begun.popleft(), result
