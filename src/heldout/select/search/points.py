"""Which settings a search tries, and in which order.

Every way of proposing is a function of the space, a seed and the points that are finished, so that a search that was
broken off goes on as if it had not been.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from heldout.errors import SettingError, require
from heldout.models.spaces import Dimension, Options, Range, Space, start_of

MOST_POINTS = 10_000
OPTUNA_RANDOM_POINTS = 8
"""Points drawn at random before Optuna's model of the scores begins to choose."""


@dataclass(frozen=True)
class Point:
    """A setting and what the inner folds said about it.

    `scores` has one value a fold, higher is better; NaN where a fit failed, and `note` says why. `seconds` is the mean
    of its fits.
    """

    number: int
    setting: Mapping[str, Any]
    scores: tuple[float, ...]
    seconds: float = 0.0
    note: str = ""

    @property
    def mean(self) -> float:
        """Mean over the folds; NaN if one failed."""
        return float(np.mean(self.scores))


@dataclass(frozen=True)
class Plan:
    """How points are proposed.

    `fixed` are settings known from the start (a grid, random points); without them Optuna proposes, after `first`.
    """

    space: Space
    n_points: int
    fixed: tuple[dict[str, Any], ...] = ()
    first: tuple[dict[str, Any], ...] = ()

    def propose(self, finished: Sequence[Point], n: int, *, seed: int) -> list[dict[str, Any]]:
        """The next n settings (fewer at the end), from the points that are finished."""
        begin = len(finished)
        n = min(n, self.n_points - begin)
        if self.fixed:
            return list(self.fixed[begin : begin + n])
        given = list(self.first[begin : begin + n])
        if len(given) == n:
            return given
        return given + _ask_optuna(self.space, finished, n - len(given), seed=seed)


def plan_points(
    space: Space, how: str, n_points: int | None, *, seed: int, with_start: bool = False, per_dimension: int = 5
) -> Plan:
    """Plan the points of a search.

    Parameters
    ----------
    space : Space
    how : {'grid', 'random', 'spread', 'optuna'}
        Every combination; independent draws; a Halton sequence, which covers the space evenly with few points; or
        Optuna's tree-structured Parzen estimator.
    n_points : int, optional
        How many (default 20); a grid has as many as it has combinations.
    seed : int
    with_start : bool
        Try the space's starting point first.
    per_dimension : int
        Values that a grid takes from a `Range`.

    Raises
    ------
    SettingError, MissingExtraError
        If the way is unknown, the number impossible, or Optuna is not installed.
    """
    ways = ("grid", "random", "spread", "optuna")
    if how not in ways:
        near = get_close_matches(str(how), ways, 1, 0.4)
        hint = f"did you mean {near[0]!r}?" if near else "choose from " + ", ".join(ways)
        raise SettingError(f"there is no search {how!r}", where="how", fix=hint)
    if n_points is not None and not 1 <= n_points <= MOST_POINTS:
        raise SettingError(f"{n_points} points cannot be tried", where="n_points", fix=f"1 to {MOST_POINTS:,}")
    start = (start_of(space),) if with_start else ()
    if how == "grid":
        return _grid(space, per_dimension)
    count = n_points or 20
    if how == "optuna":
        require("optuna", extra="search", needed_by="this search")
        return Plan(space, count, first=start)
    draws = _draw(space, how, count - len(start), seed)
    return Plan(space, count, fixed=(*start, *draws))


def _grid(space: Space, per_dimension: int) -> Plan:
    values = [dimension.values(per_dimension) for dimension in space.values()]
    size = math.prod(len(found) for found in values)
    if size > MOST_POINTS:
        raise SettingError(
            f"the grid has {size:,} points, above {MOST_POINTS:,}", where="space", fix="fewer values, or how='random'"
        )
    fixed = tuple(dict(zip(space, row, strict=True)) for row in itertools.product(*values))
    return Plan(space, size, fixed=fixed)


def _draw(space: Space, how: str, n: int, seed: int) -> list[dict[str, Any]]:
    if n <= 0:
        return []
    if how == "random":
        shares = np.random.default_rng(seed).random((n, len(space)))
    else:
        from scipy.stats.qmc import Halton

        shares = Halton(len(space), scramble=True, seed=np.random.default_rng(seed)).random(n)
    return [{name: space[name].at(float(u)) for name, u in zip(space, row, strict=True)} for row in shares]


def _ask_optuna(space: Space, finished: Sequence[Point], n: int, *, seed: int) -> list[dict[str, Any]]:
    """Let Optuna propose n settings at once, given the finished points."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(
        seed=int(np.random.SeedSequence([seed, len(finished)]).generate_state(1)[0]),
        n_startup_trials=OPTUNA_RANDOM_POINTS,
        constant_liar=n > 1,
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    ranges = {name: _distribution(dimension) for name, dimension in space.items()}
    for point in finished:
        shown = {name: _shown(space[name], value) for name, value in point.setting.items()}
        good = math.isfinite(point.mean)
        state = optuna.trial.TrialState.COMPLETE if good else optuna.trial.TrialState.FAIL
        study.add_trial(
            optuna.trial.create_trial(
                params=shown, distributions=ranges, value=point.mean if good else None, state=state
            )
        )
    return [{name: _taken(space[name], value) for name, value in study.ask(ranges).params.items()} for _ in range(n)]


def _distribution(dimension: Dimension) -> Any:
    from optuna import distributions

    if isinstance(dimension, Options):
        return distributions.CategoricalDistribution(list(range(len(dimension.values_))))
    if dimension.whole:
        low, high = math.ceil(dimension.low), math.floor(dimension.high)
        return distributions.IntDistribution(low, high, log=dimension.log)
    return distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _shown(dimension: Dimension, value: Any) -> Any:
    """A value as Optuna knows it: options by their place, since not every value can be one of its choices."""
    return list(dimension.values_).index(value) if isinstance(dimension, Options) else value


def _taken(dimension: Dimension, value: Any) -> Any:
    if isinstance(dimension, Range):
        return int(value) if dimension.whole else float(value)
    return dimension.values_[int(value)]


def check_parameters(estimator: Any, space: Space) -> None:
    """Make sure that the model has these hyperparameters.

    Raises
    ------
    SettingError
        Naming the first unknown one, with the nearest that exists.
    """
    known = sorted(target_of(estimator).get_params())
    for name in space:
        if name not in known:
            near = get_close_matches(name, known, 3, 0.5)
            model = type(target_of(estimator)).__name__
            raise SettingError(
                f"{model} has no hyperparameter {name!r}",
                where="space",
                fix=f"did you mean {' or '.join(map(repr, near))}?" if near else "one of " + ", ".join(known),
            )


def target_of(estimator: Any) -> Any:
    """The model whose hyperparameters are meant: the last step of a pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def with_setting(estimator: Any, setting: Mapping[str, Any]) -> Any:
    """An unfitted copy with these hyperparameters of its model."""
    from sklearn.base import clone

    copy = clone(estimator)
    target_of(copy).set_params(**setting)
    return copy
