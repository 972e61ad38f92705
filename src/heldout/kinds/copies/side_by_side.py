"""Blocks of array work on all cores at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits

from heldout.processes.cores import n_cores


def over_blocks(work: Callable[[slice], None], n: int, size: int) -> None:
    """Call ``work`` for each block of ``n`` rows; calls run at the same time and must write to places of their own.

    Products of matrices get one thread each meanwhile: in a small block, what is not the product takes as long.
    """
    blocks = [slice(start, min(n, start + size)) for start in range(0, n, size)]
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_cores()) as pool:
        list(pool.map(work, blocks))
