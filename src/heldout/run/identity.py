"""Rows found again by their digests (`heldout.kinds.base.Kind.content_digests`), whatever their place and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np


def short(digests: np.ndarray) -> np.ndarray:
    """First 8 bytes of each digest as text, as they stand in ``split.json``."""
    return np.asarray([bytes(digest)[:8].hex() for digest in digests], dtype="U16")


def find_rows(digests: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
    """Positions of rows with these short digests, each as often as it is wanted; rows of one digest are equal."""
    left = Counter(wanted)
    found = []
    for position, digest in enumerate(digests.tolist()):
        if left[digest] > 0:
            left[digest] -= 1
            found.append(position)
    return np.asarray(found, dtype=np.int64)
