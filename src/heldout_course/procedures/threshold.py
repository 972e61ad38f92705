"""A picture cut in two by one grey level."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure

STEP = 3
"""Every third pixel of every third line."""
REDDER = 1.15
"""The flower is where red is this many times green: a second opinion that does not look at the grey level."""


@procedure("grey-threshold")
def grey_threshold(width: int = 25) -> dict[str, Any]:
    """Cut a photograph of a flower before dark leaves (of scikit-learn) at the valley between its two modes.

    Parameters
    ----------
    width : int
        Grey levels that the histogram is averaged over before its modes are sought.

    Returns
    -------
    dict
        `threshold`: from this level on a pixel is of the flower; `agrees`: share of pixels where colour says the same.
    """
    from sklearn.datasets import load_sample_image

    from heldout_course.experiments.pixels import packed

    colour = load_sample_image("flower.jpg")[::STEP, ::STEP].astype(float)
    grey = np.round(colour.mean(axis=2)).astype(np.uint8)
    counts = np.bincount(grey.ravel(), minlength=256)
    smooth = np.convolve(np.pad(counts, width // 2, mode="edge"), np.ones(width) / width, "valid")
    peaks = [i for i in range(1, 255) if smooth[i - 1] < smooth[i] >= smooth[i + 1]]
    low, high = sorted(sorted(peaks, key=lambda i: -smooth[i])[:2])
    threshold = low + int(np.argmin(smooth[low:high]))
    mask = grey >= threshold
    flower = colour[..., 0] > REDDER * colour[..., 1]
    return {
        "dark_mode": low,
        "light_mode": high,
        "threshold": threshold,
        "valley_over_lower_peak": float(smooth[threshold] / min(smooth[low], smooth[high])),
        "flower_share": float(mask.mean()),
        "agrees": float(np.mean(mask == flower)),
        "all_background": float(np.mean(~flower)),
        "grey": packed(grey),
        "histogram": counts,
    }
