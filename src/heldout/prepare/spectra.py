"""Short-time spectra of one sound at a time, in float32 and in pieces that fit into a core's cache.

A clip is cut into overlapping frames, each is weighted with a Hann window and transformed. Every clip goes through the
same operations of the same shapes, so that its spectrum has the same bits alone and among others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft

FULL_SCALE = 32768.0
_CHUNK_FRAMES = 64
_LEAST_POWER = 1e-20


@dataclass(frozen=True)
class Frames:
    """How clips are cut: samples a frame, and samples from one frame to the next.

    There are ``1 + (length - size) // hop`` frames, and nothing is padded; a clip shorter than a frame is filled up
    with zeros to one.
    """

    size: int
    hop: int

    def count(self, length: int) -> int:
        """Number of frames of a clip of this length."""
        return 1 + max(0, length - self.size) // self.hop


def hann(size: int) -> np.ndarray:
    """Periodic Hann window, float32; scaled so that a sine of full scale has power 1 in its bin."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.asarray(window * (2.0 / window.sum()), dtype=np.float32)


def power_chunks(samples: np.ndarray, frames: Frames, window: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Power of one clip's frames, a few frames at a time.

    Parameters
    ----------
    samples : float32 array, shape (length,), in [-1, 1]
    frames : Frames
    window : float32 array, shape (frames.size,)

    Yields
    ------
    first : int
        Number of the first frame.
    power : float32 array, shape (n_frames, size // 2 + 1)
    """
    n_frames = frames.count(len(samples))
    if len(samples) < frames.size:
        samples = np.pad(samples, (0, frames.size - len(samples)))
    cut = np.lib.stride_tricks.sliding_window_view(samples, frames.size)[:: frames.hop]
    for first in range(0, n_frames, _CHUNK_FRAMES):
        spectrum = scipy.fft.rfft(cut[first : first + _CHUNK_FRAMES] * window, axis=1, overwrite_x=True)
        power = spectrum.real**2
        power += spectrum.imag**2
        yield first, power


def frequencies(size: int, rate: int) -> np.ndarray:
    """Centre of each bin in Hz, float32, shape (size // 2 + 1,)."""
    return (np.arange(size // 2 + 1) * (rate / size)).astype(np.float32)


def mel(hertz: np.ndarray | float) -> np.ndarray:
    """Pitch in mel, ``2595 log10(1 + f / 700)`` (O'Shaughnessy 1987)."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0))


def hertz(mels: np.ndarray) -> np.ndarray:
    """Frequency of a pitch; the inverse of `mel`."""
    return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))


def mel_filters(size: int, rate: int, n_bands: int, low: float, high: float) -> np.ndarray:
    """Triangular weights that turn a power spectrum into mel bands; each band is a mean, its weights sum to 1.

    Parameters
    ----------
    size, rate : int
        Samples a frame, samples a second.
    n_bands : int
    low, high : float
        Edges of the lowest and highest band in Hz.

    Returns
    -------
    float32 array, shape (n_bands, size // 2 + 1)
        A band narrower than the spacing of the bins takes the bin nearest to its centre.
    """
    edges = hertz(np.linspace(mel(low), mel(high), n_bands + 2))
    bins = frequencies(size, rate).astype(np.float64)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    empty = np.flatnonzero(weights.sum(axis=1) == 0)
    weights[empty, np.abs(bins - edges[1:-1][empty, None]).argmin(axis=1)] = 1.0
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def linear_filters(size: int, rate: int, n_bands: int, low: float, high: float) -> np.ndarray:
    """Weights that turn a power spectrum into bands of equal width in Hz; see `mel_filters`."""
    bins = frequencies(size, rate).astype(np.float64)
    edges = np.linspace(low, high, n_bands + 1)
    lower, upper = np.maximum(bins - rate / size / 2, 0.0), bins + rate / size / 2  # a bin stands for its surroundings
    shared = np.minimum(upper, edges[1:, None]) - np.maximum(lower, edges[:-1, None])
    weights = np.maximum(0.0, shared)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def decibels(power: np.ndarray, floor_db: float) -> np.ndarray:
    """``10 log10(power)``, at least `floor_db`; 0 dB is a sine of full scale. Changes `power`."""
    np.maximum(power, np.float32(max(_LEAST_POWER, 10.0 ** (floor_db / 10.0))), out=power)
    np.log10(power, out=power)
    power *= np.float32(10.0)
    return power
