"""Does learning by heart pay? A nearest neighbour tells whether rows of one group know each other's answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluate.standard_errors import share_standard_error
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, finding, percent
from heldout.look.models import neighbours, out_of_fold
from heldout.look.sampling import fold_numbers

LEAST_GAIN = 0.03
ERRORS_APART = 3.0


@dataclass(frozen=True)
class Memory:
    """Accuracy of the nearest neighbour with folds that tear groups apart, and with folds that keep them whole."""

    torn: float
    whole: float
    error: float
    n: int


def memory_of(evidence: Evidence, groups: np.ndarray) -> Memory | None:
    """Measure it for these groups of all rows; None where nearly no sampled row shares a group."""
    sampled = groups[evidence.rows]
    shared = (np.bincount(sampled)[sampled] > 1).mean()
    if shared < 0.02 or len(np.unique(sampled)) < 2:
        return None
    generator = evidence.generator(2)
    folds = [fold_numbers(evidence.y, names, generator) for names in (None, sampled)]
    hits = [_hits(evidence, each) for each in folds]
    # Rows of a group stand or fall together: the error counts groups.
    n_groups = len(np.unique(sampled))
    gain = hits[0] - hits[1]
    error = max(float(gain.std(ddof=1) / n_groups**0.5), share_standard_error(float(hits[1].mean()), n_groups) / 2)
    return Memory(float(hits[0].mean()), float(hits[1].mean()), error, len(sampled))


def _hits(evidence: Evidence, folds: np.ndarray) -> np.ndarray:
    inside, _ = out_of_fold(evidence.x, evidence.y, folds, evidence.n_classes, build=lambda: neighbours(1))
    hits: np.ndarray = (inside.argmax(1) == evidence.y).astype(np.float64)
    return hits


def memory_findings(found: Memory | None, *, what: str, is_kept: bool) -> list[Finding]:
    """Warn where memory pays. ``is_kept``: heldout keeps these groups together already."""
    if found is None:
        return []
    gain = found.torn - found.whole
    if gain < max(LEAST_GAIN, ERRORS_APART * found.error):
        return []
    return [
        finding(
            "memory-pays",
            "note" if is_kept else "warning",
            f"learning by heart pays: the nearest neighbour is right in {percent(found.torn)} if {what} are torn "
            f"apart, in {percent(found.whole)} if they are kept together",
            f"The difference of {percent(gain)} ± {percent(found.error)} is what a plain random split would add to a "
            "score without anything being learnt." + (" heldout keeps these groups together." if is_kept else ""),
            "nothing to do: the split keeps them together"
            if is_kept
            else "declare these groups (--group COL, --group-pattern REGEX, or a column group in labels.csv)",
            details={"torn": found.torn, "whole": found.whole, "standard_error": found.error, "rows": found.n},
        )
    ]
