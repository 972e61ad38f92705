"""Choosing how to decide, on rows that the model did not see, and what decisions are worth elsewhere.

A rule is chosen on validation (out-of-fold) rows, never on the sealed test rows, which then show what it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from heldout.errors import DataError, SettingError
from heldout.evaluate.checks import as_labels, check_probabilities
from heldout.evaluate.curves import check_scores, cumulative
from heldout.evaluate.margins import Margins, divide, mcc, rates
from heldout.evaluate.rules import RATES, Rule, RuleSpec, check_costs, parse_rule

__all__ = ["at_prevalence", "choose_rule", "expected_counts", "threshold_table"]


def threshold_table(y: object, score: object) -> dict[str, np.ndarray]:
    """Counts and rates at every threshold that makes a difference, falling, "positive if the score is this or more".

    Thresholds lie half-way between neighbouring distinct scores; the first, above every score, calls nothing positive,
    and the last calls everything so.

    Parameters
    ----------
    y : array of 0 or 1, shape (n_rows,)
    score : array of float, shape (n_rows,)
        Probability of the positive class, of rows that the model did not see.

    Returns
    -------
    dict of arrays, shape (n_distinct + 1,)
        ``threshold``, ``tp fp fn tn tpr tnr ppv npv fpr fnr f1 informedness markedness``, ``mcc``, ``accuracy``.
        Undefined rates are NaN.
    """
    positive, values = check_scores(y, score)
    if not values.size:
        raise DataError("there are no rows to choose a threshold on", fix="pass out-of-fold probabilities")
    distinct, hits, alarms = cumulative(positive, values)
    tp, fp = np.append(0, hits), np.append(0, alarms)
    n_positive, n = int(positive.sum()), positive.size
    both = Margins(
        right=np.stack([n - n_positive - fp, tp], axis=-1),
        true=np.broadcast_to([n - n_positive, n_positive], (len(tp), 2)),
        predicted=np.stack([n - tp - fp, tp + fp], axis=-1),
    )
    table = {key: found[..., 1] for key, found in rates(both).items()}
    return {
        "threshold": _between(distinct),
        **table,
        "mcc": mcc(both),
        "accuracy": divide(both.right.sum(axis=-1), both.n),
    }


def _between(falling: np.ndarray) -> np.ndarray:
    """Thresholds above, between and below distinct scores; inf above certainty, which no score can reach."""
    middle = (falling[:-1] + falling[1:]) / 2
    middle = np.where(middle > falling[1:], middle, falling[:-1])  # neighbours in floating point have no middle
    first = (falling[0] + 1) / 2 if falling[0] < 1 else np.inf
    return np.concatenate([[first], middle, [0.0 if falling[-1] >= 0 else -np.inf]])


def choose_rule(y: object, probabilities: object, wanted: RuleSpec | str, classes: Sequence[str]) -> tuple[Rule, str]:
    """Choose a decision rule on rows that the model did not see.

    Of thresholds that are equally good the one nearest to 0.5 is taken. A required tpr (npv) is met by the highest
    threshold that meets it, which gives the best tnr; a required tnr (ppv) by the lowest, which gives the best tpr.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
        Out-of-fold.
    wanted : RuleSpec or str
        See `parse_rule`.
    classes : sequence of str

    Returns
    -------
    rule : Rule
    says : str
        What it does on these rows, which flatters a little: it was chosen there.

    Raises
    ------
    SettingError
        If a threshold is asked for and there are more classes than two.
    DataError
        If no threshold meets the requirement.
    """
    wanted = parse_rule(wanted) if isinstance(wanted, str) else wanted
    proba = check_probabilities(probabilities)
    labels = as_labels(y, proba.shape[1])
    if wanted.costs:
        rule = Rule("costs", wanted.text, costs=check_costs(wanted.costs, proba.shape[1]))
        return rule, _cost_words(rule, labels, proba)
    if proba.shape[1] != 2:
        raise SettingError(
            f"a threshold is for two classes, and there are {proba.shape[1]}",
            where="--threshold",
            fix="give costs of every mistake instead: cost:0 1 5; 1 0 1; 2 1 0",
        )
    positive = wanted.positive_number(classes)
    table = threshold_table(labels == positive, proba[:, positive])
    usable = np.isfinite(table["threshold"])
    place = int(_best(table, usable, wanted))
    threshold = float(np.clip(table["threshold"][place], 0.0, 1.0))
    rule = Rule("threshold", wanted.text, threshold, positive)
    shown = ", ".join(f"{key} {table[key][place]:.3f}" for key in (*RATES, "mcc") if not np.isnan(table[key][place]))
    least = f"{classes[positive]} if its probability is {threshold_in_words(threshold)} or more"
    says = f"{least} ({wanted.text}); on out-of-fold rows {shown}"
    return rule, says


def _best(table: Mapping[str, np.ndarray], usable: np.ndarray, wanted: RuleSpec) -> int:
    if wanted.false_positive:
        score = -(wanted.false_positive * table["fp"] + wanted.false_negative * table["fn"])
    elif wanted.rate:
        met = usable & (np.nan_to_num(table[wanted.rate], nan=-1.0) >= wanted.least)
        if not met.any():
            most = float(np.nanmax(np.where(usable, table[wanted.rate], np.nan)))
            raise DataError(
                f"no threshold gives {wanted.rate} {wanted.least:g} on the out-of-fold rows; the highest is {most:.4f}",
                where="--threshold",
                fix=f"ask for less, for example {wanted.rate}>={math.floor(100 * most) / 100:g}, or improve the model",
            )
        other = {"tpr": "tnr", "npv": "tnr", "tnr": "tpr", "ppv": "tpr"}[wanted.rate]
        score = np.where(met, np.nan_to_num(table[other], nan=-1.0), -np.inf)
    else:
        score = table["mcc"]
    score = np.where(usable, score, -np.inf)
    best = np.flatnonzero(score == score.max())
    return int(best[np.argmin(np.abs(table["threshold"][best] - 0.5))])


def _cost_words(rule: Rule, labels: np.ndarray, proba: np.ndarray) -> str:
    table = np.asarray(rule.costs)
    ruled, usual = (float(table[labels, y_pred].mean()) for y_pred in (rule.decide(proba), proba.argmax(axis=1)))
    return f"the class of least expected cost; on out-of-fold rows it costs {ruled:.4g} a row, instead of {usual:.4g}"


def at_prevalence(tpr: object, tnr: object, prevalence: object) -> tuple[np.ndarray, np.ndarray]:
    """PPV and NPV where the positive class has another share than in the test rows.

    tpr and tnr carry over to another population (if positives and negatives are alike there); ppv and npv do not.

    Parameters
    ----------
    tpr, tnr, prevalence : float or array of float in [0, 1]

    Returns
    -------
    ppv, npv : arrays; NaN where nothing is called positive (negative)

    Examples
    --------
    >>> [float(value.round(3)) for value in at_prevalence(0.98, 0.83, 0.005)]
    [0.028, 1.0]
    """
    sensitivity, specificity, share = (
        _share(v, n) for v, n in ((tpr, "tpr"), (tnr, "tnr"), (prevalence, "prevalence"))
    )
    hits, misses = sensitivity * share, (1 - sensitivity) * share
    alarms, quiet = (1 - specificity) * (1 - share), specificity * (1 - share)
    return divide(hits, hits + alarms), divide(quiet, quiet + misses)


def _share(value: object, name: str) -> np.ndarray:
    found = np.asarray(value, dtype=float)
    if not ((found >= 0) & (found <= 1)).all():
        raise SettingError(f"{name} is not a share between 0 and 1", fix=f"{name}=0.01")
    return found


def expected_counts(tpr: float, tnr: float, n_positive: float, n_negative: float) -> dict[str, float]:
    """Expected ``tp fn tn fp`` among new positives and negatives, from the rates of a rule."""
    sensitivity, specificity = float(_share(tpr, "tpr")), float(_share(tnr, "tnr"))
    return {
        "tp": sensitivity * n_positive,
        "fn": (1 - sensitivity) * n_positive,
        "tn": specificity * n_negative,
        "fp": (1 - specificity) * n_negative,
    }


def threshold_in_words(threshold: float) -> str:
    """A threshold with four digits, and with as many more as keep one below 1 from reading as 1."""
    return next((text for n in range(4, 17) if float(text := f"{threshold:.{n}g}") < 1), f"{threshold:.4g}")
