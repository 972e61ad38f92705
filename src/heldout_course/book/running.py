"""Run recipes and list experiments: what `heldout book` and `heldout run` do, without the printing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heldout_course.book.entries import Entry, make_entry, state_of
from heldout_course.book.library import all_ids, find_recipe
from heldout_course.book.work import run_task
from heldout_course.experiments.execution import Execution
from heldout_course.experiments.expand import expand
from heldout_course.experiments.recipe import Recipe
from heldout_course.experiments.runner import Outcome, run_jobs
from heldout_course.experiments.store import Store


@dataclass(frozen=True)
class Ran:
    """What came of a run: each recipe as it is shown, how the jobs ended, and how long it took."""

    entries: list[Entry]
    outcome: Outcome
    seconds: float


def run_recipes(
    recipes: Sequence[Recipe],
    store: Store,
    how: Execution,
    *,
    mirror: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Ran:
    """Run what has no result yet.

    Parameters
    ----------
    mirror : str, optional
        Folder or URL of named datasets, for this process and its workers.
    progress : callable, optional
        See `heldout_course.experiments.runner.run_jobs`.
    """
    if mirror:
        os.environ["HELDOUT_MIRROR"] = mirror  # workers read it
    began = time.monotonic()
    jobs = {job.id: job for recipe in recipes for job in expand(recipe, how.profile).jobs}
    outcome = run_jobs(list(jobs.values()), store, run_task, n_workers=how.jobs, engine=how.on, progress=progress)
    entries = [make_entry(recipe, store, how.profile) for recipe in recipes]
    return Ran(entries, outcome, time.monotonic() - began)


@dataclass(frozen=True)
class Listed:
    """An experiment in a list: the state of the more complete profile, and what its quick run took on one core."""

    id: str
    title: str
    state: str
    quick_seconds: float | None


def list_experiments(store: Store | None) -> list[Listed]:
    """All experiments of the course, in order."""
    seconds = store.seconds() if store else {}
    return [_listed(find_recipe(identity), seconds) for identity in all_ids()]


def _listed(recipe: Recipe, seconds: dict[str, float]) -> Listed:
    plans = {profile: [job.id for job in expand(recipe, profile).jobs] for profile in ("full", "quick")}
    done = {profile: sum(job in seconds for job in jobs) for profile, jobs in plans.items()}
    best = max(plans, key=lambda profile: done[profile] / len(plans[profile]))  # full, if both are as far
    took = sum(seconds[job] for job in plans["quick"]) if done["quick"] == len(plans["quick"]) else None
    return Listed(recipe.id, recipe.title, state_of(done[best], len(plans[best]), best), took)


def default_store() -> Path:
    """The file of the course's results in the user's data folder."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("heldout", appauthor=False)) / "book.sqlite"


@contextmanager
def opened(path: Path) -> Iterator[Store | None]:
    """A store that is only read; None where there is no file."""
    if not path.exists():
        yield None
        return
    with Store(path, read_only=True) as store:
        yield store
