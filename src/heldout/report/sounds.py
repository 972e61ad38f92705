"""A sound for the page: a small picture of its spectrum, and a player that needs no network."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np

from heldout.prepare.spectra import Frames, decibels, hann, mel_filters, power_chunks

MOST_SECONDS = 6.0
WIDTH, HEIGHT = 160, 64
"""Pixels of a spectrogram."""

FLOOR_DB = -80.0
PLAIN_RATE = 11_025
"""Samples a second where MP3 cannot be written: a byte each, so that a page holds some."""


def spectrogram(samples: np.ndarray, rate: int) -> np.ndarray:
    """Mel spectrogram in decibels as a grey picture, low tones at the bottom, loud is dark.

    Parameters
    ----------
    samples : int16 array, shape (length,)
    rate : int

    Returns
    -------
    uint8 array, shape (HEIGHT, WIDTH)
    """
    size = 1 << max(6, int(0.032 * rate).bit_length())
    heard = samples[: int(MOST_SECONDS * rate)].astype(np.float32) / np.float32(32768)
    frames = Frames(size, max(1, (len(heard) - size) // (WIDTH - 1)) if len(heard) > size else 1)
    power = np.concatenate([block for _, block in power_chunks(heard, frames, hann(size))])
    bands = power @ mel_filters(size, rate, HEIGHT, min(50.0, rate / 8), rate / 2).T
    levels = decibels(bands, FLOOR_DB)
    if levels.max() <= FLOOR_DB:  # silence
        return np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    levels -= levels.max()
    shades = 255 * np.clip(levels / FLOOR_DB, 0.0, 1.0)
    columns = np.linspace(0, len(shades) - 1, WIDTH).round().astype(int)
    return np.ascontiguousarray(shades[columns].T[::-1].astype(np.uint8))


def sound_data_uri(samples: np.ndarray, rate: int) -> str:
    """A sound as ``data:audio/mpeg;base64,…``, or as WAV with 8 bits where soundfile cannot write MP3.

    Parameters
    ----------
    samples : int16 array, shape (length,)
        At most `MOST_SECONDS` are kept.
    rate : int
    """
    heard = samples[: int(MOST_SECONDS * rate)]
    packed = _mp3(heard, rate)
    if packed is not None:
        return "data:audio/mpeg;base64," + base64.b64encode(packed).decode("ascii")
    return "data:audio/wav;base64," + base64.b64encode(_wav(heard, rate)).decode("ascii")


def _mp3(samples: np.ndarray, rate: int) -> bytes | None:
    """MP3 of about 32 kbit a second; None if it cannot be written here."""
    try:
        import soundfile
    except (ImportError, OSError):
        return None
    rates = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
    if "MP3" not in soundfile.available_formats() or rate not in rates:
        return None
    stream = io.BytesIO()
    slower = 2 if rate in (44_100, 48_000, 32_000) else 1
    with soundfile.SoundFile(
        stream, "w", rate // slower, 1, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.9
    ) as sound:
        sound.write(_every(samples, slower))
    return stream.getvalue()


def _wav(samples: np.ndarray, rate: int) -> bytes:
    step = max(1, rate // PLAIN_RATE)
    kept = _every(samples, step)
    peak = max(1, int(np.abs(kept.astype(np.int32)).max(initial=0)))
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate // step)
        sound.writeframes(np.rint(128 + 127 * (kept / peak)).astype(np.uint8).tobytes())
    return stream.getvalue()


def _every(samples: np.ndarray, step: int) -> np.ndarray:
    """Means of neighbouring samples, which let through little of what the lower rate cannot hold."""
    whole = len(samples) // step * step
    return np.rint(samples[:whole].reshape(-1, step).mean(axis=1)).astype(np.int16)
