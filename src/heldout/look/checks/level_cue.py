"""Check: a level that gives the class away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import Topic
from heldout.look.cue import CueCheck
from heldout.look.evidence import Evidence


@dataclass(frozen=True)
class LevelCue(CueCheck):
    """Gives a small forest nothing but the root mean square and the peak of each sound."""

    id = "level-cue"
    title = "A level that gives the class away"
    topic = Topic.SOUNDS
    kinds = ("sounds",)
    meaning = (
        "Nothing but the root mean square and the peak of each sound was given. Where recordings of one class were "
        "made nearer or with more gain, a model learns the gain."
    )
    remedy = "bring all sounds to one level, or train with changes of gain (`heldout augment`)"
    doing = "trying levels and files alone"
    cue = "the loudness of the sound"

    def features(self, evidence: Evidence) -> np.ndarray:
        """Of the sampled sounds, in dB of full scale."""
        return np.column_stack([evidence.measure(name)[evidence.rows] for name in ("level", "peak")])
