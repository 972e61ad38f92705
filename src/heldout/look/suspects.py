"""Labels that are probably wrong: two models that never saw the row are sure of another class.

After confident learning (Northcutt, Jiang, Chuang 2021, doi:10.1613/jair.1.12125): a class's threshold is the mean
probability that it gets in rows that carry its label. A row is suspected where logistic regression and a forest both
prefer the same other class, whose mean probability nearly reaches its threshold and leads the label's by far; rows are
ranked by that lead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluate.standard_errors import above_chance
from heldout.look.describing import numbers_of
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, finding, percent
from heldout.look.models import forest, logistic, out_of_fold

LEAST_SKILL = 0.3  # of the way from chance to right: models below it cannot judge labels
OF_THRESHOLD = 0.9  # the other class must reach this part of its threshold ...
LEAD = 0.4  # ... and lead the label's by so much
WELL_TOLD = 0.8  # of the way from chance to right: classes so well told apart that doubtful labels are a warning


@dataclass(frozen=True)
class Suspects:
    """Rows whose label two models doubt.

    Attributes
    ----------
    rows : int64 array
        Positions in the data set, the most doubtful first.
    suggested : int64 array
        The class that the models are sure of.
    margin : float array
        Mean probability of that class less that of the label.
    skill : float
        Balanced accuracy of the better model.
    """

    rows: np.ndarray
    suggested: np.ndarray
    margin: np.ndarray
    skill: float


def find_suspects(evidence: Evidence) -> Suspects | None:
    """Suspicious labels among all rows; None where the models are too poor to judge."""
    skill = evidence.best_accuracy
    if above_chance(skill, evidence.chance) < LEAST_SKILL:
        return None
    rows, y = evidence.rows, evidence.y
    inside = evidence.probabilities
    thresholds = _thresholds((inside[0] + inside[1]) / 2, y)
    suggested, margin = _doubted(*inside, y, thresholds)
    if len(evidence.others):
        labels = evidence.data.y[evidence.others]
        more_suggested, more_margin = _doubted(*_of_others(evidence), labels, thresholds)
        rows, y = np.concatenate([rows, evidence.others]), np.concatenate([y, labels])
        suggested = np.concatenate([suggested, more_suggested])
        margin = np.concatenate([margin, more_margin])
    chosen = np.flatnonzero(suggested >= 0)
    chosen = chosen[np.argsort(-margin[chosen], kind="stable")]
    return Suspects(rows[chosen], suggested[chosen], margin[chosen], skill)


def _thresholds(mean: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean probability of each class in rows of its label; beyond reach where there are none."""
    counts = np.bincount(y, minlength=mean.shape[1])
    sums = np.bincount(y, weights=mean[np.arange(len(y)), y], minlength=mean.shape[1])
    result: np.ndarray = np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)
    return result


def _doubted(
    first: np.ndarray, second: np.ndarray, y: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Class that both models are sure of instead of the label (-1: none), and its lead."""
    mean, rows = (first + second) / 2, np.arange(len(y))
    other = mean.argmax(1)
    lead = mean[rows, other] - mean[rows, y]
    agreed = (first.argmax(1) == second.argmax(1)) & (first.argmax(1) == other) & (other != y)
    is_sure = agreed & (mean[rows, other] >= OF_THRESHOLD * thresholds[other]) & (lead >= LEAD)
    return np.where(is_sure, other, -1), lead


def _of_others(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of rows outside the sample, the mean over the models of its folds."""
    features, _ = numbers_of(evidence.data, evidence.others, evidence.basis)
    y, folds, k = evidence.y, evidence.folds, evidence.n_classes
    found = []
    for build in (logistic, lambda: forest(evidence.seed)):
        outside = out_of_fold(evidence.x, y, folds, k, build=build, others=features)[1]
        found.append(np.zeros((0, k)) if outside is None else outside)
    return found[0], found[1]


def suspect_findings(evidence: Evidence, found: Suspects | None) -> list[Finding]:
    """The finding on suspicious labels, if there are any."""
    if found is None or len(found.rows) == 0:
        return []
    data, judged = evidence.data, len(evidence.rows) + len(evidence.others)
    share = len(found.rows) / judged
    lines = [
        f"{data.ids[row]}: labelled {data.classes[data.y[row]]!r}, looks like {data.classes[other]!r} ({margin:.2f})"
        for row, other, margin in zip(found.rows, found.suggested, found.margin, strict=True)
    ]
    return [
        finding(
            "suspicious-label",
            "warning" if share >= 0.01 and above_chance(found.skill, evidence.chance) >= WELL_TOLD else "note",
            f"doubtful labels: {len(found.rows):,} of {judged:,} ({percent(share)}), first {lines[0]}",
            "Two models that had not seen the row (nor any of its group) are both sure of another class. Where the "
            "classes can be told apart well, most such rows are wrong labels; where they overlap, most are just "
            f"unusual. Here the better of the two models is right in {percent(found.skill)}, every class counting the "
            "same.",
            "look at these rows, the first ones first, and correct the labels that are wrong; never drop rows because "
            "a model fails on them",
            items=lines,
            details={
                "rows": [int(row) for row in found.rows[:1000]],
                "suggested": [data.classes[other] for other in found.suggested[:1000]],
                "margin": [round(float(margin), 4) for margin in found.margin[:1000]],
                "model_balanced_accuracy": found.skill,
            },
            rows=found.rows.tolist(),
        )
    ]
