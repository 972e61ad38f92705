"""Procedures for tests of the runner, and a runner of them as a script: STORE JOBS SECONDS, or STORE MARKER."""

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

    @procedure("hang-for-tests", light=False)
    def hang(marker: str) -> dict:
        Path(marker).write_text(str(os.getpid()))
        time.sleep(120)
        return {}


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


def hanging(marker: str) -> list:
    text = f"id: hang\ntitle: hang\nmodel: {{procedure: hang-for-tests, marker: '{marker}'}}\nmeasure: [x]\n"
    return expand(recipe_from_text(text), "quick").jobs


if __name__ == "__main__":
    if len(sys.argv) == 3:
        from procedures_for_runs import run_task  # the workers know it by this name

        jobs, n_workers = hanging(sys.argv[2]), 1
    else:
        jobs, n_workers = sleepers(int(sys.argv[2]), float(sys.argv[3])), 0
    with Store(Path(sys.argv[1])) as store:
        print(run_jobs(jobs, store, run_task, n_workers=n_workers).n_done)
