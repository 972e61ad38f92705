"""The choice: the simplest candidate that is as good as the best, and what it answered out of fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.errors import TrainingError
from heldout.models.calibrated import SoftmaxCalibrated
from heldout.select.results import CandidateResult
from heldout.select.selection import Selection


@dataclass(frozen=True)
class Choice:
    """The chosen candidate and the reason, in words."""

    result: CandidateResult
    best: CandidateResult
    why: str


def choose(results: list[CandidateResult]) -> Choice:
    """Pick the simplest model whose mean MCC is within one standard error of the best (Breiman et al. 1984).

    Raises
    ------
    TrainingError
        If no candidate finished.
    """
    finished = [result for result in results if result.status == "finished"]
    if not finished:
        reasons: dict[str, list[str]] = {}
        for result in results:
            reasons.setdefault(result.why or "not begun", []).append(result.name)
        said = "; ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items())
        raise TrainingError(f"no model finished ({said})", fix="allow more --time, or choose quicker --models")
    best = max(finished, key=lambda result: result.summary("mcc")[0])  # the first, so the simplest, of equals
    mean, se = best.summary("mcc")
    threshold = mean - (se or 0.0)
    chosen = next(result for result in finished if result.summary("mcc")[0] >= threshold)
    own, own_se = chosen.summary("mcc")
    if chosen is best:
        why = (
            f"{chosen.title} has the best cross-validated MCC ({own:.3f} ± {own_se or 0:.3f}), "
            "and no simpler model is within one standard error of it"
        )
    else:
        why = (
            f"{chosen.title} (MCC {own:.3f} ± {own_se or 0:.3f}) is the simplest model within one standard error "
            f"of the best, {best.title} (MCC {mean:.3f} ± {se or 0:.3f})"
        )
    left_out = [r.title for r in results if r.status in ("skipped", "failed", "waiting", "running")]
    if left_out:
        why += f"; not judged: {', '.join(left_out)}"
    return Choice(chosen, best, why)


def out_of_fold_probabilities(plan: Selection, result: CandidateResult) -> np.ndarray | None:
    """Probabilities of the chosen model for every cross-validated row, from models that did not see the row."""
    if result.scores is None:
        return None
    if result.calibrated:
        return result.scores
    known = _Classes(np.arange(plan.data.n_classes))
    return SoftmaxCalibrated.from_out_of_fold(known, result.scores, plan.y).probabilities(result.scores)


class _Classes:
    """Stands where a fitted estimator would: the calibration only asks for its classes."""

    def __init__(self, classes: np.ndarray) -> None:
        self.classes_ = classes
