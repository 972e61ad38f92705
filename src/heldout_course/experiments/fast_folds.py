"""Folds of models with a closed form, all repeats at once: the same answers as fold by fold, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heldout_course.experiments.data import FIXED_SCALES
from heldout_course.experiments.features import standardized, values_of
from heldout_course.experiments.jobs import Job
from heldout_course.experiments.rows import Rows
from heldout_course.models.many_folds import CLOSED_FORMS

SCALES = (*FIXED_SCALES, "standardize", "standardize-all")


def goes_together(job: Job) -> bool:
    """Whether jobs of this description can be computed at once, as far as the description says."""
    form = CLOSED_FORMS.get(str(job.model.get("kind")))
    if form is None or not set(job.model) - {"kind"} <= set(form.defaults):
        return False
    return job.data.folds is not None and job.data.pca is None and job.data.scale in SCALES


def predict_together(job: Job, rows: Sequence[Rows]) -> np.ndarray | None:
    """Predicted class of each row in its own fold, (n_jobs, n_rows), -1 for rows that are not used.

    None if the rows are no plain numbers, or a class is missing in a fold: then fold by fold is the way.

    Parameters
    ----------
    job : Job
        One of jobs that differ by their seed only.
    rows : sequence of Rows
        Of each job.
    """
    first, data = rows[0], job.data
    x = values_of(first, data, first.used, np.float64)
    if not isinstance(x, np.ndarray):
        return None
    if data.scale == "standardize-all":
        x, _ = standardized(x, x, data.scale, x)
    folds = np.full((len(rows), len(first.data)), -1, np.int16)
    for number, one in enumerate(rows):
        for fold, (_, test) in enumerate(one.pairs):
            folds[number, test] = fold
    folds = folds[:, first.used]
    y = first.y[first.used]
    form = CLOSED_FORMS[job.model["kind"]]
    settings = {name: type(default)(job.model.get(name, default)) for name, default in form.defaults.items()}
    if min(_least(y, part) for part in folds) < max(1, int(settings.get("k", 1))):
        return None
    found = np.full((len(rows), len(first.data)), -1, np.int64)
    found[:, first.used] = form.predict(x, y, folds, standardize=data.scale == "standardize", **settings)
    return found


def _least(y: np.ndarray, part: np.ndarray) -> int:
    """Fewest training rows of a class in any fold."""
    counts = [
        np.bincount(y[(part >= 0) & (part != fold)], minlength=y.max() + 1).min() for fold in range(part.max() + 1)
    ]
    return int(min(counts))
