"""Every metric, declared once: its name in ``metrics.json``, its title, its range, and how it is computed.

Whatever lists metrics (`heldout.evaluate.metrics.metrics`, stacks, intervals, the report, the command line, recipes,
the documentation) takes them from `METRICS`. All functions work on one set of predictions and on a stack of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

import numpy as np

from heldout.evaluate import margins, scores
from heldout.evaluate.margins import Margins, margins_of

TOP = 3
"""`top_k_accuracy` looks among this many most probable classes."""


class Interval(Enum):
    """How the interval of a metric is found."""

    WILSON = "Wilson's"
    MATRIX = "bootstrap of the confusion matrix"
    ROWS = "bootstrap of the rows"
    NONE = "none"


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    Attributes
    ----------
    name : str
        Key in ``metrics.json``.
    title : str
        In the report and on the command line.
    about : str
        One line for the documentation.
    low, high : float
        All that it can be, for two classes.
    high_of_many : float or None
        The same for more classes, where it differs.
    higher_is_better : bool or None
        None: neither (counts).
    is_share : bool
        Shown in percent.
    is_shown : bool
        Among those that the report and ``heldout evaluate`` show.
    interval : Interval
    of_margins : function of `Margins`, or None
        What the confusion matrix decides.
    of_probabilities : function of (truth, probabilities), or None
        What needs probabilities.
    of_ranking : function of (positive, score), or None
        What needs scores, one class against the rest; with more than two classes the mean over them.
    of_class : bool
        A rate of one class against the rest, in ``per_class``; with two classes also of the positive one as a whole.
    needs_priors : bool
        Only where the shares of the classes in use are given.
    """

    name: str
    title: str
    about: str
    low: float = 0.0
    high: float = 1.0
    high_of_many: float | None = None
    higher_is_better: bool | None = True
    is_share: bool = False
    is_shown: bool = False
    interval: Interval = Interval.ROWS
    of_margins: Callable[[Margins], np.ndarray] | None = None
    of_probabilities: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    of_ranking: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    of_class: bool = False
    needs_priors: bool = False

    @property
    def needs_probabilities(self) -> bool:
        """Whether predicted labels alone do not give it."""
        return self.of_probabilities is not None or self.of_ranking is not None

    def range_for(self, n_classes: int) -> tuple[float, float]:
        """All that it can be, (low, high): its interval where the rows say nothing of its variance."""
        many = self.high_of_many is not None and n_classes > 2
        return self.low, float(self.high_of_many) if many and self.high_of_many is not None else self.high


def _top_k_accuracy(y_true: np.ndarray, proba: np.ndarray) -> np.ndarray:
    return np.asarray(scores.in_top(y_true, proba, TOP).mean(axis=-1))


_SETS = (
    Metric("accuracy", "Accuracy", "share of rows that are right", is_share=True, is_shown=True,
           interval=Interval.WILSON, of_margins=margins.accuracy),
    Metric("balanced_accuracy", "Balanced accuracy", "mean recall over the classes that have rows", is_share=True,
           is_shown=True, interval=Interval.MATRIX, of_margins=margins.balanced_accuracy),
    Metric("prior_weighted_accuracy", "Prior-weighted accuracy",
           "sum of share × recall, with the shares where the model will be used (`priors=`)", is_share=True,
           interval=Interval.NONE, needs_priors=True),
    Metric("mcc", "MCC", "Matthews correlation of truth and prediction: 1 perfect, 0 chance, negative worse (Gorodkin "
           "2004)", low=-1.0, is_shown=True, interval=Interval.MATRIX, of_margins=margins.mcc),
    Metric("kappa", "Cohen's kappa", "agreement beyond chance: 1 perfect, 0 chance", low=-1.0, is_shown=True,
           of_margins=margins.kappa),
    Metric("f1_macro", "F1, mean over classes", "mean F1 over the classes that occur in truth or predictions",
           is_shown=True, interval=Interval.MATRIX, of_margins=margins.f1_macro),
    Metric("f1_micro", "F1 of all rows", "F1 of all classes' counts together; for one label a row, the accuracy",
           of_margins=margins.f1_micro),
    Metric("f1_weighted", "F1, weighted by rows", "mean F1, each class weighted by its rows",
           of_margins=margins.f1_weighted),
    Metric("auc", "AUC", "area under the ROC curve, of scores and never of labels; more than two classes: mean of one "
           "against the rest", is_shown=True, of_ranking=scores.auc),
    Metric("average_precision", "Average precision", "step sum of recall gained × precision; more than two classes: "
           "mean of one against the rest", is_shown=True, of_ranking=scores.average_precision),
    Metric("log_loss", "Log loss", "mean of -ln(probability of the true class); probabilities below 2.2e-16 count as "
           "that", high=-math.log(np.finfo(float).eps), higher_is_better=False, is_shown=True,
           of_probabilities=scores.log_loss),
    Metric("brier", "Brier score", "two classes: mean squared error of the positive class's probability; more: summed "
           "over the classes", high_of_many=2.0, higher_is_better=False, is_shown=True, of_probabilities=scores.brier),
    Metric("calibration_error", "Calibration error", f"expected calibration error: mean gap between confidence and "
           f"accuracy over {scores.N_BINS} bins (Guo et al. 2017)", higher_is_better=False, is_share=True,
           is_shown=True, of_probabilities=scores.calibration_error),
    Metric("top_k_accuracy", f"Top-{TOP} accuracy", f"share of rows whose class is among the {TOP} most probable",
           is_share=True, of_probabilities=_top_k_accuracy),
)  # fmt: skip


def _count(name: str, title: str, about: str) -> Metric:
    return Metric(name, title, about, high=math.inf, higher_is_better=None, interval=Interval.NONE, of_class=True)


def _rate(name: str, title: str, about: str, *, is_better: bool = True, is_shown: bool = True) -> Metric:
    interval = Interval.WILSON if is_shown else Interval.NONE
    return Metric(
        name, title, about, higher_is_better=is_better, is_share=True, is_shown=is_shown, interval=interval,
        of_class=True,
    )  # fmt: skip


_RATES = (
    _count("tp", "True positives", "rows of the class that are found"),
    _count("tn", "True negatives", "rows of other classes that are left alone"),
    _count("fp", "False positives", "rows of other classes that are called by it"),
    _count("fn", "False negatives", "rows of the class that are missed"),
    _rate("tpr", "Sensitivity (TPR)", "recall: tp / (tp + fn)"),
    _rate("tnr", "Specificity (TNR)", "tn / (tn + fp)"),
    _rate("ppv", "Positive predictive value", "precision: tp / (tp + fp)"),
    _rate("npv", "Negative predictive value", "tn / (tn + fn)"),
    _rate("fpr", "False positive rate", "1 - specificity", is_better=False, is_shown=False),
    _rate("fnr", "False negative rate", "1 - sensitivity", is_better=False, is_shown=False),
    Metric("f1", "F1 of the positive class", "harmonic mean of precision and recall", is_shown=True,
           interval=Interval.MATRIX, of_class=True),
    Metric("informedness", "Informedness", "sensitivity + specificity - 1 (Youden's J)", low=-1.0, is_shown=True,
           interval=Interval.MATRIX, of_class=True),
    Metric("markedness", "Markedness", "ppv + npv - 1", low=-1.0, is_shown=True, interval=Interval.MATRIX,
           of_class=True),
)  # fmt: skip

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in (*_SETS, *_RATES)})
"""By name, in the order in which they are shown."""

OF_SETS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _SETS})
"""Metrics of all classes together."""

OF_CLASSES: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _RATES})
"""Counts and rates of one class against the rest."""

FROM_MARGINS: Mapping[str, Callable[[Margins], np.ndarray]] = MappingProxyType(
    {metric.name: metric.of_margins for metric in _SETS if metric.of_margins is not None}
)
"""Metrics of all classes together that follow from the sums of a confusion matrix."""


def _of_matrix(score: Callable[[Margins], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda matrix: score(margins_of(matrix))


STATISTICS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {name: _of_matrix(score) for name, score in FROM_MARGINS.items()}
)
"""`FROM_MARGINS` as functions of matrices (..., n_classes, n_classes)."""


def shown_metrics(n_classes: int) -> tuple[Metric, ...]:
    """What the report and ``heldout evaluate`` show: those of the set, and with two classes those of the positive."""
    wanted = METRICS if n_classes == 2 else OF_SETS
    return tuple(metric for metric in wanted.values() if metric.is_shown)


def rows_of_table() -> list[tuple[str, str, str, str]]:
    """Documentation: name, what it is, its range, its interval."""
    rows = []
    for metric in METRICS.values():
        high = "∞" if math.isinf(metric.high) else f"{metric.high:.4g}"
        if metric.high_of_many is not None:
            high = f"{high} ({metric.high_of_many:g} with more classes)"
        better = {True: "", False: ", lower is better", None: ""}[metric.higher_is_better]
        rows.append((metric.name, metric.about, f"{metric.low:g} to {high}{better}", metric.interval.value))
    return rows
