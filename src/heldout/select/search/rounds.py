"""Searches side by side: one on all training rows, and one inside each outer fold to judge the procedure.

They advance together, point by point, so that when time runs out each has tried as many points as the others, and the
outer folds judge exactly the search that was made.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.errors import LabelError
from heldout.models.spaces import Space
from heldout.processes.pool import OutOfTimeError
from heldout.select.search.choice import Chosen, choose_point
from heldout.select.search.fits import Attempt, Fit, Fitter, Part
from heldout.select.search.points import Plan, Point
from heldout.select.search.record import Record
from heldout.split.partition import Fold, folds

ALL_ROWS = "all rows"
OPTUNA_AT_ONCE = 4
"""Points that Optuna proposes before it hears of their scores; a constant, so that no machine changes a search."""
FITS_AT_ONCE = 64
Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass
class Study:
    """One search: its rows, its inner folds, and the points that are finished."""

    name: str
    rows: np.ndarray
    inner: list[Part]
    seed: int
    points: list[Point] = field(default_factory=list)

    def choose(self, space: Space, rule: str) -> Chosen:
        """The setting that this search chooses."""
        sizes = [float(np.mean([len(rows) for rows in side])) for side in zip(*self.inner, strict=True)]
        return choose_point(self.points, space, n_train=sizes[0], n_validation=sizes[1], rule=rule)


def make_study(
    name: str, y: np.ndarray, groups: np.ndarray, rows: np.ndarray, *, n_inner: int, repeats: int = 1, seed: int
) -> Study:
    """A search on these rows, with folds inside them; groups are whole.

    Raises
    ------
    LabelError
        If a class has too few rows or groups among them.
    """
    try:
        parts = folds(y[rows], groups[rows], n_folds=n_inner, repeats=repeats, seed=seed)
    except LabelError as error:
        raise LabelError(
            error.what, where=f"the search on {name}, {len(rows):,} rows", fix=f"{error.fix}; or do not search"
        ) from None
    return Study(name, rows, [(rows[train], rows[validation]) for _, _, train, validation in parts], seed)


def outer_studies(
    y: np.ndarray, groups: np.ndarray, outer: Sequence[Fold], *, n_inner: int, repeats: int = 1, seed: int
) -> list[Study]:
    """A search inside the training rows of each outer fold."""
    studies = []
    for repeat, fold, train, _ in outer:
        own = int(np.random.SeedSequence([seed, 1 + repeat, fold]).generate_state(1)[0])
        name = f"repeat {repeat} fold {fold}"
        studies.append(make_study(name, y, groups, train, n_inner=n_inner, repeats=repeats, seed=own))
    return studies


@dataclass
class Clock:
    """When to stop: no round begins that is not expected to leave `reserve` rounds' time before `until`."""

    until: float = float("inf")
    reserve: float = 0.0
    round_seconds: float = 0.0

    def may_begin(self) -> bool:
        """Whether another round is likely to end in time."""
        return time.monotonic() + (1.2 + self.reserve) * self.round_seconds < self.until


def run_rounds(
    studies: Sequence[Study],
    plan: Plan,
    fitter: Fitter,
    y: np.ndarray,
    metric: Metric,
    record: Record,
    *,
    clock: Clock,
    on_round: Callable[[int], None] = lambda done: None,
) -> int:
    """Advance all searches until their points are used up or the time is; returns how many points each has.

    Raises
    ------
    OutOfTimeError
        If the time did not suffice for the first round.
    """
    per_point = sum(len(study.inner) for study in studies)
    at_once = max(1, FITS_AT_ONCE // per_point) if plan.fixed else OPTUNA_AT_ONCE
    done = 0
    while done < plan.n_points and (done == 0 or clock.may_begin()):
        start = time.monotonic()
        n = 1 if done == 0 else at_once  # the first point alone, so that the time of a round is known early
        try:
            fresh = _run_round(studies, plan, fitter, y, metric, record, n, clock.until)
        except OutOfTimeError:
            if done == 0:
                raise
            break
        seconds = time.monotonic() - start
        if fresh:
            clock.round_seconds = seconds if n == at_once else seconds * at_once
        done = len(studies[0].points)
        on_round(done)
    return done


def _run_round(
    studies: Sequence[Study],
    plan: Plan,
    fitter: Fitter,
    y: np.ndarray,
    metric: Metric,
    record: Record,
    n: int,
    deadline: float,
) -> bool:
    """Propose, fit and score n points in each study; whether anything had to be fitted."""
    found: dict[tuple[int, int], Point] = {}
    fits: list[Fit] = []
    owners: list[tuple[int, int]] = []
    settings: dict[tuple[int, int], Any] = {}
    for s, study in enumerate(studies):
        for number, setting in enumerate(plan.propose(study.points, n, seed=study.seed), len(study.points)):
            settings[s, number] = setting
            known = record.get(study.name, number, setting, len(study.inner))
            if known is not None:
                found[s, number] = Point(number, setting, known.scores, known.seconds, known.note)
                continue
            for k, part in enumerate(study.inner):
                fits.append(Fit(setting, part, seed=int((study.seed + k) % 2**32)))
                owners.append((s, number))
    waiting: dict[tuple[int, int], dict[int, Attempt]] = {}

    def keep(position: int, attempt: Attempt) -> None:
        owner = owners[position]
        own = waiting.setdefault(owner, {})
        own[position] = attempt
        study = studies[owner[0]]
        if len(own) == len(study.inner):
            attempts = [own[i] for i in sorted(own)]
            found[owner] = _score(owner[1], settings[owner], attempts, study, y, metric)
            record.put(study.name, found[owner])

    if fits:
        fitter.run(fits, deadline=deadline, on_done=keep)
    for s, study in enumerate(studies):
        study.points += [found[key] for key in sorted(settings) if key[0] == s]
    return bool(fits)


def _score(
    number: int, setting: Any, attempts: Sequence[Attempt], study: Study, y: np.ndarray, metric: Metric
) -> Point:
    scores, seconds, note = [], [], ""
    for attempt, (_, validation) in zip(attempts, study.inner, strict=True):
        if attempt.result is None:
            scores.append(math.nan)
            note = note or attempt.why
            continue
        scores.append(float(metric(y[validation], attempt.result.predicted)))
        seconds.append(attempt.result.fit_seconds)
    return Point(number, setting, tuple(scores), float(np.mean(seconds)) if seconds else 0.0, note)
