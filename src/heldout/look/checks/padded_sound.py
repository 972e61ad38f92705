"""Check: sounds mostly filled up with silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.checks.silent_sound import SilentSound
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import Range, setting
from heldout.wording import plural

SILENT = SilentSound()


@dataclass(frozen=True)
class PaddedSound(Check):
    """Counts the samples that are exactly 0; sounds that are silent altogether have their own check."""

    id = "padded-sound"
    title = "Sounds mostly filled up with silence"
    topic = Topic.SOUNDS
    severities = (Severity.NOTE,)
    kinds = ("sounds",)
    meaning = "They were cut short and filled up, here or before. How much silence a sound has may give its class away."
    remedy = "choose a shorter length for all sounds (--clip-seconds), or cut sounds from longer recordings"
    doing = "listening"

    most_empty: float = setting(0.5, "Share of samples that may be 0.", within=Range(0, 1))

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        is_padded = evidence.measure("empty") > self.most_empty
        rows = np.flatnonzero(is_padded & (evidence.measure("level") >= SILENT.silent_db))
        if len(rows) == 0:
            return []
        name, count = evidence.most_common_class(rows)
        finding = self.finding(
            Severity.NOTE,
            f"digital silence in more than {100 * self.most_empty:g} % of the length of {plural(len(rows), 'sound')}, "
            f"most of class {name!r} ({count:,})",
            items=evidence.named(rows),
            rows=rows.tolist(),
        )
        return [finding]
