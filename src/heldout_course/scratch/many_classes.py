"""Metrics of many classes, from the table of counts. Rows are the actual class, columns the assigned one."""

from __future__ import annotations

import numpy as np


def confusion_matrix(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count the rows of each actual class (matrix row) by the class they were given (matrix column).

    Labels are class numbers from 0.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 2]), np.array([0, 1, 2]), 3).tolist()
    [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    """
    counts = np.zeros((n_classes, n_classes), dtype=int)
    for actual, assigned in zip(y, predicted, strict=True):
        if not (0 <= actual < n_classes and 0 <= assigned < n_classes):
            raise ValueError(f"class numbers go from 0 to {n_classes - 1}, found {actual} called {assigned}")
        counts[actual, assigned] += 1
    return counts


def accuracy_matrix(counts: np.ndarray) -> np.ndarray:
    """Percent of each actual class that were given each class: every row divided by its own sum.

    Rows add up to 100; a class without rows gives NaN. The diagonal holds the accuracies of the classes.
    """
    totals = counts.sum(axis=1, keepdims=True).astype(float)
    return 100 * counts / np.where(totals == 0, np.nan, totals)


def accuracy(counts: np.ndarray) -> float:
    """Share of the rows that were given their own class."""
    return float(np.trace(counts) / counts.sum())


def weighted_accuracy(accuracies: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean of the classes' accuracies, weighted by how frequent the classes are where the model will be used.

    Without weights all count the same (balanced accuracy). With the frequencies of the test rows it is the overall
    accuracy again.
    """
    shares = np.ones(len(accuracies)) if weights is None else np.asarray(weights, dtype=float)
    return float((shares / shares.sum()) @ accuracies)


def kappa(counts: np.ndarray) -> float:
    """(po - pe) / (1 - pe): agreement po beyond pe, that of chance with the same totals (Cohen 1960)."""
    n = counts.sum()
    pe = (counts.sum(axis=1) @ counts.sum(axis=0)) / n**2
    return float((accuracy(counts) - pe) / (1 - pe)) if pe != 1 else float("nan")


def mcc(counts: np.ndarray) -> float:
    """(c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2)(s^2 - sum t_k^2)), 0 where the denominator is (Gorodkin 2004).

    c rows are right of s; t_k is how many belong to class k, p_k how many were given it.
    """
    c, s = float(np.trace(counts)), float(counts.sum())
    t, p = counts.sum(axis=1).astype(float), counts.sum(axis=0).astype(float)
    product = (s**2 - p @ p) * (s**2 - t @ t)
    return float((c * s - p @ t) / np.sqrt(product)) if product else 0.0


def most_confused(counts: np.ndarray, n: int = 3) -> list[tuple[int, int, int]]:
    """Largest errors as (actual, assigned, count), largest first."""
    errors = counts * (1 - np.eye(len(counts), dtype=int))
    order = np.argsort(-errors, axis=None, kind="stable")[:n]
    places = (divmod(int(place), len(counts)) for place in order)
    return [(i, j, int(errors[i, j])) for i, j in places if errors[i, j]]
