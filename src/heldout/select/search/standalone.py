"""Search hyperparameters of any scikit-learn estimator, with whole groups, and judge the search by nested folds."""

from __future__ import annotations

import hashlib
import json
import os
import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.rows import is_frame
from heldout.errors import SettingError, ShapeError, TrainingError
from heldout.evaluate.confusion import mcc
from heldout.evaluate.standard_errors import mean_and_se
from heldout.models.spaces import as_space
from heldout.processes.cores import n_cores
from heldout.processes.pool import OutOfTimeError
from heldout.select.fitting import Rows
from heldout.select.search.fits import Attempt, Fit, Fitter
from heldout.select.search.points import Plan, Point, check_parameters, plan_points, with_setting
from heldout.select.search.record import Record
from heldout.select.search.rounds import ALL_ROWS, Clock, Metric, Study, make_study, outer_studies, run_rounds
from heldout.select.search.settings import SearchSettings
from heldout.select.views import Views
from heldout.settings import from_values
from heldout.split.partition import Fold
from heldout.split.partition import folds as make_folds


def accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the rows that were predicted right."""
    return float(np.mean(y == predicted))


METRICS: dict[str, Metric] = {"mcc": mcc, "accuracy": accuracy}


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    setting : dict
        The chosen hyperparameters.
    points : list of Point
        Every setting that was tried on all rows, with the scores of its inner folds. The best of these scores is
        what the search maximised, so it is too good to be reported.
    nested_scores : list of float
        Score of the whole procedure (search, choice, fit) on each outer fold, whose rows it did not see; empty
        without `nested`.
    nested_settings : list of dict
        What the search chose inside each outer fold.
    mean, se : float or None
        Of the nested scores; None without `nested`.
    estimator : scikit-learn estimator
        Unfitted, with the chosen hyperparameters.
    studies : list of Study
        The searches themselves.
    """

    setting: dict[str, Any]
    points: list[Point]
    nested_scores: list[float]
    nested_settings: list[dict[str, Any]]
    mean: float | None
    se: float | None
    estimator: Any
    studies: list[Study]


def search(
    estimator: Any,
    space: Mapping[str, Any],
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    metric: str | Metric = "mcc",
    storage: str | os.PathLike[str] | None = None,
    on_round: Callable[[int], None] = lambda done: None,
    **settings: Any,
) -> SearchResult:
    """Try settings of an estimator on folds of the rows, and choose the simplest that is as good as the best.

    Parameters
    ----------
    estimator : scikit-learn classifier, Pipeline, or NetClassifier
        Of a pipeline, hyperparameters of the last step are meant; all steps are fitted inside the folds. Nets are
        trained as stacks.
    space : mapping of name to list, Range or Options
        See `heldout.models.spaces`.
    x : array or DataFrame, shape (n_rows, ...)
    y : array of labels, shape (n_rows,)
    groups : array, shape (n_rows,), optional
        Rows of one group are never on both sides of a fold, inner or outer.
    metric : {'mcc', 'accuracy'} or callable
        A callable gets class numbers, true and predicted; higher is better.
    storage : path, optional
        SQLite file that keeps finished points; the same search goes on from there.
    on_round : callable
        Gets the number of finished points.
    **settings
        Fields of `heldout.select.search.settings.SearchSettings`: ``how`` (grid, random, spread, optuna),
        ``n_points``, ``per_dimension``, ``folds``, ``repeats``, ``nested`` (outer folds that judge the search; without
        them there is no score that may be reported), ``rule`` (one-se, best), ``seed``, ``jobs``, ``time``.

    Returns
    -------
    SearchResult

    Raises
    ------
    SettingError
        If a hyperparameter is unknown, a range is empty, or the call is impossible otherwise.
    LabelError
        If a class has too few rows or groups for the folds.
    TrainingError
        If no setting has a finite score, or the time was too short for one.

    References
    ----------
    Varma & Simon 2006, doi:10.1186/1471-2105-7-91

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> x, y = load_iris(return_X_y=True)
    >>> found = search(KNeighborsClassifier(), {"n_neighbors": [1, 5, 25]}, x, y, rule="best", jobs=1)
    >>> found.setting["n_neighbors"] in (1, 5, 25)
    True
    """
    started = clock.monotonic()
    asked = from_values(SearchSettings, settings, where="the search")
    rows, own_groups = _checked(x, y, groups)
    score = _metric(metric)
    known = as_space(space)
    check_parameters(estimator, known)
    plan = plan_points(known, asked.how, asked.n_points, seed=asked.seed, per_dimension=asked.per_dimension)
    outer = _outer(rows.y, own_groups, asked.nested, asked.seed)
    folds = {"n_inner": asked.folds, "repeats": asked.repeats, "seed": asked.seed}
    studies = [make_study(ALL_ROWS, rows.y, own_groups, np.arange(len(rows.y)), **folds)]
    studies += outer_studies(rows.y, own_groups, outer, **folds)
    until = started + asked.time if asked.time is not None else float("inf")
    record = Record(
        Path(storage) if storage is not None else None,
        _name_of(estimator, rows, studies, plan, asked.how, metric, asked.seed),
    )
    try:
        with Views(rows, asked.jobs or n_cores(), asked.jobs) as views:
            fitter = Fitter(estimator, views)
            timing = Clock(until, reserve=1.0 if outer else 0.0)
            run_rounds(studies, plan, fitter, rows.y, score, record, clock=timing, on_round=on_round)
            chosen = [dict(study.choose(known, asked.rule).point.setting) for study in studies]
            attempts = fit_outer(fitter, outer, chosen[1:], seed=asked.seed)
    except OutOfTimeError:
        raise TrainingError(
            f"{asked.time:g} seconds did not suffice for one setting on {sum(len(s.inner) for s in studies)} folds",
            where="the search",
            fix="allow more time, fewer folds or nested folds, or fewer rows",
        ) from None
    finally:
        record.close()
    scores = [
        float(score(rows.y[validation], attempt.result.predicted))
        for attempt, (*_, validation) in zip(attempts, outer, strict=True)
        if attempt.result is not None
    ]
    mean, se = _mean(scores, outer)
    return SearchResult(
        chosen[0], studies[0].points, scores, chosen[1:], mean, se, with_setting(estimator, chosen[0]), studies
    )


def fit_outer(
    fitter: Fitter, outer: Sequence[Fold], settings: Sequence[Mapping[str, Any]], *, seed: int, deadline: float = np.inf
) -> list[Attempt]:
    """Fit each outer fold with the setting that was chosen inside it.

    Raises
    ------
    TrainingError
        If one of these fits fails, since the folds that are left would be no fair sample.
    """
    fits = [
        Fit(setting, (train, validation), seed=int(np.random.SeedSequence([seed, repeat, fold]).generate_state(1)[0]))
        for (repeat, fold, train, validation), setting in zip(outer, settings, strict=True)
    ]
    attempts = fitter.run(fits, deadline=deadline) if fits else []
    for attempt, fit, (repeat, fold, *_) in zip(attempts, fits, outer, strict=True):
        if attempt.result is None:
            raise TrainingError(
                f"the setting {dict(fit.setting)} that the inner folds chose failed: {attempt.why}",
                where=f"outer fold {fold} of repeat {repeat}",
                fix="narrow the range of the hyperparameter",
            )
    return attempts


def _checked(x: Any, y: Any, groups: Any) -> tuple[Rows, np.ndarray]:
    labels = np.asarray(y)
    if labels.ndim != 1 or len(labels) != len(x):
        raise ShapeError(f"labels of shape {labels.shape} for {len(x)} rows", fix="give one label for each row")
    numbers = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    own = np.arange(len(labels)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if own.shape != labels.shape:
        raise ShapeError(f"{own.shape} groups for {len(labels)} rows", fix="give one group for each row")
    table = hasattr(x, "iloc")
    return Rows("table" if table else "images", x if table else np.asarray(x), numbers), own


def _metric(metric: str | Metric) -> Metric:
    if callable(metric):
        return metric
    if metric not in METRICS:
        from difflib import get_close_matches

        near = get_close_matches(metric, METRICS, 1, 0.4)
        fix = f"did you mean {near[0]!r}?" if near else "one of " + ", ".join(METRICS) + ", or a function"
        raise SettingError(f"there is no metric {metric!r}", where="metric", fix=fix)
    return METRICS[metric]


def _outer(y: np.ndarray, groups: np.ndarray, nested: int | None, seed: int) -> list[Fold]:
    if nested is None:
        return []
    own = int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
    return make_folds(y, groups, n_folds=nested, seed=own)


def _mean(scores: Sequence[float], outer: Sequence[Fold]) -> tuple[float | None, float | None]:
    if not scores:
        return None, None
    n_train = float(np.mean([len(train) for _, _, train, _ in outer]))
    n_validation = float(np.mean([len(validation) for *_, validation in outer]))
    return mean_and_se(scores, n_train, n_validation)


def _name_of(estimator: Any, rows: Rows, studies: Sequence[Study], plan: Plan, how: str, metric: Any, seed: int) -> str:
    """What the scores in a record are true for: data, folds, model and metric."""
    parts = hashlib.sha256()
    x = rows.x.to_csv(index=False).encode() if is_frame(rows.x) else np.ascontiguousarray(rows.x).tobytes()
    parts.update(x)
    parts.update(rows.y.tobytes())
    for study in studies:
        for train, validation in study.inner:
            parts.update(train.tobytes() + validation.tobytes())
    plain = {key: repr(value) for key, value in sorted(estimator.get_params().items())}
    named = metric if isinstance(metric, str) else getattr(metric, "__qualname__", repr(metric))
    parts.update(json.dumps([how, seed, plain, repr(plan.space), named]).encode())
    return parts.hexdigest()
