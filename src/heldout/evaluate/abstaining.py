"""What a model is worth if it may say "I don't know": accuracy against the share of rows that it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.errors import ShapeError
from heldout.evaluate.checks import as_labels, check_probabilities
from heldout.evaluate.intervals import accuracy_interval


@dataclass(frozen=True)
class Abstention:
    """Accuracy of the answers that are kept, from all rows to the surest ones.

    Attributes
    ----------
    threshold : float array, shape (n_points,)
        Least confidence (probability of the answer) that is answered, rising.
    coverage : float array
        Share of rows answered.
    accuracy, low, high : float arrays
        Of the answered rows, with Wilson's interval.
    """

    threshold: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def area(self) -> float:
        """Mean error over coverages (area under the risk-coverage curve): 0 is best."""
        error = 1 - self.accuracy[::-1]
        steps = np.diff(np.append(0.0, self.coverage[::-1]))
        return float((error * steps).sum())

    def at_accuracy(self, least: float) -> tuple[float, float] | None:
        """Threshold and coverage that answer as many rows as possible with an accuracy of ``least``; or None."""
        good = np.flatnonzero(self.accuracy >= least)
        return None if not good.size else (float(self.threshold[good[0]]), float(self.coverage[good[0]]))


def abstention(y: object, probabilities: object, *, predictions: object = None, level: float = 0.95) -> Abstention:
    """Accuracy against coverage, for every confidence at which it changes.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
        Of rows that the model did not see.
    predictions : array of int, shape (n_rows,), optional
        Decided classes where they are not the most probable ones.

    References
    ----------
    El-Yaniv & Wiener 2010, JMLR 11 (the risk-coverage trade-off)

    Examples
    --------
    >>> found = abstention([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> found.coverage.round(2).tolist(), found.accuracy.round(2).tolist()
    ([1.0, 0.67, 0.33], [0.67, 1.0, 1.0])
    """
    proba = check_probabilities(probabilities)
    y_true = as_labels(y, proba.shape[1])
    y_pred = proba.argmax(axis=1) if predictions is None else as_labels(predictions, proba.shape[1], name="predictions")
    if not y_true.size == y_pred.size == len(proba):
        raise ShapeError(
            f"y has {y_true.size} rows, predictions {y_pred.size}, probabilities {len(proba)}", fix="pass the same rows"
        )
    confidence = proba[np.arange(len(proba)), y_pred]
    order = np.argsort(-confidence, kind="stable")
    last = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))[::-1]
    right = np.cumsum((y_pred == y_true)[order])[last]
    answered = last + 1
    ends = np.array([accuracy_interval(int(r), int(n), level) for r, n in zip(right, answered, strict=True)])
    return Abstention(confidence[order][last], answered / len(proba), right / answered, ends[:, 0], ends[:, 1])
