"""Where a training is and how long it still takes."""

from __future__ import annotations

import time

import numpy as np

from heldout.nets.fit.run import Run
from heldout.nets.settings import Progress

#: Seconds between two reports within an epoch.
INTERVAL_SECONDS = 0.5


class Clock:
    """Counts steps and reports them to `progress`.

    Events are dicts with ``epoch`` (finished), ``epochs``, ``step``, ``steps`` (of the whole training), ``replicates``,
    ``seconds``, ``seconds_left``, and at the end of an epoch ``loss`` and ``validation_error`` (means over the stack;
    None where there is none).
    """

    def __init__(self, run: Run, progress: Progress | None) -> None:
        self.progress = progress
        self.epochs = max(job.settings.epochs for job in run.jobs)
        self.steps_per_epoch = max(-(-len(job.rows) // job.settings.batch) for job in run.jobs)
        self.run = run
        self.began = self.reported = time.monotonic()
        self.steps = 0

    def tick(self) -> None:
        """Count a step; report if the last report was a while ago."""
        self.steps += 1
        now = time.monotonic()
        if self.progress is not None and now - self.reported > INTERVAL_SECONDS:
            self._report({"loss": None, "validation_error": None}, now)

    def end_epoch(self, run: Run, scores: list[dict[str, float]]) -> None:
        """Report the end of an epoch."""
        if self.progress is None:
            return
        errors = [s["validation_error"] for s in scores if "validation_error" in s]
        last = [m.history[-1]["loss"] for m in run.members] or [
            t.history[-1]["loss"] for t in run.finished.values() if t.history
        ]
        found = {"loss": float(np.mean(last)), "validation_error": float(np.mean(errors)) if errors else None}
        self._report(found, time.monotonic())

    def _report(self, found: dict[str, float | None], now: float) -> None:
        assert self.progress is not None
        at = self.run.epoch * self.steps_per_epoch + self.run.done
        total = self.epochs * self.steps_per_epoch
        seconds = now - self.began
        left = 0.0 if not self.run.members else seconds / max(1, self.steps) * (total - at)
        self.reported = now
        self.progress(
            {
                "epoch": self.run.epoch,
                "epochs": self.epochs,
                "step": at,
                "steps": total,
                "replicates": len(self.run.jobs),
                "seconds": seconds,
                "seconds_left": left,
                **found,
            }
        )
