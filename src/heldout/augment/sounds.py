"""What can be done to one sound: float32 samples in, float32 samples out, full scale being 1.

`to_float` and `to_int16` lead from and to 16 bits. The way back rounds and clips: a plain cast cuts off fractions, and
what is louder than full scale wraps around into a click of the other sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import SettingError, ShapeError, require

FULL_SCALE = 32768.0


def to_float(samples: np.ndarray) -> np.ndarray:
    """Samples of int16 as float32 in [-1, 1)."""
    if samples.dtype != np.int16:
        raise ShapeError(f"sounds of type {samples.dtype}", fix="int16 of shape (n_sounds, length, 1)")
    return samples.astype(np.float32) * np.float32(1 / FULL_SCALE)


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Samples in [-1, 1) as int16, rounded; what is louder is clipped."""
    scaled = np.rint(samples * np.float32(FULL_SCALE))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def move(clip: np.ndarray, samples: int) -> np.ndarray:
    """Move a clip, shape (length,), later (positive) or earlier by a number of samples; the gap is silent."""
    moved = np.zeros_like(clip)
    n = len(clip)
    if samples >= 0:
        moved[samples:] = clip[: max(0, n - samples)]
    else:
        moved[:samples] = clip[-samples:]
    return moved


def add_noise(clip: np.ndarray, snr_db: float, random: np.random.Generator) -> np.ndarray:
    """Add white Gaussian noise of mean 0 at a signal-to-noise ratio.

    Parameters
    ----------
    clip : float32 array, shape (length,)
    snr_db : float
        10 log10 of the power of the clip over that of the noise; both are exact for this very clip. The clip's
        power is its variance, so that a constant offset is no signal; a constant clip gets no noise.
    random : numpy.random.Generator
    """
    noise = random.standard_normal(len(clip), dtype=np.float32)
    noise -= noise.mean(dtype=np.float64)
    loudness, deviation = clip.std(dtype=np.float64), noise.std(dtype=np.float64)
    if not (np.isfinite(snr_db) and deviation > 0):
        return clip.copy()
    noise *= np.float32(loudness / deviation * 10 ** (-snr_db / 20))
    noise += clip
    return noise


def amplify(clip: np.ndarray, gain_db: float) -> np.ndarray:
    """Multiply a clip by ``10 ** (gain_db / 20)``."""
    return clip * np.float32(10 ** (gain_db / 20))


def bend(clip: np.ndarray, rate: int, *, semitones: float = 0.0, speed: float = 1.0, best: bool = False) -> np.ndarray:
    """Change pitch and speed of a clip in one pass; its length stays.

    Parameters
    ----------
    clip : float32 array, shape (length,)
    rate : int
        Samples per second.
    semitones : float, default=0
        By which the pitch rises.
    speed : float, default=1
        Above 1 the sound ends sooner and silence follows; below 1 its end is cut off.
    best : bool, default=False
        The library's slower setting with longer blocks.

    Raises
    ------
    MissingExtraError
        If python-stretch is not installed.
    SettingError
        If `speed` is not positive.
    """
    if not (np.isfinite(speed) and np.isfinite(semitones) and 0.01 <= speed <= 100 and abs(semitones) <= 120):
        raise SettingError(f"speed {speed}, {semitones} semitones", fix="a speed near 1, semitones within 120")
    if len(clip) == 0 or (semitones == 0 and speed == 1):
        return clip.copy()
    require("python_stretch", extra="sounds", needed_by="changing pitch or speed")
    from python_stretch import Signalsmith

    stretch: Any = Signalsmith.Stretch(1)  # its random phases start from this seed, so that results repeat
    stretch.preset(1, float(rate), not best)
    stretch.setTransposeSemitones(semitones)
    if speed != 1:
        stretch.setTimeFactor(speed)
    # Of a slowed clip the end is cut off, so its last part need not be computed; a block more, for what reaches back.
    needed = min(len(clip), int(len(clip) * speed) + stretch.blockSamples()) if speed < 1 else len(clip)
    bent: np.ndarray = stretch.process(np.ascontiguousarray(clip[:needed], np.float32)[None])[0][: len(clip)]
    made = np.zeros(len(clip), np.float32)
    made[: len(bent)] = bent
    return made


def sound_shape(sounds: np.ndarray) -> tuple[int, int]:
    """Number and length of int16 sounds of shape (n_sounds, length, 1), or an error."""
    if sounds.ndim != 3 or sounds.shape[2] != 1 or sounds.dtype != np.int16:
        raise ShapeError(
            f"sounds of shape {sounds.shape} and type {sounds.dtype}", fix="int16 of shape (n_sounds, length, 1)"
        )
    return sounds.shape[0], sounds.shape[1]
