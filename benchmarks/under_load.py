"""How long a run takes next to other work: `heldout train digits --seed 1` alone, and next to busy loops.

    python benchmarks/under_load.py [--loops 6] [--rounds 1] [-- train digits --seed 1]

The loops are started and stopped here, in the session of this process: Linux shares the cores between sessions first
(autogroups), which would hide them from a run in another session. A fair share: with L loops and one thread that
computes, L + 1 want the n cores, so the run may take max(1, (L + 1) / n) times as long as alone. Prints one JSON
object; `ratio` is the time next to the loops by the fair one (goal: at most 1.3).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heldout.processes.cores import n_cores

LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"
"""Computes until its parent is gone."""


@contextmanager
def busy(n: int) -> Iterator[None]:
    """So many processes that compute within the block."""
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def seconds_of(command: list[str]) -> tuple[float, float]:
    """Seconds that a heldout command takes, by the clock and of the processor (its own process and its workers')."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"HELDOUT_LEDGER": str(Path(folder) / "ledger.sqlite")}
        before, began = os.times(), time.perf_counter()
        call = [sys.executable, "-m", "heldout", *command, "--quiet"]
        subprocess.run(call, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        after = os.times()
        wall = time.perf_counter() - began
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loops", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("command", nargs="*", default=["train", "digits", "--seed", "1"])
    options = parser.parse_args()
    load = [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None
    alone, beside = [], []
    for _ in range(options.rounds):
        alone.append(seconds_of(options.command))
        with busy(options.loops):
            beside.append(seconds_of(options.command))
    fair = max(1.0, (options.loops + 1) / n_cores())
    (alone_seconds, alone_cpu), (beside_seconds, beside_cpu) = min(alone), min(beside)
    print(
        json.dumps(
            {
                "benchmark": "under_load",
                "command": " ".join(options.command),
                "cores": n_cores(),
                "loops": options.loops,
                "load_before": load,
                "alone_seconds": alone_seconds,
                "alone_processor_seconds": alone_cpu,
                "beside_seconds": beside_seconds,
                "beside_processor_seconds": beside_cpu,
                "fair_share": "max(1, (loops + 1) / cores) times the seconds alone",
                "fair_seconds": alone_seconds * fair,
                "slower": beside_seconds / alone_seconds,
                "ratio": beside_seconds / (alone_seconds * fair),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
