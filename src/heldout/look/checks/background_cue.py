"""Check: a background that gives the class away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Topic
from heldout.look.cue import CueCheck
from heldout.look.evidence import Evidence
from heldout.settings import Range, setting

BORDER = 0.12
BLOCK_ROWS = 2048


@dataclass(frozen=True)
class BackgroundCue(CueCheck):
    """Gives a small forest nothing but means and deviations of four strips along the border of each image."""

    id = "background-cue"
    title = "A background that gives the class away"
    topic = Topic.IMAGES
    kinds = ("images",)
    meaning = (
        f"A model that is given nothing but means and deviations of the outer {100 * BORDER:.0f} % of each side "
        "predicts the class better than chance. Where the background goes with the class (snow behind one animal, one "
        "clinic's frame), a model learns it instead of the subject, and fails where they part."
    )
    remedy = (
        "collect each class before all backgrounds, crop to the subject, or test on images in which the background is "
        "exchanged"
    )
    doing = "trying background and files alone"
    cue = "the border of the image"

    border: float = setting(BORDER, "Width of the strips, as a share of the side.", within=Range(0, 0.5))
    strong: float = setting(
        2.0, "The same from which it is a warning: never, as subjects reach the border and the next setting decides."
    )

    def features(self, evidence: Evidence) -> np.ndarray:
        """Of the sampled images."""
        return border_features(evidence.data.x, evidence.rows, self.border)


def border_features(images: np.ndarray, rows: np.ndarray, border: float = BORDER) -> np.ndarray:
    """Mean and deviation of each channel in the four strips along the border; shape (len(rows), 8 * channels)."""
    height, width, _ = images.shape[1:]
    top, side = max(1, round(border * height)), max(1, round(border * width))
    strips = (np.s_[:, :top], np.s_[:, -top:], np.s_[:, :, :side], np.s_[:, :, -side:])
    parts = []
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.asarray(images[rows[start : start + BLOCK_ROWS]], np.float32)
        cut = [block[strip] for strip in strips]
        parts.append(np.concatenate([f((1, 2)) for strip in cut for f in (strip.mean, strip.std)], axis=1))
    return np.concatenate(parts)
