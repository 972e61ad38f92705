"""Procedures for tests of the runner, and a runner of them as a script: STORE NUMBER_OF_JOBS SECONDS [WORKERS]."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from heldout.experiments import tasks
from heldout.experiments.expand import expand
from heldout.experiments.procedures import PROCEDURES, procedure
from heldout.experiments.recipe import recipe_from_text
from heldout.experiments.runner import run_jobs
from heldout.experiments.store import Store

if "sleep-for-tests" not in PROCEDURES:

    @procedure("sleep-for-tests")
    def sleep(number: int, seconds: float) -> dict:
        time.sleep(seconds)
        return {"square": number**2}

    @procedure("die-once-for-tests", light=False)
    def die_once(marker: str, always: bool = False, number: int = 0) -> dict:
        path = Path(marker)
        if number == 0 and (always or not path.exists()):
            path.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"alive": 1}


def run_task(specs, checkpoints):
    return tasks.run_task(specs, checkpoints)


def sleepers(n: int, seconds: float) -> list:
    text = f"""
id: sleepers
title: sleepers
model: {{procedure: sleep-for-tests, seconds: {seconds}}}
vary: {{number: {list(range(n))}}}
measure: [square]
"""
    return expand(recipe_from_text(text), "quick").jobs


if __name__ == "__main__":
    with Store(Path(sys.argv[1])) as store:
        outcome = run_jobs(sleepers(int(sys.argv[2]), float(sys.argv[3])), store, run_task, n_workers=0)
    print(outcome.n_done)
