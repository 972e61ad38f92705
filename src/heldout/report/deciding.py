"""What the page says about thresholds and shares of positives: tables that stand alone, numbers for the sliders."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from heldout.evaluate.decisions import threshold_in_words
from heldout.evaluate.scoring import Scored
from heldout.report import words
from heldout.report.board import (
    LISTED_SHARES,
    LISTED_THRESHOLDS,
    RATES,
    SHARES,
    Counts,
    best_threshold,
    board,
    counts_of,
    shares_for,
    slider_data,
    thresholds_for,
    used_threshold,
)
from heldout.report.content import ReportContent

HEADS = ("TP", "FN", "FP", "TN", "Sensitivity", "Specificity", "PPV", "NPV", "MCC")


def decision_words(content: ReportContent) -> dict[str, Any]:
    """Everything that the section on thresholds shows; empty unless there are two classes with rows of each.

    Rows that were predicted out of fold come first: a threshold is chosen there. What it would have been worth on the
    sealed rows stands next to them, once the seal is open.
    """
    named = [("Out-of-fold rows: choose here", content.cross_validated), ("Sealed rows", content.test)]
    sets = [(title, scored) for title, scored in named if scored is not None and _has_both(scored)]
    used = used_threshold(content.rule)
    if not sets or used is None:
        return {}
    threshold, positive = used
    first = sets[0][1]
    p = first.p if positive == 1 else 1.0 - np.asarray(first.p)
    thresholds = thresholds_for(np.asarray(p), threshold)
    place = int(np.flatnonzero(thresholds == threshold)[0])
    counts = [counts_of(scored, positive, thresholds) for _, scored in sets]
    shares, own = shares_for(counts[0].share)
    names = list(first.metrics["per_class"])
    data = slider_data(counts, thresholds, place, shares, own)
    return {
        "positive": names[positive],
        "negative": names[1 - positive],
        "threshold": words.number(data["thresholds"][place]),
        "share": counts[0].share,
        "in_use": _in_use(content),
        "advice": _advice(content),
        "note": _note(counts),
        "boards": [_board(title, one, place) for (title, _), one in zip(sets, counts, strict=True)],
        "heads": HEADS,
        "table": _table(first, positive, threshold),
        "elsewhere": _elsewhere(counts[0], place),
        "data": data,
        "last_threshold": len(thresholds) - 1,
        "last_share": len(shares) - 1,
        "json": json.dumps(data, separators=(",", ":")),
    }


def _has_both(scored: Scored) -> bool:
    return scored.y is not None and 0 < int((scored.y == 1).sum()) < len(scored.y)


def _in_use(content: ReportContent) -> str:
    if content.rule is None:
        return "in use is the more probable class, a threshold of one half"
    if content.rule.kind == "threshold":
        threshold = threshold_in_words(content.rule.threshold)
        return f"in use is {threshold}, chosen for “{words.shorten(content.rule.chosen, 60)}”"
    return f"in use is what follows from the costs “{words.shorten(content.rule.chosen, 60)}”"


def _advice(content: ReportContent) -> str:
    sealed = " The sealed rows only show how good a choice was; once you choose by them, they are no longer a test."
    return "To choose another threshold, train with --threshold." + (sealed if content.test is not None else "")


def _note(counts: list[Counts]) -> str:
    grouped = any(one.independence < 1 for one in counts)
    rows = "at the effective number of rows, given the groups" if grouped else "rows counted as independent"
    return (
        f"Intervals: Wilson's for sensitivity and specificity ({rows}), carried over to the others with the share of "
        "positives held fixed. For another share, sensitivity and specificity are assumed to stay the same."
    )


def _board(title: str, counts: Counts, place: int) -> dict[str, Any]:
    found = board(counts, place)
    return {
        "title": title,
        "n": counts.n_positive + counts.n_negative,
        "level": words.level_words(counts.level),
        "cells": found["cells"],
        "rates": [
            {
                "key": key,
                "title": name,
                "value": _styled(key, found["rates"][key][0]),
                "ends": words.between(*found["rates"][key][1:], style="percent" if key in SHARES else "number"),
            }
            for key, name in RATES
        ],
    }


def _styled(key: str, value: float | None) -> str:
    return words.percent(value) if key in SHARES else words.number(value)


def _table(scored: Scored, positive: int, used: float) -> list[dict[str, Any]]:
    """Counts and rates at a few round thresholds, the one in use, and the one of the highest MCC."""
    best = best_threshold(scored, positive)
    round_ones = [value for value in LISTED_THRESHOLDS if abs(value - used) > 1e-9]
    thresholds = np.unique([*round_ones, used, best])
    counts = counts_of(scored, positive, thresholds)
    rows = []
    for place, threshold in enumerate(thresholds):
        found = board(counts, place)
        cells, rates = found["cells"], found["rates"]
        marks = [text for text, at in (("in use", used), ("highest MCC", best)) if threshold == at]
        shown = [words.count(cells[key]) for key in ("tp", "fn", "fp", "tn")]
        shown += [_styled(key, rates[key][0]) for key in ("tpr", "tnr", "ppv", "npv", "mcc")]
        rows.append({"threshold": f"{threshold:.3g}", "mark": ", ".join(marks), "shown": shown})
    return rows


def _elsewhere(counts: Counts, place: int) -> list[dict[str, Any]]:
    rows = []
    for share in sorted({*LISTED_SHARES, counts.share}):
        rates = board(counts, place, share)["rates"]
        rows.append({"share": share} | {key: _with_ends(rates[key]) for key in ("ppv", "npv")})
    return rows


def _with_ends(found: tuple[float | None, float | None, float | None]) -> str:
    value, low, high = found
    return words.percent(value) + (f" ({words.between(low, high)})" if low is not None else "")
