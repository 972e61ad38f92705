"""Rows that are copies of each other, exactly or nearly, found before anything is split.

Two rows are near-copies if they are much more alike than either is to anything else: their distance is at most a
small threshold, and nothing else is within several times that. Thresholds come in scales, each a fixed part of the
one before, so that a closer pair may have closer neighbours. Data that are dense everywhere (few columns, points
along a curve, frames of one film) have no such rows, and what chance alone explains is not grouped.
"""

from __future__ import annotations

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.copies.groups import Copies, no_copies
from heldout.kinds.registry import kind_of


def find_copies(dataset: Dataset, *, seed: int = 0, most_near: int | None = None) -> Copies:
    """Find exact and near copies among all rows; labels are not looked at.

    Tables: numeric columns are divided by their standard deviation, categorical ones and the pattern of missing
    values must be equal; one column may differ as a whole (of more than twelve columns: two). Images: identical
    pixels, nearly so after reduction to at most 16 x 16 by averaging, or the same picture shifted, cropped, mirrored or
    with other brightness and colours. Sounds: the same recording shifted, louder or softer, or with a little noise.

    Parameters
    ----------
    dataset : Dataset
    seed : int, default=0
        Of the shuffles that show what chance explains, and of the search's short cuts.
    most_near : int, optional
        Near-copies are looked for among this many rows, drawn at random; equal rows among all. Default: all rows.

    Returns
    -------
    Copies

    Examples
    --------
    >>> import heldout
    >>> find_copies(heldout.load("digits")).n_copies
    0
    """
    if len(dataset) == 0:
        return no_copies(0)
    generator = np.random.Generator(np.random.PCG64(seed))
    return kind_of(dataset).find_copies(dataset, generator, most_near)
