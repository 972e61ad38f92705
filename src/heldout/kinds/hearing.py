"""Sounds as a few numbers a moment: mel bands over time, and summaries of them. NumPy and SciPy only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from heldout.data.dataset import Dataset

BANDS = 32
FRAME_SECONDS = 0.046
STEP_SECONDS = 0.023
MOST_FRAMES = 1024
LOWEST_HZ = 60.0
HIGHEST_HZ = 8000.0
FULL_SCALE = 32768.0
ROWS = 32


def mel_levels(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """Power in mel bands over time, float32, shape (len(rows), BANDS, n_frames); 1 is full scale.

    Of sounds longer than about 24 s the steps are wider, so that there are at most 1,024.
    """
    rate, length = int(data.input["rate"]), data.x.shape[1]
    size = max(64, 2 ** round(np.log2(FRAME_SECONDS * rate)))
    step = max(1, round(STEP_SECONDS * rate), -(-length // MOST_FRAMES))
    bank, window = _bank(size, rate), np.hanning(size + 1)[:-1].astype(np.float32)
    starts = np.arange(0, max(1, length - size + 1), step)
    found = np.empty((len(rows), BANDS, len(starts)), np.float32)
    for start in range(0, len(rows), ROWS):
        block = np.asarray(data.x[rows[start : start + ROWS]], np.float32)[..., 0] / np.float32(FULL_SCALE)
        block = np.pad(block, ((0, 0), (0, max(0, size - length))))
        frames = np.lib.stride_tricks.sliding_window_view(block, size, axis=1)[:, starts]
        power = np.abs(fft.rfft(frames * window, axis=2)) ** 2 / np.float32(size)
        found[start : start + ROWS] = np.swapaxes(power @ bank.T, 1, 2)
    return found


@lru_cache(maxsize=4)
def _bank(size: int, rate: int) -> np.ndarray:
    """Triangular filters, evenly spaced in mel (O'Shaughnessy 1987: ``2595 log10(1 + f / 700)``)."""
    top = min(HIGHEST_HZ, rate / 2)
    mel = np.linspace(_mel(min(LOWEST_HZ, top / 4)), _mel(top), BANDS + 2)
    edges = 700.0 * (10 ** (mel / 2595.0) - 1)
    hertz = np.arange(size // 2 + 1) * rate / size
    # A filter narrower than the spectrum's lines still gets the nearest of them.
    edges[1:-1] = np.round(edges[1:-1] / (rate / size)) * (rate / size) if rate / size > edges[1] / 4 else edges[1:-1]
    left, middle, right = (edges[i : i + BANDS, None] for i in range(3))
    rising = (hertz - left) / np.maximum(middle - left, rate / size / 2)
    falling = (right - hertz) / np.maximum(right - middle, rate / size / 2)
    result: np.ndarray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return result


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1 + hertz / 700.0))


def summaries(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """Mean and deviation of the level of each mel band in decibels; shape (len(rows), 2 * BANDS)."""
    parts = []
    for start in range(0, len(rows), 256):
        levels = 10 * np.log10(mel_levels(data, rows[start : start + 256]) + 1e-10)
        parts.append(np.concatenate([levels.mean(2), levels.std(2)], axis=1))
    return np.concatenate(parts) if parts else np.empty((0, 2 * BANDS), np.float32)
