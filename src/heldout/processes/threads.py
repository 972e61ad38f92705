"""How many threads compute inside a process, and how they wait for each other.

Nothing heavy is imported here: the environment has to be set before the libraries that read it are loaded.
"""

from __future__ import annotations

import os

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
