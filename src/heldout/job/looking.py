"""A short look at the training rows before cross-validation, so that a run tells what is wrong with its data."""

from __future__ import annotations

from typing import Any

from heldout.job.preparing import Prepared
from heldout.run.events import Looked
from heldout.run.folder import LOOK, RunFolder
from heldout.run.settings import TrainSettings

ROWS = 1_000
"""Rows that models, leaks and cues are tried on; `heldout look` takes more."""

LEAST_TIME = 60.0
"""Seconds: a command that may take less does not look."""

IGNORED = ("copies",)
"""Checks that are left out: what copies there are is reported with the split, which keeps them together."""


def look_at_training(folder: RunFolder, prepared: Prepared, settings: TrainSettings) -> Looked:
    """Look at the training rows, keep what was found with the run, and return the event that tells it.

    Sealed rows are not looked at. A look that is there already, of the same run, is told again.
    """
    if not settings.look:
        return _event([], skipped="it was not asked for")
    if (settings.time or LEAST_TIME) < LEAST_TIME:
        return _event([], skipped=f"with less than {LEAST_TIME:g} s there is no time for it")
    if not (folder.path / LOOK).exists():
        from heldout.look.survey import look

        copies = prepared.copies
        seen = look(prepared.train, ignore=IGNORED, seed=settings.seed, copies=copies, most=ROWS, others=0)
        folder.write_json(LOOK, seen.as_json())
    return _event(folder.read_json(LOOK)["findings"])


def _event(findings: list[dict[str, Any]], skipped: str = "") -> Looked:
    told = [{key: found[key] for key in ("id", "severity", "title")} for found in findings]
    return Looked(findings=tuple(told), skipped=skipped)
