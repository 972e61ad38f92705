"""A small sketch of a set of rows, enough to see later whether two sets share rows.

The sketch of a set is its 256 smallest row digests, shortened to 8 bytes (a bottom-k sketch: Broder 1997,
doi:10.1109/SEQUEN.1997.666900). Digests are hashes, so the smallest are a random sample, and of two sets both
sketches keep the same rows where the sets share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

SKETCH_SIZE = 256
MIN_SHARED_ROWS = 2  # one equal row alone may be a common one (an empty form, a blank picture)


def sketch_of(digests: np.ndarray) -> list[str]:
    """The sketch of rows with these digests: up to 256 hex strings of 16 digits, ascending."""
    return sorted({digest[:8].hex() for digest in as_bytes(digests)})[:SKETCH_SIZE]


def shared_part(a: Sequence[str], b: Sequence[str]) -> float:
    """Estimated part of the smaller set's rows that the other one has too, in [0, 1].

    Up to the lower of the two largest sketched digests both sketches are complete, so rows are compared
    there.
    """
    if not a or not b:
        return 0.0
    complete_to = min(max(a) if len(a) >= SKETCH_SIZE else "g", max(b) if len(b) >= SKETCH_SIZE else "g")
    ours, theirs = ({digest for digest in s if digest <= complete_to} for s in (a, b))
    shared = len(ours & theirs)
    smaller = min(len(ours), len(theirs))
    return shared / smaller if shared >= min(MIN_SHARED_ROWS, smaller) and smaller else 0.0


def fingerprint_of(digests: np.ndarray) -> str:
    """SHA-256 (hex) over the sorted digests: the same for the same rows in any order."""
    return hashlib.sha256(b"".join(sorted(as_bytes(digests)))).hexdigest()


def as_bytes(digests: np.ndarray) -> list[bytes]:
    """Each digest as 32 bytes (NumPy drops zero bytes from the end of its byte strings)."""
    return [bytes(digest).ljust(32, b"\0") for digest in digests]
