"""Procedures for tests of the runner, and a runner of them as a script.

STORE MARKER, or STORE JOBS FOLDER ENGINE WORKERS.
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

PATIENCE_SECONDS = 1800.0
"""Only against waiting for ever; the workers do not know the tests' own folder."""


def wait_until(true) -> None:
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise TimeoutError("it did not happen")
        time.sleep(0.01)


if "square-for-tests" not in PROCEDURES:

    @procedure("square-for-tests")
    def square(number: int) -> dict:
        return {"square": number**2}

    @procedure("die-once-for-tests", light=False)
    def die_once(marker: str, always: bool = False, number: int = 0) -> dict:
        path = Path(marker)
        if number == 0 and (always or not path.exists()):
            path.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"alive": 1}

    @procedure("note-for-tests", light=False)
    def note(number: int, folder: str) -> dict:
        """Say that it began, wait until it may end, and say that it ended."""
        mark = f"{number}-{os.getpid()}-{time.time_ns()}"
        Path(folder, f"begun-{mark}").touch()
        wait_until(lambda: Path(folder, "all-may-end").exists() or Path(folder, f"may-end-{number}").exists())
        Path(folder, f"ended-{mark}").touch()
        return {"square": number**2}

    @procedure("hang-for-tests", light=False)
    def hang(marker: str) -> dict:
        Path(marker).write_text(str(os.getpid()))
        time.sleep(2 * PATIENCE_SECONDS)
        return {}


def run_task(specs, checkpoints):
    return tasks.run_task(specs, checkpoints)


def squares(n: int) -> list:
    text = f"""
id: squares
title: squares
model: {{procedure: square-for-tests}}
vary: {{number: {list(range(n))}}}
measure: [square]
"""
    return expand(recipe_from_text(text), "quick").jobs


def noting(n: int, folder: str) -> list:
    text = f"""
id: noting
title: noting
model: {{procedure: note-for-tests, folder: "{folder}"}}
vary: {{number: {list(range(n))}}}
measure: [square]
"""
    return expand(recipe_from_text(text), "quick").jobs


def let_end(folder: Path, *numbers: int) -> None:
    """Let these of the noting jobs end, or all."""
    folder.mkdir(exist_ok=True)
    for name in [f"may-end-{number}" for number in numbers] or ["all-may-end"]:
        (folder / name).touch()


def noted(folder: Path, kind: str) -> list[str]:
    """``number-process-moment`` of each job that began, or ended."""
    return [path.name.partition("-")[2] for path in folder.glob(f"{kind}-*")]


def hanging(marker: str) -> list:
    text = f"id: hang\ntitle: hang\nmodel: {{procedure: hang-for-tests, marker: '{marker}'}}\nmeasure: [x]\n"
    return expand(recipe_from_text(text), "quick").jobs


if __name__ == "__main__":
    import procedures_for_runs as known  # the workers know it by this name

    engine, n_workers = "local", 1
    if len(sys.argv) == 3:
        jobs = known.hanging(sys.argv[2])
    else:
        jobs, engine, n_workers = known.noting(int(sys.argv[2]), sys.argv[3]), sys.argv[4], int(sys.argv[5])
    with Store(Path(sys.argv[1])) as store:
        try:
            print(run_jobs(jobs, store, known.run_task, n_workers=n_workers, engine=engine).n_done)
        except HeldoutError as error:
            sys.exit(str(error))
