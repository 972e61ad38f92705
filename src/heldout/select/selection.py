"""Model selection in progress: the candidates, the rows and folds that judge them, and what is known so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.data.dataset import Dataset
from heldout.models.candidate import Candidate, task_of
from heldout.processes.cores import n_cores
from heldout.run.settings import TrainSettings
from heldout.select.budget import Budget
from heldout.select.candidates import candidates_for
from heldout.select.folds import cross_validation
from heldout.select.results import CandidateResult
from heldout.split.partition import Fold, split_off_test

LEAST_COST = 0.2
"""Seconds that any candidate may be expected to take: sending tasks and answers."""


@dataclass
class Selection:
    """Model selection in progress: candidates, their results so far, and the rows that are cross-validated."""

    data: Dataset
    settings: TrainSettings
    rows: np.ndarray
    folds: list[Fold]
    candidates: list[Candidate]
    results: list[CandidateResult]
    budget: Budget

    @property
    def y(self) -> np.ndarray:
        """Labels of the cross-validated rows."""
        return self.data.y[self.rows]

    @property
    def n_folds(self) -> int:
        """Folds of one repeat."""
        return sum(repeat == 0 for repeat, *_ in self.folds)


def plan_selection(
    data: Dataset, settings: TrainSettings, *, started: float, begun: tuple[np.ndarray, list[Fold]] | None = None
) -> Selection:
    """Choose rows, folds and candidates, and estimate what they cost.

    Parameters
    ----------
    data : Dataset
        The training part.
    settings : TrainSettings
    started : float
        `time.monotonic` of the command.
    begun : (rows, folds), optional
        Those that a run began with (`load_folds`); by default they are drawn.
    """
    groups = data.groups
    assert groups is not None, "the job joins declared and detected groups before the split"
    rows, parts = begun or _draw_folds(data, groups, settings)
    candidates = candidates_for(data.kind, settings.models)
    n_fit = int(np.mean([len(train) for _, _, train, _ in parts]))
    task = task_of(data, n_rows=n_fit, seed=settings.seed, prepare=settings.prepare)
    workers = min(settings.jobs or n_cores(), len(parts))
    costs = [
        LEAST_COST + candidate.cost(n_fit, task.n_features, data.n_classes) * len(parts) / workers
        for candidate in candidates
    ]
    refit = max(candidate.cost(len(data), task.n_features, data.n_classes) for candidate in candidates[-1:])
    n_groups = len(np.unique(groups[rows]))
    results = [CandidateResult(candidate.name, candidate.title, n_groups=n_groups) for candidate in candidates]
    return Selection(data, settings, rows, parts, candidates, results, Budget([*costs, refit], settings.time, started))


def _draw_folds(data: Dataset, groups: np.ndarray, settings: TrainSettings) -> tuple[np.ndarray, list[Fold]]:
    """The rows that are cross-validated, and their folds."""
    rows = np.arange(len(data))
    if len(data) > settings.rows:
        share = settings.rows / len(data)
        least = settings.folds if isinstance(settings.folds, int) else 1  # a rare class keeps a row for each fold
        rows = split_off_test(data.y, groups, share=share, seed=settings.seed, names=data.classes, least=least)[1]
    return rows, cross_validation(data, rows, settings)


def seed_of(*key: int) -> int:
    """Derive a seed from numbers that name a job: independent streams, the same on every machine."""
    return int(np.random.SeedSequence(key).generate_state(1)[0])
