"""Check: silent sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import setting
from heldout.wording import plural


@dataclass(frozen=True)
class SilentSound(Check):
    """Measures the root mean square of each sound."""

    id = "silent-sound"
    title = "Silent sounds"
    topic = Topic.SOUNDS
    severities = (Severity.WARNING,)
    kinds = ("sounds",)
    meaning = "Nothing can be heard in them, so that their label cannot be learnt; a model may learn silence instead."
    remedy = "remove them, or find out what went wrong at the recording"
    doing = "listening"

    silent_db: float = setting(-70.0, "Level in dB of full scale (root mean square) below which a sound is silent.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        rows = np.flatnonzero(evidence.measure("level") < self.silent_db)
        if len(rows) == 0:
            return []
        finding = self.finding(
            Severity.WARNING,
            f"silence (below {self.silent_db:g} dB of full scale) in {plural(len(rows), 'sound')}, first "
            f"{evidence.data.ids[rows[0]]}",
            items=evidence.named(rows),
            rows=rows.tolist(),
        )
        return [finding]
