"""Procedures for tests of the runner, and a runner of them as a script.

STORE JOBS SECONDS, or STORE MARKER, or STORE JOBS SECONDS FOLDER ENGINE.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from heldout.errors import HeldoutError
from heldout_course.experiments import tasks
from heldout_course.experiments.expand import expand
from heldout_course.experiments.procedures import PROCEDURES, procedure
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

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

    @procedure("note-for-tests", light=False)
    def note(number: int, seconds: float, folder: str) -> dict:
        mark = f"{number}-{os.getpid()}-{time.time_ns()}"
        Path(folder, f"begun-{mark}").touch()
        time.sleep(seconds)
        Path(folder, f"ended-{mark}").touch()
        return {"square": number**2}

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


def noting(n: int, seconds: float, folder: str) -> list:
    text = f"""
id: noting
title: noting
model: {{procedure: note-for-tests, seconds: {seconds}, folder: "{folder}"}}
vary: {{number: {list(range(n))}}}
measure: [square]
"""
    return expand(recipe_from_text(text), "quick").jobs


def hanging(marker: str) -> list:
    text = f"id: hang\ntitle: hang\nmodel: {{procedure: hang-for-tests, marker: '{marker}'}}\nmeasure: [x]\n"
    return expand(recipe_from_text(text), "quick").jobs


if __name__ == "__main__":
    import procedures_for_runs as known  # the workers know it by this name

    engine = None
    if len(sys.argv) == 3:
        jobs, n_workers = known.hanging(sys.argv[2]), 1
    elif len(sys.argv) == 4:
        jobs, n_workers = known.sleepers(int(sys.argv[2]), float(sys.argv[3])), 0
    else:
        jobs, n_workers, engine = known.noting(int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]), 2, sys.argv[5]
    with Store(Path(sys.argv[1])) as store:
        try:
            print(run_jobs(jobs, store, known.run_task, n_workers=n_workers, engine=engine).n_done)
        except HeldoutError as error:
            sys.exit(str(error))
