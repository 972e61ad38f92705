"""Copies among images: identical pixels, or nearly so after reduction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from heldout.kinds.copies.equal import BLOCK_ROWS, digests
from heldout.kinds.copies.merging import merge
from heldout.kinds.copies.nearness import TightGroups
from heldout.kinds.copies.neighbours import ByBlocks, Points

# Images: root mean square difference of the reduced images, in grey levels (0 to 255). A JPEG of quality 85 of a
# CIFAR-10 picture is 4 away from it (95 %: 7), the nearest other picture 38 (1 %: 16). Wider scales would find more
# copies, but take pictures of one kind (noise of one brightness in a frame) for copies and put a class in one group.
# Measured: of 1,000 CIFAR-10 pictures among 5,000, 99 % are found at JPEG 85, 86 % at JPEG 60, 100 % resized to 24 x 24
# and back, 90 % to 16 x 16; of 108 pictures cut from photographs, 94 %, 76 %, 98 %, 95 %. Among the 70,000 images of
# MNIST none is found, and among the 60,000 of CIFAR-10 none; the wide scales find 181 groups there, 9 to 22 apart.
SCALES = (8.0, 5.7, 4.0, 2.8, 2.0, 1.4, 1.0)
# Wider ones find the same picture re-encoded roughly, but whole classes of similar pictures, too: they count only where
# they group few rows, and with the contrast that is given.
WIDE_SCALES = (22.0, 16.0, 11.3)
WIDE_CONTRAST = 2.0
WIDE_SHARE = 0.02
GAP = 2.0
SIDE = 16
CONTRAST = 3.0  # an image's own contrast must be that many times the threshold: grey fog is no copy of fog


WHAT = (
    f"identical, or within {SCALES[0]:g} of 255 grey levels ({WIDE_SCALES[0]:g} where that groups few; root mean "
    f"square, reduced to at most {SIDE} x {SIDE}) and at least {GAP:g} times as far from all others"
)


def near_images(images: np.ndarray, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Group number of each of these rows, near-copies after reduction together."""
    points, contrast = _reduced(images, rows)
    same = pd.factorize(digests(points))[0]
    one_of_each = np.unique(same, return_index=True)[1]
    chosen, contrast = points[one_of_each], contrast[one_of_each]
    merged = np.arange(len(chosen))
    if len(chosen) < 2:
        return merged[same]
    near = Points(chosen, np.zeros(len(chosen), np.int64), generator)
    search = TightGroups(near, ByBlocks(near), gap=GAP)
    for scale in (*WIDE_SCALES, *SCALES):
        labels = search.find(scale * chosen.shape[1] ** 0.5)
        is_wide = scale in WIDE_SCALES
        least = (WIDE_CONTRAST if is_wide else CONTRAST) * scale
        too_many = is_wide and (labels >= 0).sum() > WIDE_SHARE * len(chosen)
        faint = labels[(labels >= 0) & (too_many | (contrast < least))]
        labels = np.where(np.isin(labels, faint), -1, labels)
        search.is_grouped &= ~np.isin(search.labels, faint)  # a finer scale may still find it
        merged = merge(merged, labels)
    return merged[same]


def _reduced(images: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images averaged down to at most 16 x 16, flat uint8, and the standard deviation within each."""
    height, width = (np.linspace(0, side, min(side, SIDE) + 1).astype(int) for side in images.shape[1:3])
    areas = np.diff(height)[:, None, None] * np.diff(width)[:, None]
    points, contrast = [], []
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.asarray(images[rows[start : start + BLOCK_ROWS]], dtype=np.float32)
        sums = np.add.reduceat(np.add.reduceat(block, height[:-1], axis=1), width[:-1], axis=2)
        means = sums / areas
        contrast.append(means.std(axis=(1, 2)).max(axis=1))
        points.append(np.rint(means).astype(np.uint8).reshape(len(means), -1))
    return np.concatenate(points), np.concatenate(contrast)
