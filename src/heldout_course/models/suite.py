"""The course's classical models over many shuffles and folds: a figure for every model, repeat and fold.

Models with a closed form go over all folds at once; the others are spread over processes of one thread each.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np

from heldout.errors import SettingError, ShapeError
from heldout.processes.cores import n_cores
from heldout.processes.pool import Pool, Task
from heldout.select.fitting import Rows
from heldout_course.models.many_folds import CLOSED_FORMS
from heldout_course.models.quick_trees import predict_forest, predict_tree

REPEATS_A_TASK = 5
CLOSED_FORM: dict[str, tuple[str, dict[str, int]]] = {
    "nearest-centroid": ("nearest-centroid", {}),
    "3-nn": ("k-nn", {"k": 3}),
    "7-nn": ("k-nn", {"k": 7}),
    "naive-bayes": ("naive-bayes", {}),
}
"""Entry of `CLOSED_FORMS` and its parameters."""
ONE_BY_ONE = ("tree", "forest-5", "forest-50", "linear-svm")
MODELS = (*CLOSED_FORM, *ONE_BY_ONE)


def repeated_scores(
    x: np.ndarray,
    y: np.ndarray,
    parts: np.ndarray,
    models: Sequence[str] = MODELS,
    *,
    standardize: bool = False,
    seed: int = 0,
    processes: int | None = None,
) -> dict[str, np.ndarray]:
    """Accuracy of each model in each fold of each repeat.

    Parameters
    ----------
    x : array, shape (n_rows, n_features)
    y : int array, shape (n_rows,)
        Class numbers from 0.
    parts : int array, shape (n_repeats, n_rows)
        The fold in which a row is predicted, -1 for none; see `heldout_course.models.many_folds.shuffled_folds`.
    models : sequence of str
        Of `MODELS`.
    standardize : bool
        Scale by mean and standard deviation of each fold's training rows; otherwise features are taken as they are.
    seed : int
        Of the trees. The same seed gives the same scores with any number of processes.
    processes : int, optional
        One per core by default.

    Returns
    -------
    dict of model to array, shape (n_repeats, n_folds)

    Raises
    ------
    SettingError, ShapeError
        If a model is unknown, or the arrays do not fit each other.
    """
    for name in models:
        if name not in MODELS:
            near = get_close_matches(name, MODELS, 1, 0.4)
            fix = f"did you mean {near[0]!r}?" if near else "one of " + ", ".join(MODELS)
            raise SettingError(f"Unknown model {name!r} of the suite", where="models", fix=fix)
    x, y, parts = np.asarray(x, dtype=np.float64), np.asarray(y), np.asarray(parts)
    if x.ndim != 2 or y.shape != x.shape[:1] or parts.ndim != 2 or parts.shape[1:] != y.shape:
        raise ShapeError(f"x {x.shape}, y {y.shape} and parts {parts.shape} do not fit", fix="see the docstring")
    found = {}
    for name in models:
        if name in CLOSED_FORM:
            form, parameters = CLOSED_FORM[name]
            predicted = CLOSED_FORMS[form].predict(x, y, parts, standardize=standardize, **parameters)
            found[name] = _accuracy(predicted, y, parts)
    rest = [name for name in models if name in ONE_BY_ONE]
    if rest:
        found |= _one_by_one(x, y, parts, rest, standardize, seed, processes)
    return {name: found[name] for name in models}


def _one_by_one(
    x: np.ndarray,
    y: np.ndarray,
    parts: np.ndarray,
    names: Sequence[str],
    standardize: bool,
    seed: int,
    processes: int | None,
) -> dict[str, np.ndarray]:
    first = range(0, len(parts), REPEATS_A_TASK)
    tasks = [(score_repeats, (parts[i : i + REPEATS_A_TASK], i, tuple(names), standardize, seed)) for i in first]
    n = min(processes or n_cores(), len(tasks))
    data = Rows("images", x, y)
    if n == 1:
        results = [function(data, *arguments) for function, arguments in tasks]
    else:
        with Pool(n, shared=(data,), preload=("heldout.processes.preload",)) as pool:
            results = pool.run([Task(function, arguments) for function, arguments in tasks])
    return {name: np.concatenate([result[name] for result in results]) for name in names}


def score_repeats(
    data: Rows, parts: np.ndarray, first: int, names: Sequence[str], standardize: bool, seed: int
) -> dict[str, np.ndarray]:
    """Fit models fold by fold in some repeats, of which `first` is the number of the first."""
    n_folds = int(parts.max()) + 1
    scores = {name: np.zeros((len(parts), n_folds)) for name in names}
    for row, part in enumerate(parts):
        for fold in range(n_folds):
            train, test = np.flatnonzero((part >= 0) & (part != fold)), np.flatnonzero(part == fold)
            x = data.x
            if standardize:
                spread = x[train].std(0)
                x = (x - x[train].mean(0)) / np.where(spread > 0, spread, 1.0)
            for name in names:
                random = np.random.RandomState([seed, first + row, fold, ONE_BY_ONE.index(name)])
                predicted = _fit_and_predict(name, x, data.y, train, test, random)
                scores[name][row, fold] = np.mean(predicted == data.y[test])
    return scores


def _fit_and_predict(
    name: str, x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, random: np.random.RandomState
) -> np.ndarray:
    if name == "tree":
        return predict_tree(x, y, train, test, random=random)
    if name == "linear-svm":
        from sklearn.svm import SVC

        return np.asarray(SVC(kernel="linear", C=1.0).fit(x[train], y[train]).predict(x[test]))
    return predict_forest(x, y, train, test, n_trees=int(name.removeprefix("forest-")), random=random)


def _accuracy(predicted: np.ndarray, y: np.ndarray, parts: np.ndarray) -> np.ndarray:
    right = predicted == y
    return np.stack(
        [(right & (parts == fold)).sum(1) / (parts == fold).sum(1) for fold in range(int(parts.max()) + 1)], axis=1
    )
