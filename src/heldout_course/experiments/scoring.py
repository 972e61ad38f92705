"""A part's record from its labels, predictions and scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.evaluate.confusion import confusion
from heldout.evaluate.scores import auc
from heldout_course.experiments.measures import THRESHOLDS
from heldout_course.experiments.results import Matrix, Part, pack_right


def scored(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    n_train: int,
    n_classes: int,
    score: np.ndarray | None = None,
    **more: Any,
) -> Part:
    """Counts by class, and which rows were right (a bit each, for paired tests).

    Parameters
    ----------
    y_true, y_pred : int arrays, shape (n_test,)
        Class numbers.
    score : float array, shape (n_test,), optional
        Of class 1 of two: larger is more likely.
    more : object
        Further fields of `Part`.
    """
    area = None if score is None or score.ndim != 1 else float(np.asarray(auc(y_true == 1, score)).reshape(-1)[0])
    return Part(
        n_train=n_train,
        n_test=len(y_true),
        confusion=confusion(y_true, y_pred, n_classes).tolist(),
        right=pack_right(y_pred == y_true),
        auc=None if area is None or np.isnan(area) else area,
        **more,
    )


def at_thresholds(y_true: np.ndarray, probability: np.ndarray) -> dict[str, Matrix]:
    """Counts of calling class 1 from each of `THRESHOLDS` on, by the threshold in percent."""
    return {
        str(percent): confusion(y_true, (probability >= percent / 100).astype(np.int64), 2).tolist()
        for percent in THRESHOLDS
    }
