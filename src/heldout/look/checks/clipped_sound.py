"""Check: clipped sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural


@dataclass(frozen=True)
class ClippedSound(Check):
    """Counts the samples at full scale."""

    id = "clipped-sound"
    title = "Clipped sounds"
    topic = Topic.SOUNDS
    severities = (Severity.NOTE,)
    kinds = ("sounds",)
    meaning = (
        "Cut-off peaks add overtones that were not in the room. If one class is clipped more often, that is a cue of "
        "the recorder and not of the sound."
    )
    remedy = "record with less gain; nothing brings clipped peaks back"
    doing = "listening"

    most_clipped: float = setting(0.001, "Share of samples at full scale that is no clipping.", within=Range(0, 1))

    def run(self, evidence: Evidence) -> Found:
        """One finding at most, the most clipped sound first."""
        clipped = evidence.measure("clipped")
        rows = np.flatnonzero(clipped > self.most_clipped)
        if len(rows) == 0:
            return []
        rows = rows[np.argsort(-clipped[rows], kind="stable")]
        name, count = evidence.most_common_class(rows)
        finding = self.finding(
            Severity.NOTE,
            f"clipping in more than {100 * self.most_clipped:g} % of the samples of {plural(len(rows), 'sound')}, most "
            f"of class {name!r} ({count:,})",
            items=evidence.named(rows),
            rows=rows.tolist(),
        )
        return [finding]
