"""Simple models of a sample, always judged on rows whose group they have not seen."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from heldout.processes.cores import n_cores


def out_of_fold(
    x: np.ndarray, y: np.ndarray, folds: np.ndarray, n_classes: int, *, build: Any, others: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Probabilities of each row by a model of the other folds, and the mean over folds for other rows.

    Parameters
    ----------
    x : float array, shape (n_rows, n_features)
    y : int array, shape (n_rows,)
    folds : int array, shape (n_rows,)
    n_classes : int
    build : callable
        Gives a new scikit-learn classifier.
    others : float array, optional
        Rows that no fold holds.

    Returns
    -------
    float arrays, shape (n_rows, n_classes) and (len(others), n_classes) or None
    """
    inside = np.zeros((len(y), n_classes), np.float32)
    outside = None if others is None else np.zeros((len(others), n_classes), np.float32)
    numbers = np.unique(folds)

    def of_others(fold: int) -> tuple[np.ndarray, np.ndarray] | None:
        train, test = folds != fold, folds == fold
        if len(np.unique(y[train])) < 2:
            inside[np.ix_(test, np.unique(y[train]))] = 1.0
            return None
        model = build().fit(x[train], y[train])
        inside[np.ix_(test, model.classes_)] = model.predict_proba(x[test])
        return None if others is None or not len(others) else (model.classes_, model.predict_proba(others))

    # Folds side by side; their sum is taken in order, so that it has the same bits however many cores there are.
    with (
        warnings.catch_warnings(),
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(n_cores()) as pool,
    ):
        warnings.simplefilter("ignore")  # a model that has not quite converged is good enough to look with
        for found in pool.map(of_others, numbers.tolist()):
            if found is not None and outside is not None:
                outside[:, found[0]] += found[1] / len(numbers)
    return inside, outside


def logistic() -> Any:
    """Logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=200, C=0.3, tol=1e-3)


def forest(seed: int) -> Any:
    """A forest of random trees."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(100, min_samples_leaf=2, max_features="sqrt", random_state=seed, n_jobs=1)


def neighbours(k: int) -> Any:
    """The k nearest neighbours, weighted alike."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(k, algorithm="brute")
