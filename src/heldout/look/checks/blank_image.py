"""Check: blank images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import setting
from heldout.wording import plural

BLOCK_ROWS = 2048


@dataclass(frozen=True)
class BlankImage(Check):
    """Looks for images of one colour, by the deviation of their grey levels."""

    id = "blank-image"
    title = "Blank images"
    topic = Topic.IMAGES
    severities = (Severity.WARNING,)
    kinds = ("images",)
    meaning = "They show nothing; if they are mostly of one class, “blank” is what a model learns of it."
    remedy = "remove them, or find out what went wrong when they were made"
    doing = "looking at pixels"

    flat: float = setting(2.0, "Grey levels (of 255) of deviation below which an image is blank.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        data = evidence.data
        rows = self._blank(data.x)
        if len(rows) == 0:
            return []
        name, count = evidence.most_common_class(rows)
        finding = self.finding(
            Severity.WARNING,
            f"{plural(len(rows), 'image')} without anything on it (first {data.ids[rows[0]]}; most in class "
            f"{name!r}: {count:,})",
            meaning=f"Their grey levels deviate by less than {self.flat:g} of 255 from the mean. {self.meaning}",
            items=evidence.named(rows),
            rows=rows.tolist(),
        )
        return [finding]

    def _blank(self, images: np.ndarray) -> np.ndarray:
        rows: list[int] = []
        for start in range(0, len(images), BLOCK_ROWS):
            block = np.asarray(images[start : start + BLOCK_ROWS])
            low, high = block.min((1, 2)), block.max((1, 2))
            maybe = np.flatnonzero((high.astype(int) - low).max(1) < 16 * self.flat)
            is_flat = block[maybe].astype(np.float32).std((1, 2)).max(1, initial=0) < self.flat
            rows += (start + maybe[is_flat]).tolist()
        return np.array(rows, np.int64)
