"""SpecAugment on arrays: stripes of frequency and of time are hidden."""

from __future__ import annotations

import numpy as np

from heldout.errors import SettingError, ShapeError


def spec_augment(
    spectrograms: np.ndarray,
    *,
    bands: int,
    frames: int,
    stripes: int = 2,
    most_of_time: float = 1.0,
    fill: float | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Hide stripes of each spectrogram.

    Parameters
    ----------
    spectrograms : array, shape (n_sounds, n_bands, n_frames) or (n_sounds, n_bands, n_frames, channels)
        Levels, in decibels or any other scale.
    bands : int
        Largest height of a stripe of frequency; the height is uniform from 0 to this.
    frames : int
        Largest width of a stripe of time.
    stripes : int, default=2
        Of frequency, and as many of time.
    most_of_time : float in [0, 1], default=1.0
        A stripe of time is no wider than this share of the frames.
    fill : float, optional
        What hidden values become; default: the mean of each spectrogram.
    seed : int, default=0

    Returns
    -------
    array of the same shape and type

    References
    ----------
    Park et al. 2019, doi:10.21437/Interspeech.2019-2680 (without time warping, which the authors found to matter least)
    """
    if spectrograms.ndim not in (3, 4):
        raise ShapeError(f"spectrograms of shape {spectrograms.shape}", fix="(n_sounds, n_bands, n_frames)")
    n, n_bands, n_frames = spectrograms.shape[:3]
    if min(bands, frames, stripes) < 0 or bands > n_bands or frames > n_frames or not 0 <= most_of_time <= 1:
        raise SettingError(
            f"bands={bands}, frames={frames}, stripes={stripes}, most_of_time={most_of_time} "
            f"for spectrograms of {n_bands} x {n_frames}",
            fix="from 0 up to the size of the spectrogram",
        )
    random = np.random.default_rng(seed)
    hidden = np.zeros((n, n_bands, n_frames), bool)
    for _ in range(stripes):
        hidden |= _stripe(random, n, n_bands, bands)[:, :, None]
        hidden |= _stripe(random, n, n_frames, min(frames, int(most_of_time * n_frames)))[:, None, :]
    axes = tuple(range(1, spectrograms.ndim))
    paint = spectrograms.mean(axis=axes, keepdims=True) if fill is None else np.asarray(fill)
    mask = hidden if spectrograms.ndim == 3 else hidden[..., None]
    return np.where(mask, paint.astype(spectrograms.dtype), spectrograms)


def _stripe(random: np.random.Generator, n: int, length: int, most: int) -> np.ndarray:
    """Boolean (n, length), True in one stripe each."""
    width = random.integers(0, most + 1, n)
    start = (random.random(n) * (length - width + 1)).astype(np.int64)
    place = np.arange(length)[None]
    return (place >= start[:, None]) & (place < (start + width)[:, None])
