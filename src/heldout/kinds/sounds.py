"""Sounds: a row is int16, samples x 1."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.groups import join_pairs
from heldout.kinds.base import Kind
from heldout.kinds.copies.groups import Copies, copies_of, one_of_each


class Sounds(Kind):
    """Sounds."""

    name: ClassVar[str] = "sounds"
    row: ClassVar[str] = "sound"
    rows: ClassVar[str] = "sounds"

    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Identical samples, and the same recording shifted, louder, softer or with a little noise."""
        from heldout.kinds.copies.sounds import WHAT, equal_sounds, sound_pairs

        equal = equal_sounds(data.x)
        a, b = sound_pairs(data, one_of_each(equal, generator, most_near), generator)
        return copies_of(join_pairs(equal, a, b), WHAT)
