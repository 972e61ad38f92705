"""Rows after a preparation that learns nothing, made once for all folds and models that ask for it.

A spectrogram of a sound is the same whatever the other rows are, so making it before the folds shows no model anything
that it should not see. What learns (scaling, projections) stays in the folds.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np

from heldout.processes.cores import n_cores
from heldout.processes.pool import Pool
from heldout.select.fitting import Rows

PRELOAD = ("heldout.processes.preload",)
"""What every worker that fits needs."""


class Views:
    """The rows of the leaderboard as each model's first steps want them, and worker processes that hold them.

    Parameters
    ----------
    rows : Rows
    n_workers : int
        Processes for each view.
    n_threads : int
        Threads that make a view.
    """

    def __init__(self, rows: Rows, n_workers: int, n_threads: int | None = None) -> None:
        self._rows = rows
        self._n_workers, self._n_threads = n_workers, n_threads or n_cores()
        self._made: dict[str, Rows] = {}
        self._pools: dict[str, Pool] = {}
        self._open = ExitStack()

    def __enter__(self) -> Views:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def apart(self, estimator: Any) -> tuple[Rows, Any]:
        """Rows after the estimator's first step, and the rest of the estimator; as they are if the step learns."""
        first = first_step(estimator)
        if first is None:
            return self._rows, estimator
        key = repr(sorted(first.get_params().items())) + type(first).__name__
        if key not in self._made:
            start = time.perf_counter()
            first.set_params(n_jobs=self._n_threads)
            x = first.fit(self._rows.x).transform(self._rows.x)
            seconds = (time.perf_counter() - start) / max(1, len(x))
            self._made[key] = replace(self._rows, x=x, row_seconds=seconds, view=key)
        return self._made[key], rest_of(estimator)

    def pool(self, rows: Rows) -> Pool:
        """Processes that hold these rows, started when first asked for."""
        if rows.view not in self._pools:
            pool = Pool(self._n_workers, shared=(rows,), preload=PRELOAD)
            self._pools[rows.view] = self._open.enter_context(pool)
            pool.warm_up()
        return self._pools[rows.view]


def first_step(estimator: Any) -> Any:
    """The first step of a pipeline if it learns nothing from the rows, else None."""
    first = estimator.steps[0][1] if hasattr(estimator, "steps") else None
    return first if getattr(first, "learns_nothing", False) else None


def rest_of(estimator: Any) -> Any:
    """A pipeline without its first step; the model alone if nothing else is left."""
    rest = estimator.steps[1:]
    if len(rest) == 1:
        return rest[0][1]
    from sklearn.pipeline import Pipeline

    return Pipeline(rest)


def as_numbers(x: Any) -> np.ndarray:
    """What a net gets: bytes and 16-bit samples as they are, everything else as float32."""
    found = np.asarray(x)
    return found if found.dtype in (np.uint8, np.int16) else found.astype(np.float32, copy=False)
