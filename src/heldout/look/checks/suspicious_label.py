"""Check: labels that are probably wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluate.standard_errors import above_chance
from heldout.look.check import Check, Found, NotApplicable, Reason, Topic
from heldout.look.describing import numbers_of
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, Severity
from heldout.look.models import forest, logistic, out_of_fold
from heldout.settings import Range, setting
from heldout.wording import percent

MOST_DETAILS = 1000


@dataclass(frozen=True)
class Doubts:
    """Rows whose label two models doubt.

    Attributes
    ----------
    rows : int64 array
        Positions in the data set, the most doubtful first.
    suggested : int64 array
        The class that the models are sure of.
    margin : float array
        Mean probability of that class less that of the label.
    """

    rows: np.ndarray
    suggested: np.ndarray
    margin: np.ndarray


@dataclass(frozen=True)
class SuspiciousLabel(Check):
    """Looks for rows of which two models that never saw them are sure that they have another class.

    After confident learning (Northcutt, Jiang, Chuang 2021, doi:10.1613/jair.1.12125): a class's threshold is the mean
    probability that it gets in rows that carry its label. A row is doubted where logistic regression and a forest both
    prefer the same other class, whose mean probability nearly reaches its threshold and leads the label's by far; rows
    are ranked by that lead.
    """

    id = "suspicious-label"
    title = "Labels that are probably wrong"
    topic = Topic.LABELS
    severities = (Severity.WARNING, Severity.NOTE)
    meaning = (
        "Two models that had not seen the row (nor any of its group) are both sure of another class. Where the classes "
        "can be separated well, most such rows are wrong labels; where they overlap, most are just unusual."
    )
    remedy = (
        "look at these rows, the first ones first, and correct the labels that are wrong; never drop rows because a "
        "model fails on them"
    )
    doing = "asking simple models"

    least_skill: float = setting(
        0.3, "Part of the way from chance to right below which models cannot judge labels.", within=Range(0, 1)
    )
    of_threshold: float = setting(0.9, "Part of its threshold that the other class must reach.", within=Range(0, 1))
    lead: float = setting(0.4, "By which its probability must lead that of the label.", within=Range(0, 1))
    least_share: float = setting(0.01, "Share of doubtful labels from which they are a warning.", within=Range(0, 1))
    well_separated: float = setting(
        0.8, "Part of the way from chance to right that the models must reach for a warning.", within=Range(0, 1)
    )

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the most doubtful label first."""
        if not evidence.can_model:
            return NotApplicable(Reason.TOO_FEW, "there are too few rows or groups to fit a model")
        skill = above_chance(evidence.best_accuracy, evidence.chance)
        if skill < self.least_skill:
            return NotApplicable(
                Reason.WEAK_MODELS,
                f"the better of two simple models is right in {percent(evidence.best_accuracy)} of the rows only, too "
                "few to judge labels",
            )
        doubts = self._doubts(evidence)
        return [self._said(evidence, doubts, skill)] if len(doubts.rows) else []

    def _doubts(self, evidence: Evidence) -> Doubts:
        """Doubtful labels among all rows."""
        rows, y = evidence.rows, evidence.y
        inside = evidence.probabilities
        thresholds = _thresholds((inside[0] + inside[1]) / 2, y)
        suggested, margin = self._doubted(*inside, y, thresholds)
        if len(evidence.others):
            labels = evidence.data.y[evidence.others]
            more_suggested, more_margin = self._doubted(*_of_others(evidence), labels, thresholds)
            rows = np.concatenate([rows, evidence.others])
            suggested = np.concatenate([suggested, more_suggested])
            margin = np.concatenate([margin, more_margin])
        chosen = np.flatnonzero(suggested >= 0)
        chosen = chosen[np.argsort(-margin[chosen], kind="stable")]
        return Doubts(rows[chosen], suggested[chosen], margin[chosen])

    def _doubted(
        self, first: np.ndarray, second: np.ndarray, y: np.ndarray, thresholds: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Class that both models are sure of instead of the label (-1: none), and its lead."""
        mean, rows = (first + second) / 2, np.arange(len(y))
        other = mean.argmax(1)
        lead = mean[rows, other] - mean[rows, y]
        agreed = (first.argmax(1) == second.argmax(1)) & (first.argmax(1) == other) & (other != y)
        is_sure = agreed & (mean[rows, other] >= self.of_threshold * thresholds[other]) & (lead >= self.lead)
        return np.where(is_sure, other, -1), lead

    def _said(self, evidence: Evidence, doubts: Doubts, skill: float) -> Finding:
        data, judged = evidence.data, len(evidence.rows) + len(evidence.others)
        n, share = len(doubts.rows), len(doubts.rows) / judged
        found = zip(doubts.rows, doubts.suggested, doubts.margin, strict=True)
        lines = [
            f"{data.ids[row]}: labelled {data.classes[data.y[row]]!r}, looks like {data.classes[other]!r} "
            f"({margin:.2f})"
            for row, other, margin in found
        ]
        is_warning = share >= self.least_share and skill >= self.well_separated
        return self.finding(
            Severity.WARNING if is_warning else Severity.NOTE,
            f"doubtful labels: {n:,} of {judged:,} ({percent(share)}), first {lines[0]}",
            meaning=f"{self.meaning} Here the better of the two models is right in {percent(evidence.best_accuracy)}, "
            "with every class counting the same.",
            items=lines,
            details={
                "rows": [int(row) for row in doubts.rows[:MOST_DETAILS]],
                "suggested": [data.classes[other] for other in doubts.suggested[:MOST_DETAILS]],
                "margin": [round(float(margin), 4) for margin in doubts.margin[:MOST_DETAILS]],
                "model_balanced_accuracy": evidence.best_accuracy,
            },
            rows=doubts.rows.tolist(),
        )


def _thresholds(mean: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean probability of each class in rows of its label; beyond reach where there are none."""
    counts = np.bincount(y, minlength=mean.shape[1])
    sums = np.bincount(y, weights=mean[np.arange(len(y)), y], minlength=mean.shape[1])
    result: np.ndarray = np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)
    return result


def _of_others(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of rows outside the sample, the mean over the models of its folds."""
    features, _ = numbers_of(evidence.data, evidence.others, evidence.basis)
    y, folds, k = evidence.y, evidence.folds, evidence.n_classes
    found = []
    for build in (logistic, lambda: forest(evidence.seed)):
        outside = out_of_fold(evidence.x, y, folds, k, build=build, others=features)[1]
        found.append(np.zeros((0, k)) if outside is None else outside)
    return found[0], found[1]
