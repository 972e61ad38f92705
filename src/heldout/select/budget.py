"""How the time that was allowed is shared among the candidates, and how long the rest will take.

Estimates only decide whether and how long a candidate may run. What a candidate computes never depends on them, so one
that finishes says the same with and without a time limit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

SLACK = 0.3
"""Part of what later candidates were promised that one candidate may overrun into: estimates are rough."""
SPARE_SECONDS = 3.0
"""Kept for the report and the files at the end, but at most a fifth of the whole; and a twentieth of the whole."""


@dataclass
class Budget:
    """A clock over a list of steps with expected costs; the last step is the refit of the choice."""

    costs: Sequence[float]
    limit: float | None = None
    start: float = field(default_factory=time.monotonic)
    _expected: float = 0.0
    _spent: float = 0.0

    def record(self, step: int, seconds: float) -> None:
        """A step took this long: later estimates are scaled by what was seen so far."""
        self._expected += self.costs[step]
        self._spent += seconds

    @property
    def scale(self) -> float:
        """Observed over expected time; five seconds of faith in the estimates keep the first fits from deciding."""
        return (self._spent + 5.0) / (self._expected + 5.0)

    def remaining(self) -> float:
        """Seconds left of the limit, less what the end needs; infinite without a limit."""
        if self.limit is None:
            return float("inf")
        spare = min(SPARE_SECONDS, 0.2 * self.limit) + 0.05 * self.limit
        return self.start + self.limit - spare - time.monotonic()

    def allowance(self, step: int) -> float:
        """Seconds that this step may take: its share of what is left, and some of the others'."""
        left = self.remaining()
        if left == float("inf"):
            return left
        ahead = sum(self.costs[step:])
        share = left * self.costs[step] / ahead
        return share + SLACK * (left - share)

    def fits(self, step: int) -> bool:
        """Whether it is worth starting: not expected to need more than twice what it may take."""
        return self.remaining() > 0 and self.costs[step] * self.scale <= 2 * self.allowance(step)

    def estimate(self, step: int, done_share: float = 0.0) -> float:
        """Seconds until everything from this step on is done; never more than is left of the limit."""
        return min(self.scale * (sum(self.costs[step:]) - done_share * self.costs[step]), max(0.0, self.remaining()))
