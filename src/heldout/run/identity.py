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


def match_rows(digests: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
    """Position of a row for each wanted digest that is there, in the order of the digests and no row twice."""
    places: dict[str, list[int]] = {}
    for position, digest in enumerate(digests.tolist()):
        places.setdefault(digest, []).append(position)
    left = {digest: iter(found) for digest, found in places.items()}
    found = [next(left[digest], None) for digest in wanted if digest in left]
    return np.asarray([position for position in found if position is not None], dtype=np.int64)
