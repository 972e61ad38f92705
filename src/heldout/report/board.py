"""What a threshold does at a share of positives: the 2 x 2 table, its rates, and how sure they are.

The same rules are written in ``script.js``, which moves the page's sliders; a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.evaluate.decisions import threshold_table
from heldout.evaluate.intervals import wilson_interval, z_of
from heldout.evaluate.rules import Rule
from heldout.evaluate.scoring import Scored

MOST_THRESHOLDS = 240
LISTED_THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LISTED_SHARES = (0.001, 0.01, 0.05, 0.1, 0.5)
NEW_ROWS = 1000
"""Rows of a table of expected counts, once the share of positives was moved."""

RATES = (
    ("accuracy", "Accuracy"),
    ("tpr", "Sensitivity"),
    ("tnr", "Specificity"),
    ("ppv", "Positive predictive value"),
    ("npv", "Negative predictive value"),
    ("f1", "F1"),
    ("mcc", "MCC"),
)
SHARES = ("accuracy", "tpr", "tnr", "ppv", "npv")
"""Rates that are shown in percent."""


@dataclass(frozen=True)
class Counts:
    """One set of rows under every threshold of the slider ("positive if the probability is this or more").

    Attributes
    ----------
    tp, fp : int array, shape (n_thresholds,)
    n_positive, n_negative : int
    independence : float in (0, 1]
        As in `Scored`.
    level : float
    """

    tp: np.ndarray
    fp: np.ndarray
    n_positive: int
    n_negative: int
    independence: float = 1.0
    level: float = 0.95

    @property
    def share(self) -> float:
        """Share of positives in these rows."""
        return self.n_positive / (self.n_positive + self.n_negative)


def used_threshold(rule: Rule | None) -> tuple[float, int] | None:
    """Threshold in use and the class that it calls; None if no threshold does what the rule does.

    Without a rule the most probable class is the answer, and the first of two equals: just above a half.
    """
    if rule is None:
        return float(np.nextafter(0.5, 1.0)), 1
    if rule.kind == "threshold":
        return rule.threshold, rule.positive
    if len(rule.costs) != 2:
        return None
    (right_0, alarm), (miss, right_1) = rule.costs
    above, below = alarm - right_0, miss - right_1
    if above < 0 or below <= 0:
        return None
    return float(np.nextafter(above / (above + below), 1.0)), 1


def thresholds_for(p: np.ndarray, used: float) -> np.ndarray:
    """At most `MOST_THRESHOLDS` rising thresholds that make a difference to probabilities, the used one among them."""
    even = np.linspace(0.0, 1.0, 101)
    spread = np.quantile(p, np.linspace(0, 1, MOST_THRESHOLDS - len(even) - 1), method="nearest")
    return np.unique(np.concatenate([even, spread, [used]]))


def counts_of(scored: Scored, positive: int, thresholds: np.ndarray) -> Counts:
    """Count what each threshold calls positive; ``scored`` is of two classes."""
    assert scored.y is not None
    assert scored.p is not None
    p = scored.p if positive == 1 else 1.0 - scored.p
    hits = np.sort(p[scored.y == positive])
    alarms = np.sort(p[scored.y != positive])
    return Counts(
        tp=len(hits) - np.searchsorted(hits, thresholds, side="left"),
        fp=len(alarms) - np.searchsorted(alarms, thresholds, side="left"),
        n_positive=len(hits),
        n_negative=len(alarms),
        independence=scored.independence,
        level=scored.level,
    )


def best_threshold(scored: Scored, positive: int) -> float:
    """Threshold of the highest MCC on these rows, the nearest to a half of equals."""
    assert scored.y is not None
    assert scored.p is not None
    table = threshold_table(scored.y == positive, scored.p if positive == 1 else 1.0 - scored.p)
    usable = np.isfinite(table["threshold"])
    best = np.flatnonzero(usable & (table["mcc"] == table["mcc"][usable].max()))
    return float(table["threshold"][best[np.argmin(np.abs(table["threshold"][best] - 0.5))]])


def rates_at(tpr: float | None, tnr: float | None, share: float) -> dict[str, float | None]:
    """Rates of a rule with this sensitivity and specificity where this share of the rows is positive.

    Parameters
    ----------
    tpr, tnr : float in [0, 1], or None
        None: there are no rows of that kind, and their share is 0.
    share : float in [0, 1]

    Returns
    -------
    dict
        Keys of `RATES`; what is undefined is None, but an MCC of 0 / 0 is 0.
    """
    hit, quiet = (tpr or 0.0) * share, (tnr or 0.0) * (1 - share)
    miss, alarm = share - hit, (1 - share) - quiet
    spread = share * (1 - share) * (hit + alarm) * (miss + quiet)
    return {
        "accuracy": hit + quiet,
        "tpr": tpr,
        "tnr": tnr,
        "ppv": _divide(hit, hit + alarm),
        "npv": _divide(quiet, quiet + miss),
        "f1": _divide(2 * hit, 2 * hit + alarm + miss),
        "mcc": (hit * quiet - alarm * miss) / math.sqrt(spread) if spread > 1e-15 else 0.0,
    }


def _divide(above: float, below: float) -> float | None:
    return above / below if below > 1e-12 else None


def board(counts: Counts, place: int, share: float | None = None) -> dict[str, Any]:
    """Everything that the page shows for one threshold.

    Sensitivity and specificity get Wilson's intervals (with groups: of fewer rows, by `Counts.independence`). A rate
    that follows from both gets its interval by squaring and adding their distances to these ends, with the share of
    positives held fixed; the accuracy on the rows themselves gets Wilson's, too.

    Parameters
    ----------
    counts : Counts
    place : int
        Number of the threshold.
    share : float, optional
        Share of positives where the model will be used; by default that of the rows.

    Returns
    -------
    dict
        ``cells`` (tp, fn, fp, tn: of the rows themselves, or expected among `NEW_ROWS`), and ``rates``: key to
        (value, low, high), None where undefined.

    References
    ----------
    Zou & Donner 2008, "Construction of confidence limits about effect measures: a general approach",
    doi:10.1002/sim.3095
    """
    tp, fp = int(counts.tp[place]), int(counts.fp[place])
    fn, tn = counts.n_positive - tp, counts.n_negative - fp
    tpr, tnr = (_share(tp, counts.n_positive), _share(tn, counts.n_negative))
    cells: Mapping[str, float] = {"tp": tp, "fn": fn, "fp": fp, "tn": tn}
    if share is not None:
        positives, negatives = NEW_ROWS * share, NEW_ROWS * (1 - share)
        hits, quiet = (tpr or 0.0) * positives, (tnr or 0.0) * negatives
        cells = {"tp": hits, "fn": positives - hits, "fp": negatives - quiet, "tn": quiet}
    at = counts.share if share is None else share
    ends = [_ends(tp, counts.n_positive, counts), _ends(tn, counts.n_negative, counts)]
    values = rates_at(tpr, tnr, at)
    rates = {key: (values[key], *_between(key, tpr, tnr, ends, at)) for key, _ in RATES}
    if share is None:
        rates["accuracy"] = (values["accuracy"], *_ends(tp + tn, counts.n_positive + counts.n_negative, counts))
    return {"cells": cells, "rates": rates}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _ends(part: int, whole: int, counts: Counts) -> tuple[float, float]:
    if not whole:
        return 0.0, 1.0
    return wilson_interval(part / whole, whole * counts.independence, counts.level)


def _between(
    key: str, tpr: float | None, tnr: float | None, ends: list[tuple[float, float]], share: float
) -> tuple[float | None, float | None]:
    """Square-and-add ends of a rate that rises with sensitivity and with specificity, as all of `RATES` do."""

    def rate(a: float | None, b: float | None) -> float | None:
        return rates_at(a, b, share)[key]

    value = rate(tpr, tnr)
    if value is None:
        return None, None
    found = []
    for end, sign in ((0, -1), (1, 1)):
        moved = [rate(None if tpr is None else ends[0][end], tnr), rate(tpr, None if tnr is None else ends[1][end])]
        found.append(value + sign * math.hypot(*(value - (value if other is None else other) for other in moved)))
    least = -1.0 if key == "mcc" else 0.0
    return max(least, found[0]), min(1.0, found[1])


def slider_data(sets: list[Counts], thresholds: np.ndarray, used: int, shares: np.ndarray, own: int) -> dict[str, Any]:
    """Numbers, and nothing but numbers, that the script reads."""
    return {
        "thresholds": [float(f"{value:.6g}") for value in thresholds],
        "used": used,
        "shares": [float(f"{value:.6g}") for value in shares],
        "own": own,
        "rows": NEW_ROWS,
        "sets": [
            {
                "tp": counts.tp.tolist(),
                "fp": counts.fp.tolist(),
                "positive": counts.n_positive,
                "negative": counts.n_negative,
                "weight": counts.independence,
                "z": z_of(counts.level),
            }
            for counts in sets
        ],
    }


def shares_for(own: float) -> tuple[np.ndarray, int]:
    """Shares of positives for the slider, evenly on a scale of odds, and the place of the rows' own share."""
    odds = np.linspace(-math.log(999), math.log(999), 120)
    shares = np.array([float(f"{value:.2g}") for value in 1 / (1 + np.exp(-odds))])
    shares = np.unique(np.append(shares[(shares > 0) & (shares < 1)], own))
    return shares, int(np.flatnonzero(shares == own)[0])
