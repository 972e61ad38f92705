"""`heldout train --search`: after cross-validation, search the hyperparameters of the most promising candidates.

A searched candidate stands on the leaderboard beside the one it came from, judged on the same folds: inside each fold's
training rows a search of its own chooses the setting, so that no score that was maximised is ever reported. The model
that is kept takes the setting of one more search, on all training rows.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heldout.errors import ArtifactError, HeldoutError, require
from heldout.evaluate.confusion import mcc
from heldout.models.candidate import Candidate, Task, task_of
from heldout.models.spaces import Space, as_space
from heldout.processes.cores import n_cores
from heldout.processes.pool import OutOfTimeError
from heldout.run.events import CandidateResumed, CandidateStarted, Listener, PointsEnded, SearchPlanned
from heldout.select.budget import Budget
from heldout.select.candidates import is_searchable
from heldout.select.cross_validation import ended
from heldout.select.fitting import Rows
from heldout.select.results import CandidateResult, fill_result
from heldout.select.search.fits import Fitter
from heldout.select.search.points import plan_points
from heldout.select.search.record import Record
from heldout.select.search.rounds import ALL_ROWS, Clock, Study, make_study, outer_studies, run_rounds
from heldout.select.search.standalone import fit_outer
from heldout.select.selection import Selection, seed_of
from heldout.select.views import Views

N_INNER = 3
LEAST_POINTS = 3
"""A search that had no time for so many points is left out."""
SUFFIX = "-searched"


@dataclass(frozen=True)
class Level:
    """How much a search does; `selection_share` is the part of a time limit that cross-validation before it may use."""

    how: str
    n_points: int
    n_candidates: int
    selection_share: float


LEVELS = {"light": Level("spread", 8, 3, 0.7), "deep": Level("optuna", 40, 3, 0.3)}


@dataclass
class Searched:
    """One searched candidate: what was tried, and what was chosen in each search."""

    candidate: Candidate
    base: str
    result: CandidateResult
    space: Space = field(default_factory=dict)
    studies: list[Study] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)  # the number of the chosen point of each study


@dataclass
class CandidateSearch:
    """A search that is planned: its level, and where each search's folds are."""

    plan: Selection
    level: Level
    name: str
    studies: list[tuple[str, np.ndarray, list[tuple[np.ndarray, np.ndarray]], int]]
    searched: list[Searched] = field(default_factory=list)

    def fresh_studies(self) -> list[Study]:
        """The searches without points: on all rows, then inside each fold."""
        return [Study(name, rows, inner, seed) for name, rows, inner, seed in self.studies]


def plan_search(plan: Selection) -> CandidateSearch | None:
    """Plan what ``--search`` asks for; None if it asks for nothing. Cross-validation's time is cut to its share.

    Raises
    ------
    MissingExtraError
        If Optuna is wanted and not installed.
    LabelError
        If a class has too few groups for folds inside the folds.
    """
    settings = plan.settings
    if settings.search == "none":
        return None
    level = LEVELS[settings.search]
    if level.how == "optuna":
        require("optuna", extra="search", needed_by="--search deep")
    assert plan.data.groups is not None
    y, groups = plan.y, plan.data.groups[plan.rows]
    everything = np.arange(len(y))
    try:
        own = seed_of(settings.seed, N_INNER)  # not the folds of the leaderboard once more
        studies = [make_study(ALL_ROWS, y, groups, everything, n_inner=N_INNER, seed=own)]
        studies += outer_studies(y, groups, plan.folds, n_inner=N_INNER, seed=settings.seed)
    except HeldoutError as error:
        raise type(error)(
            f"{error.what} (folds inside the folds choose the settings)",
            where=f"--search {settings.search}: {error.where}",
            fix="leave out --search, use more --folds, or collect more groups of that class",
        ) from None
    if settings.time is not None:
        plan.budget.limit = settings.time * level.selection_share
    return CandidateSearch(
        plan, level, settings.search, [(study.name, study.rows, study.inner, study.seed) for study in studies]
    )


def search_candidates(
    search: CandidateSearch,
    listen: Listener,
    *,
    record: Path,
    key: str,
    known: Callable[[CandidateResult], bool] = lambda result: False,
    save: Callable[[CandidateResult], None] = lambda result: None,
) -> None:
    """Search the most promising candidates, and add them to the leaderboard. KeyboardInterrupt passes through.

    Parameters
    ----------
    record : pathlib.Path
        File that keeps finished points.
    key : str
        What the points are true for: data and settings.
    """
    plan = search.plan
    bases = promising(plan.results, search.level.n_candidates)
    search.searched += [_add(plan, base) for base in bases]
    names = tuple((searched.candidate.name, searched.candidate.title) for searched in search.searched)
    of = tuple(base.title for base in bases)
    listen(SearchPlanned(search=search.name, points=search.level.n_points, models=names, of=of))
    workers = min(plan.settings.jobs or n_cores(), len(search.studies) * N_INNER)
    plan.budget = Budget(_costs(search, workers), plan.settings.time, plan.budget.start)
    subset = plan.data if len(plan.rows) == len(plan.data) else plan.data.take(plan.rows)
    rows = Rows(subset.kind, subset.x, subset.y)
    with Views(rows, workers, plan.settings.jobs) as views:
        for step, searched in enumerate(search.searched):
            start = time.monotonic()
            result = searched.result
            listen(CandidateStarted(model=result.name))
            if known(result):
                _remember(search, searched, record, key)
                listen(CandidateResumed(model=result.name))
            elif not plan.budget.fits(step):
                result.status, result.why = "skipped", "not enough of --time was left for a search"
            else:
                _search_candidate(search, step, searched, views, listen, record, key)
                if result.status == "finished":
                    save(result)
            result.seconds = result.seconds or time.monotonic() - start
            plan.budget.record(step, time.monotonic() - start)
            listen(ended(result))


def promising(results: list[CandidateResult], n: int) -> list[CandidateResult]:
    """The candidates to search: the best two by mean MCC, and up to n that are within one standard error of the best.

    They come in the order of the leaderboard.
    """
    able = [result for result in results if result.status == "finished" and is_searchable(result.name)]
    ranked = sorted(able, key=lambda result: -result.summary("mcc")[0])
    if not ranked:
        return []
    best, se = ranked[0].summary("mcc")
    picked = [r for i, r in enumerate(ranked[:n]) if i < 2 or r.summary("mcc")[0] >= best - (se or 0.0)]
    return [result for result in able if result in picked]


def _add(plan: Selection, base: CandidateResult) -> Searched:
    """Put a searched candidate on the leaderboard, above the one that it comes from."""
    at = plan.results.index(base)
    candidate = plan.candidates[at]
    result = CandidateResult(candidate.name + SUFFIX, f"{candidate.title}, searched", n_groups=base.n_groups)

    def settings(task: Task) -> Mapping[str, Any]:
        return {**candidate.settings(task), **result.setting}  # chosen by then

    searched = dataclasses.replace(candidate, name=result.name, title=result.title, settings=settings)
    plan.candidates.insert(at + 1, searched)
    plan.results.insert(at + 1, result)
    return Searched(searched, candidate.name, result)


def _costs(search: CandidateSearch, workers: int) -> list[float]:
    """Expected seconds of each search, and of the last fit."""
    by_name = {result.name: result for result in search.plan.results}
    n_fits = (len(search.studies) * N_INNER * search.level.n_points) / workers
    seconds = [by_name[searched.base].fit_seconds for searched in search.searched]
    share = 1 - 1 / N_INNER
    return [0.5 + one * share * n_fits for one in seconds] + [2 * max(seconds, default=0.1)]


def _search_candidate(
    search: CandidateSearch, step: int, searched: Searched, views: Views, listen: Listener, record: Path, key: str
) -> None:
    """Search one candidate within its time; failures are marked and end nothing."""
    plan, level, result = search.plan, search.level, searched.result
    result.status = "running"
    points = Record(record, f"{key}-{searched.base}")
    until = time.monotonic() + plan.budget.allowance(step)

    def tell(done: int) -> None:
        left = plan.budget.estimate(step, done / level.n_points)
        listen(PointsEnded(model=result.name, done=done, of=level.n_points, seconds_left=left))

    try:
        task = _task(plan)
        base = next(candidate for candidate in plan.candidates if candidate.name == searched.base)
        searched.space = _space(searched, task)
        ways = plan_points(searched.space, level.how, level.n_points, seed=plan.settings.seed, with_start=True)
        fitter = Fitter(base.build(task), views)
        searched.studies = search.fresh_studies()
        clock = Clock(until, reserve=1.0)
        n = run_rounds(searched.studies, ways, fitter, plan.y, mcc, points, clock=clock, on_round=tell)
        if n < LEAST_POINTS:
            raise OutOfTimeError(_too_short(n, clock, plan.settings.time))
        chosen = [study.choose(searched.space, "one-se").point for study in searched.studies]
        settings = [point.setting for point in chosen]
        result.setting = dict(settings[0])
        searched.chosen = [point.number for point in chosen]
        attempts = fit_outer(fitter, plan.folds, settings[1:], seed=plan.settings.seed, deadline=_end(plan))
        answers = [attempt.result for attempt in attempts if attempt.result is not None]
        fill_result(result, answers, plan.y, plan.folds, n_classes=plan.data.n_classes)
    except OutOfTimeError as error:
        result.status, result.why = "skipped", error.what
    except HeldoutError as error:
        result.status, result.why = "failed", str(error)
    finally:
        points.close()


def _too_short(n: int, clock: Clock, limit: float | None) -> str:
    return (
        f"the time sufficed for {n} of at least {LEAST_POINTS} points of about {clock.round_seconds:.0f} seconds; "
        f"allow more than --time {limit or 0:g}s, or name fewer --models"
    )


def _end(plan: Selection) -> float:
    return time.monotonic() + plan.budget.remaining()


def _task(plan: Selection) -> Task:
    n_fit = int(np.mean([len(train) for _, _, train, _ in plan.folds]))
    return task_of(plan.data, n_rows=n_fit, seed=plan.settings.seed, prepare=plan.settings.prepare)


def _space(searched: Searched, task: Task) -> Space:
    """Hyperparameters of the candidate, as its entry of the table has them."""
    assert searched.candidate.space is not None, "only what has a space is searched"
    return as_space(searched.candidate.space(task))


def _remember(search: CandidateSearch, searched: Searched, record: Path, key: str) -> None:
    """Fill in the points of a candidate that an earlier run finished, as far as its record has them."""
    searched.space = _space(searched, _task(search.plan))
    if set(searched.result.setting) != set(searched.space):
        raise ArtifactError(
            f"the setting {searched.result.setting} is not one of {searched.base}",
            where=str(record.parent / f"{searched.result.name}.json"),
            fix="delete this file; the search goes on from its points",
        )
    points = Record(record, f"{key}-{searched.base}")
    studies = search.fresh_studies()
    found = [points.of(study.name) for study in studies]
    points.close()
    n = min(len(own) for own in found)
    if n >= LEAST_POINTS:
        for study, own in zip(studies, found, strict=True):
            study.points = own[:n]
        searched.studies = studies
        searched.chosen = [study.choose(searched.space, "one-se").point.number for study in studies]
