"""Does something beside the point give the class away? A background, a file's size, a level.

The tank detector that learnt the weather, the husky that was known by the snow: a small forest is given nothing but
the cue and judged on rows whose groups it has not seen, every class counting the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.evaluate.standard_errors import above_chance, share_standard_error
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, finding, percent
from heldout.look.models import forest, out_of_fold

ERRORS_ABOVE = 4.0  # standard errors above chance: nothing that a lucky sample gives
LEAST = 0.1  # of the way from chance to always right, below which a cue is not worth a word
STRONG = 0.5
NEARLY_ALL = 0.75  # of what the whole row gives
LEAST_OF_WHOLE = 0.25


@dataclass(frozen=True)
class Cue:
    """What a cue alone gives.

    Attributes
    ----------
    accuracy, error : float
        With equal weight of the classes; the standard error counts groups, not rows.
    whole : float
        The same of the better of two models of the whole row.
    chance : float
    """

    accuracy: float
    error: float
    whole: float
    chance: float


def try_cue(evidence: Evidence, features: np.ndarray) -> Cue | None:
    """How well these features of the sampled rows alone predict the class; None if they do not vary."""
    if features.shape[1] == 0 or not (np.ptp(features, axis=0) > 0).any():
        return None
    inside, _ = out_of_fold(
        features, evidence.y, evidence.folds, evidence.n_classes, build=lambda: forest(evidence.seed)
    )
    accuracy = evidence.balanced(inside.argmax(1) == evidence.y)
    n = evidence.n_groups
    return Cue(accuracy, share_standard_error(accuracy, n), evidence.best_accuracy, evidence.chance)


def cue_findings(
    found: Cue | None, *, id: str, what: str, meaning: str, remedy: str, strong: float = STRONG
) -> list[Finding]:
    """Warn where a cue alone gives much (``strong``), or nearly all that the whole row gives; else note a little."""
    if found is None or found.accuracy < found.chance + ERRORS_ABOVE * found.error:
        return []
    share, of_whole = (above_chance(value, found.chance) for value in (found.accuracy, found.whole))
    if share < LEAST:
        return []
    is_much = share >= strong or share >= max(LEAST_OF_WHOLE, NEARLY_ALL * of_whole)
    return [
        finding(
            id,
            "warning" if is_much else "note",
            f"{what} alone {'tells' if is_much else 'says something about'} the class: right in "
            f"{percent(found.accuracy)} ± {percent(found.error)} (chance {percent(found.chance)}, whole rows "
            f"{percent(found.whole)})",
            meaning,
            remedy,
            details={
                "accuracy": found.accuracy,
                "standard_error": found.error,
                "chance": found.chance,
                "whole_rows": found.whole,
            },
        )
    ]
