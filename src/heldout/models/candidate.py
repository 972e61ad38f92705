"""What a model of the table is: how it is built, prepared for, searched and counted, and what a builder may know."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from heldout.data.dataset import Dataset
from heldout.data.rows import is_frame
from heldout.kinds.registry import kind_named
from heldout.models.spaces import Space


@dataclass(frozen=True)
class Task:
    """What a builder may know before it sees a training row: shapes and counts, no values.

    `frame` is a table's training part; builders read its column names and types only. `rate` is that of sounds, in
    samples a second. `prepare` is the line of steps that the user asked for, if any.
    """

    kind: str
    shape: tuple[int, ...]
    n_rows: int
    n_classes: int
    seed: int
    frame: Any = None
    rate: int = 0
    prepare: str = ""

    @property
    def n_features(self) -> int:
        """Numbers per row that classical models get."""
        return kind_named(self.kind).n_features(self.shape)

    @property
    def has_columns(self) -> bool:
        """Whether a row's numbers are columns, each of its own meaning and scale."""
        return kind_named(self.kind).has_columns


def task_of(data: Dataset, *, n_rows: int, seed: int, prepare: str | None = None) -> Task:
    """Describe ``data`` to the builders; ``n_rows`` is what one fit will see, ``prepare`` a line of steps, if any."""
    frame = data.x if is_frame(data.x) else None
    rate = data.input.get("rate", 0)
    return Task(data.kind, tuple(data.x.shape[1:]), n_rows, data.n_classes, seed, frame, rate, prepare or "")


@dataclass(frozen=True)
class Estimator:
    """A class by its place in our own code or a library's, imported when it is first called.

    `given` are parameters that it gets in every use, unless the call says otherwise.
    """

    module: str
    name: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, **parameters: Any) -> Any:
        """An unfitted estimator."""
        return getattr(import_module(self.module), self.name)(**{**self.given, **parameters})

    def made(self, model: Any) -> bool:
        """Whether a model is of exactly this class; imports nothing."""
        module = sys.modules.get(self.module)
        return module is not None and type(model) is getattr(module, self.name)


Steps = Callable[[Task], list[tuple[str, Any]]]
Settings = Callable[[Task], Mapping[str, Any]]
Cost = Callable[[int, int, int], float]


@dataclass(frozen=True)
class Candidate:
    """A model of the table: a line of the leaderboard, something to search, and what recipes name.

    Attributes
    ----------
    name, title : str
        What people type, and what they read.
    estimator : Estimator
    cost : callable
        Expected seconds of one fit on one core, for (rows, features, classes); it only steers the estimate of the time
        left.
    steps : callable
        Preparation in front of the model for a `Task`: pipeline steps, none for a model that reads the rows as they
        are.
    settings : callable
        Parameters of the estimator for a `Task`; by default its own.
    seed : str
        Parameter that takes the seed; empty if nothing in the fit is random.
    space : callable, optional
        Hyperparameters to search for a `Task`; None if there are none.
    count : callable, optional
        The numbers that a fitted estimator keeps: weights, thresholds, stored rows.
    parameters : mapping of str to str
        What a recipe may set, by the recipe's word; the estimator's own name.
    growth : float
        The power of the number of rows with which the time of a fit grows.
    kinds : tuple of str
        Kinds of data that it is for; empty: all.
    is_net : bool
        Whether it is a net, whose folds are trained as one stack.
    """

    name: str
    title: str
    estimator: Estimator
    cost: Cost
    steps: Steps
    settings: Settings = lambda task: {}
    seed: str = ""
    space: Callable[[Task], Space] | None = None
    count: Callable[[Any], int] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    growth: float = 1.0
    kinds: tuple[str, ...] = ()
    is_net: bool = False

    def is_for(self, kind: str) -> bool:
        """Whether it is for data of this kind."""
        return not self.kinds or kind in self.kinds

    def build(self, task: Task) -> Any:
        """Preparation and model as one unfitted estimator, so that nothing is fitted outside the training rows."""
        seeded = {self.seed: task.seed} if self.seed else {}
        model = self.estimator(**{**self.settings(task), **seeded})
        steps = self.steps(task)
        if not steps:
            return model
        from sklearn.pipeline import Pipeline

        return Pipeline([*steps, ("model", model)])
