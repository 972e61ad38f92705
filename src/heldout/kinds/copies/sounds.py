"""The same recording again: shifted in time, louder or softer, with a little noise, or overlapping in part.

Each sound becomes the fourth root of its power in 32 mel bands over time, less each band's mean, so that what counts is
how the sound moves and not its colour. Candidates are the nearest by the strength of these movements, which a shift
leaves alone. Each pair is then correlated at every shift that leaves half of it overlapping; the distance is
``sqrt(2 - 2 c)`` of the best correlation c, which a gain does not change. A pair is a copy if all other candidates of
both are much further.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from heldout.data.dataset import Dataset
from heldout.kinds.copies.nearest import nearest
from heldout.kinds.copies.registered import tight_pairs
from heldout.kinds.hearing import mel_levels

K = 12
AXES = 32
SLOWEST = 24  # frequencies of movement that count
RADII = (0.63, 0.45, 0.32, 0.2)  # a correlation of 0.8, 0.9, 0.95, 0.98
GAP = 1.35
LEAST_OVERLAP = 0.5
MOST = 20_000
PAIRS = 256
WHAT = (
    f"identical, or with movements of the spectrum that correlate by at least {1 - RADII[0] ** 2 / 2:.2f} after a "
    f"shift, and at least {GAP:g} times as far from all others"
)


def sound_pairs(data: Dataset, rows: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows that are the same recording; of more than 20,000 rows, 20,000 at random are compared."""
    if len(rows) > MOST:
        rows = np.sort(generator.permutation(rows)[:MOST])
    if len(rows) < 2:
        return rows[:0], rows[:0]
    moves = _moves(data, rows)
    a, b = _candidates(moves, generator)
    distance = _distances(moves, a, b)
    links = tight_pairs(a, b, distance, len(rows), radii=RADII, gap=GAP)
    return rows[a[links]], rows[b[links]]


def _moves(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """Movements in each band, float32, shape (n, BANDS, n_frames), each sound of length 1; 0 for silence."""
    parts = []
    for start in range(0, len(rows), 512):
        roots = np.sqrt(np.sqrt(mel_levels(data, rows[start : start + 512])))
        roots -= roots.mean(2, keepdims=True)
        length = np.sqrt((roots**2).sum((1, 2), keepdims=True))
        parts.append(np.where(length > 1e-3, roots / np.maximum(length, 1e-6), 0).astype(np.float32))
    return np.concatenate(parts)


def _candidates(moves: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    strength = np.abs(fft.rfft(moves, axis=2))
    slow = np.sqrt(strength[:, :, 1 : 1 + SLOWEST]).reshape(len(moves), -1)
    loud = np.sqrt((moves**2).sum(2))
    a, b = [], []
    for values in (slow, loud):
        described = _whitened(values)
        others = nearest(described, described, K, generator)
        a.append(np.repeat(np.arange(len(moves)), others.shape[1]))
        b.append(others.ravel())
    first, second = np.concatenate(a), np.concatenate(b)
    there = second >= 0
    low, high = np.minimum(first, second)[there], np.maximum(first, second)[there]
    low, high = np.divmod(np.unique(low * len(moves) + high), len(moves))
    return low, high


def _whitened(values: np.ndarray) -> np.ndarray:
    centred = (values - values.mean(0)).astype(np.float64)
    sample = centred[:4000]
    _, spread, axes = np.linalg.svd(sample, full_matrices=False)
    kept = min(AXES, int((spread > 1e-6 * max(spread.max(initial=0), 1e-12)).sum()))
    scale = np.sqrt(np.maximum(spread[:kept], 1e-12))
    projected = centred @ (axes[:kept].T / scale)
    length = np.linalg.norm(projected, axis=1, keepdims=True)
    result: np.ndarray = (projected / np.maximum(length, 1e-12)).astype(np.float32)
    return result


def _distances(moves: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance of each pair at its best shift; infinite for silence."""
    n_frames = moves.shape[2]
    size = fft.next_fast_len(2 * n_frames, real=True)
    most = n_frames - max(1, round(LEAST_OVERLAP * n_frames))
    shifts = np.arange(-most, most + 1)
    energy = (moves**2).sum(1)
    heads = np.pad(energy.cumsum(1), ((0, 0), (1, 0)))  # energy of the first so many frames
    result = np.full(len(a), np.inf)
    for start in range(0, len(a), PAIRS):
        first, second = a[start : start + PAIRS], b[start : start + PAIRS]
        product = (fft.rfft(moves[first], size, axis=2) * np.conj(fft.rfft(moves[second], size, axis=2))).sum(1)
        overlap = fft.irfft(product, size, axis=1)[:, shifts]  # sum over t of first[t + shift] * second[t]
        low, high = np.maximum(shifts, 0), n_frames + np.minimum(shifts, 0)
        shared = np.sqrt(
            (heads[first][:, high] - heads[first][:, low])
            * (heads[second][:, high - shifts] - heads[second][:, low - shifts])
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = np.where(shared > 0.2, overlap / shared, -1).max(1)
        result[start : start + PAIRS] = np.where(correlation > -1, np.sqrt(np.maximum(2 - 2 * correlation, 0)), np.inf)
    return result
