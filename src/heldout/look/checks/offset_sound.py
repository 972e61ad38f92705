"""Check: sounds with a constant offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural


@dataclass(frozen=True)
class OffsetSound(Check):
    """Measures the mean of each sound's samples."""

    id = "offset-sound"
    title = "Sounds with a constant offset"
    topic = Topic.SOUNDS
    severities = (Severity.NOTE,)
    kinds = ("sounds",)
    meaning = "The offset comes from the recorder. Features that count zero crossings or energy see it."
    remedy = "subtract the mean of each sound, or filter out what is below 20 Hz"
    doing = "listening"

    most_offset: float = setting(0.02, "Mean, as a share of full scale, that is no offset.", within=Range(0, 1))

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        rows = np.flatnonzero(np.abs(evidence.measure("offset")) > self.most_offset)
        if len(rows) == 0:
            return []
        finding = self.finding(
            Severity.NOTE,
            f"a constant offset above {100 * self.most_offset:g} % of full scale in {plural(len(rows), 'sound')}, "
            f"first {evidence.data.ids[rows[0]]}",
            items=evidence.named(rows),
            rows=rows.tolist(),
        )
        return [finding]
