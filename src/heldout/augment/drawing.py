"""What each new sample undergoes, drawn before any is made.

The draws of an operation on a set of copies come from a generator of their own, keyed by the seed, the operation's
place and name, and the number of the set: neither the size of a batch nor the number of workers can change a sample,
and a tenth set leaves the nine before it as they were.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heldout.augment.operations import Step


@dataclass(frozen=True)
class Draws:
    """Random numbers for every operation on every new sample.

    Attributes
    ----------
    operations : tuple of Step
    active : bool array, shape (n_operations, copies, n_rows)
        Which operation a new sample undergoes; at least one of those that can happen, so that none is a plain copy.
    uniform : float64 array, shape (n_operations, copies, n_rows, 4)
        Four numbers in [0, 1) for each.
    partner : int64 array, shape (copies, n_rows)
        The row that ``mix`` mixes in; the row itself where it has none.
    """

    operations: tuple[Step, ...]
    active: np.ndarray
    uniform: np.ndarray
    partner: np.ndarray

    @property
    def copies(self) -> int:
        """Number of new samples of each row."""
        return self.active.shape[1]

    def mixed(self) -> np.ndarray:
        """Partner of each new sample, shape (copies, n_rows); -1 where nothing is mixed in."""
        number = [k for k, step in enumerate(self.operations) if step.name == "mix"]
        if not number:
            return np.full(self.partner.shape, -1)
        mixes = self.active[number[0]] & (self.partner != np.arange(self.partner.shape[1]))
        return np.where(mixes, self.partner, -1)


def generator(seed: int, name: str, *key: int) -> np.random.Generator:
    """A PCG64 generator for this purpose and key only."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode()), *key])))


def draw(operations: Sequence[Step], n_rows: int, copies: int, seed: int, *, pool: np.ndarray | None = None) -> Draws:
    """Draw for `copies` new samples of each of `n_rows` rows.

    Parameters
    ----------
    operations : sequence of Step
    n_rows, copies, seed : int
    pool : int array, shape (n_rows,), optional
        ``mix`` takes its partner from the rows of the same number; default: from none.
    """
    steps = tuple(operations)
    active = np.empty((len(steps), copies, n_rows), bool)
    uniform = np.empty((len(steps), copies, n_rows, 4))
    partner = np.empty((copies, n_rows), np.int64)
    for copy in range(copies):
        for k, step in enumerate(steps):
            random = generator(seed, step.stream, k, copy)
            uniform[k, copy] = random.random((n_rows, 4))
            active[k, copy] = random.random(n_rows) < step.p
        random = generator(seed, "partner", copy)
        partner[copy] = _partners(random.random(n_rows), pool)
        _force_one(active[:, copy], steps, generator(seed, "force", copy).random(n_rows))
    return Draws(steps, active, uniform, partner)


def _force_one(active: np.ndarray, steps: tuple[Step, ...], draw: np.ndarray) -> None:
    """Give every sample without any operation one of those whose probability is not 0."""
    possible = np.flatnonzero([step.p > 0 for step in steps])
    plain = np.flatnonzero(~active.any(axis=0))
    if len(possible):
        active[possible[(draw[plain] * len(possible)).astype(np.int64)], plain] = True


def _partners(draw: np.ndarray, pool: np.ndarray | None) -> np.ndarray:
    """Another row of the same pool for each row, or the row itself if it is alone."""
    rows = np.arange(len(draw))
    if pool is None:
        return rows
    order = np.argsort(pool, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(pool[order]) != 0]) if len(order) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(order)])
    place = np.empty(len(rows), np.int64)
    place[order] = rows - np.repeat(starts, sizes)
    start, size = np.empty_like(place), np.empty_like(place)
    start[order], size[order] = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    step = 1 + (draw * np.maximum(size - 1, 1)).astype(np.int64)
    chosen: np.ndarray = order[start + (place + step) % size]
    return chosen
