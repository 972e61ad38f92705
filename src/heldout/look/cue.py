"""Does something other than the subject give the class away? A background, a file's size, a level.

The tank detector that learnt the weather, the husky that was recognised by the snow: a small forest is given nothing
but the cue and judged on rows whose groups it has not seen, every class counting the same.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heldout.evaluate.standard_errors import above_chance, share_standard_error
from heldout.look.check import Check, Found, NotApplicable, Reason
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding, Severity
from heldout.look.models import forest, out_of_fold
from heldout.settings import Range, setting
from heldout.wording import percent


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


@dataclass(frozen=True)
class CueCheck(Check):
    """A check that judges a cue: a warning where it alone gives much, or nearly all that the whole row gives.

    A subclass says what the cue is (`cue`) and gives its numbers (`features`).
    """

    severities = (Severity.WARNING, Severity.NOTE)
    cue: ClassVar[str] = ""

    errors_above: float = setting(4.0, "Standard errors above chance: more than a lucky sample gives.")
    least: float = setting(0.1, "Part of the way from chance to always right that is worth a note.", within=Range(0, 1))
    strong: float = setting(0.5, "The same from which it is a warning.")
    nearly_all: float = setting(
        0.75, "Part of what the whole row gives from which it is a warning, too.", within=Range(0, 1)
    )
    least_of_whole: float = setting(0.25, "Least part of the way from chance for that warning.", within=Range(0, 1))

    @abstractmethod
    def features(self, evidence: Evidence) -> np.ndarray | NotApplicable:
        """The cue as numbers of the sampled rows, shape (n_rows, n_features)."""

    def sampled(self, evidence: Evidence) -> Evidence:
        """The evidence on the rows that are tried."""
        return evidence

    def words(self, evidence: Evidence) -> str:
        """The cue in words."""
        return self.cue

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        tried = self.sampled(evidence)
        if not tried.can_model:
            return NotApplicable(Reason.TOO_FEW, "there are too few rows or groups to fit a model")
        features = self.features(tried)
        if isinstance(features, NotApplicable):
            return features
        found = try_cue(tried, features)
        if found is None:
            return NotApplicable(Reason.NOTHING_VARIES, f"{self.words(tried)} is the same in all rows")
        return self.judged(found, self.words(tried))

    def judged(self, found: Cue, words: str) -> list[Finding]:
        """The finding on what a cue gives, if it gives enough."""
        if found.accuracy < found.chance + self.errors_above * found.error:
            return []
        share, of_whole = (above_chance(value, found.chance) for value in (found.accuracy, found.whole))
        if share < self.least:
            return []
        is_much = share >= self.strong or share >= max(self.least_of_whole, self.nearly_all * of_whole)
        finding = self.finding(
            Severity.WARNING if is_much else Severity.NOTE,
            f"the class can {'' if is_much else 'partly '}be predicted from {words} alone: right in "
            f"{percent(found.accuracy)} ± {percent(found.error)} (chance {percent(found.chance)}, whole rows "
            f"{percent(found.whole)})",
            details={
                "accuracy": found.accuracy,
                "standard_error": found.error,
                "chance": found.chance,
                "whole_rows": found.whole,
            },
        )
        return [finding]


def try_cue(evidence: Evidence, features: np.ndarray) -> Cue | None:
    """How well these features of the sampled rows alone predict the class; None if they do not vary."""
    if features.shape[1] == 0 or not (np.ptp(features, axis=0) > 0).any():
        return None
    inside, _ = out_of_fold(
        features, evidence.y, evidence.folds, evidence.n_classes, build=lambda: forest(evidence.seed)
    )
    accuracy = evidence.balanced(inside.argmax(1) == evidence.y)
    error = share_standard_error(accuracy, evidence.n_groups)
    return Cue(accuracy, error, evidence.best_accuracy, evidence.chance)
