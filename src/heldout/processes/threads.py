"""How many threads compute inside a process, and how they wait for each other.

Nothing heavy is imported here: the environment has to be set before the libraries that read it are loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""From these, the libraries that compute take their number of threads when they are loaded."""
WAITING = {"GOMP_SPINCOUNT": "3000", "KMP_BLOCKTIME": "1"}
"""How long a thread of OpenMP (GNU's and LLVM's) spins at a barrier before it sleeps: some 50 microseconds, and 1 ms.

By default they spin for milliseconds, which beside other work keeps the very thread that they wait for from its core:
a training that takes 7 s alone took 271 s beside six busy loops. Sleeping at once (OMP_WAIT_POLICY=PASSIVE) helps as
well, but costs 10 to 30 % where nothing else runs; spinning this long costs nothing measurable.
"""
_OF_THE_USER = ("OMP_WAIT_POLICY", *WAITING)


def wait_briefly() -> None:
    """Keep OpenMP's threads from spinning, unless the user has decided how they wait.

    It has no effect on libraries that are loaded already.
    """
    if not any(name in os.environ for name in _OF_THE_USER):
        os.environ.update(WAITING)


@contextmanager
def limit_threads(n: int, openmp: int | None = None) -> Iterator[None]:
    """Let the libraries that are loaded by now compute with this many threads within the block.

    Parameters
    ----------
    n : int
        Threads of matrix products: their number decides last bits.
    openmp : int, optional
        Threads of loops that are known not to depend on their number (boosting's); by default `n`.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits={"blas": n, "openmp": openmp or n}):
        yield


def thread_variables(n: int) -> dict[str, str]:
    """Environment of a process whose libraries, once they are loaded, compute with this many threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(n))
