"""The settings of a search of one estimator, declared once."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.select.search.points import MOST_POINTS
from heldout.settings import Range, check, setting


@dataclass(frozen=True)
class SearchSettings:
    """How settings of an estimator are tried, and which is chosen."""

    how: str = setting(
        "grid",
        "How points are proposed: every combination, independent draws, evenly spread, or Optuna.",
        choices=("grid", "random", "spread", "optuna"),
    )
    n_points: int | None = setting(
        None, "Points to try.", within=Range(1, MOST_POINTS), unset="20; a grid has as many as it has combinations"
    )
    per_dimension: int = setting(5, "Values that a grid takes from a range.", within=Range(1))
    folds: int = setting(5, "Folds of the cross-validation that chooses.", within=Range(2))
    repeats: int = setting(1, "Repeats of that cross-validation.", within=Range(1))
    nested: int | None = setting(
        None, "Outer folds that judge the search.", within=Range(2), unset="no score that may be reported"
    )
    rule: str = setting(
        "one-se", "Choose the simplest within one standard error of the best, or the best.", choices=("one-se", "best")
    )
    seed: int = setting(0, "Seed; the same one gives the same result with any number of jobs.", within=Range(0))
    jobs: int | None = setting(None, "Worker processes of one thread.", within=Range(1), unset="one per core")
    time: float | None = setting(
        None,
        "Seconds; after them the points that are finished in every fold count.",
        within=Range(0, open_low=True),
        unset="no limit",
    )

    def __post_init__(self) -> None:
        check(self, fix="see `heldout.select.search.search`")
