"""Sounds as numbers for models: resampled signals, spectrograms, summary features.

All are scikit-learn transformers of int16 sounds, (n, length, 1). They learn nothing but the length of one sound, and
work clip by clip, so that a row's result does not depend on other rows.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from heldout.errors import DataError, SettingError, ShapeError, require
from heldout.prepare.spectra import (
    FULL_SCALE,
    Frames,
    decibels,
    frequencies,
    hann,
    linear_filters,
    mel_filters,
    power_chunks,
)

FLOOR_DB = -100.0
_ROLLOFF = 0.85


class ResampleSounds(TransformerMixin, BaseEstimator):
    """Bring sounds to a lower rate and a shorter length, filtered so that nothing folds back (soxr).

    Parameters
    ----------
    rate : int
        Samples a second of the sounds.
    new_rate : int
    seconds : float, optional
        Keep the beginning of each sound only; sounds that are shorter are filled up with zeros.
    n_jobs : int, default=1
        Threads.

    Returns of `transform` are int16, (n, new_length, 1).
    """

    learns_nothing = True  # a row's result depends on that row alone

    def __init__(self, rate: int, new_rate: int, seconds: float | None = None, n_jobs: int = 1) -> None:
        self.rate = rate
        self.new_rate = new_rate
        self.seconds = seconds
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> ResampleSounds:
        """Remember the length of one sound."""
        _need_positive(rate=self.rate, new_rate=self.new_rate)
        self.length_ = _checked(X).shape[1]
        return self

    @property
    def new_length(self) -> int:
        """Samples of one sound after `transform`."""
        seconds = self.length_ / self.rate if self.seconds is None else self.seconds
        return max(1, round(seconds * self.new_rate))

    def transform(self, X: Any) -> np.ndarray:
        """Give int16 sounds, (n, new_length, 1)."""
        sounds = _checked_as_fitted(self, X)
        if self.new_rate == self.rate:
            n = min(self.new_length, self.length_)
            return np.pad(sounds[:, :n], ((0, 0), (0, self.new_length - n), (0, 0)))
        require("soxr", extra="sounds", needed_by="resampling")
        import soxr

        def one(samples: np.ndarray) -> np.ndarray:
            found = soxr.resample(samples.astype(np.float32), self.rate, self.new_rate, quality="HQ")
            row = np.zeros((self.new_length, 1), np.int16)
            found = np.clip(np.rint(found[: self.new_length]), -FULL_SCALE, FULL_SCALE - 1)
            row[: len(found), 0] = found
            return row

        return _each_clip(sounds, one, (self.new_length, 1), np.int16, self.n_jobs)

    def __sklearn_tags__(self) -> Any:
        return _tags(super().__sklearn_tags__())


class SoundSpectrogram(TransformerMixin, BaseEstimator):
    """Spectrograms: power over frequency and time, as images with a row a band (the lowest first) and a column a frame.

    Parameters
    ----------
    rate : int
        Samples a second of the sounds.
    size : int, default=1024
        Samples a frame (Hann window).
    hop : int, default=512
        Samples from one frame to the next.
    scale : {'mel', 'linear'}
        Bands of equal width in mel, or in Hz.
    n_bands : int, default=64
    low, high : float
        Lowest and highest frequency in Hz; `high` is half the rate if not given, and never more.
    log : bool, default=True
        Decibels (0 dB: a sine of full scale) from `floor_db` to 0 as bytes 0 to 255; else the power itself, float32.
    floor_db : float, default=-100
    n_jobs : int, default=1
        Threads.
    """

    learns_nothing = True  # a row's result depends on that row alone

    def __init__(
        self,
        rate: int,
        size: int = 1024,
        hop: int = 512,
        scale: str = "mel",
        n_bands: int = 64,
        low: float = 0.0,
        high: float | None = None,
        log: bool = True,
        floor_db: float = FLOOR_DB,
        n_jobs: int = 1,
    ) -> None:
        self.rate = rate
        self.size = size
        self.hop = hop
        self.scale = scale
        self.n_bands = n_bands
        self.low = low
        self.high = high
        self.log = log
        self.floor_db = floor_db
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> SoundSpectrogram:
        """Remember the length of one sound.

        Raises
        ------
        SettingError
            If a setting is out of range.
        """
        _need_positive(rate=self.rate, size=self.size, hop=self.hop, n_bands=self.n_bands)
        if self.scale not in _FILTERS or not 0 <= self.low < self._high or not self.floor_db < 0:
            raise SettingError(
                f"scale={self.scale!r}, low={self.low}, high={self.high}, floor_db={self.floor_db}",
                fix="scale 'mel' or 'linear', 0 <= low < high, floor_db below 0",
            )
        self.length_ = _checked(X).shape[1]
        return self

    @property
    def _high(self) -> float:
        return self.rate / 2 if self.high is None else min(self.high, self.rate / 2)

    @property
    def frames(self) -> Frames:
        """How clips are cut."""
        return Frames(self.size, self.hop)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one spectrogram: bands, frames, 1."""
        return self.n_bands, self.frames.count(self.length_), 1

    def transform(self, X: Any) -> np.ndarray:
        """Give spectrograms (n, n_bands, n_frames, 1), uint8 if `log`, else float32."""
        sounds = _checked_as_fitted(self, X)
        frames, window = self.frames, hann(self.size) / np.float32(FULL_SCALE)
        filters = _FILTERS[self.scale](self.size, self.rate, self.n_bands, self.low, self._high).T.copy()
        step = np.float32(-255.0 / self.floor_db)

        def one(samples: np.ndarray) -> np.ndarray:
            bands = np.empty(self.shape[1::-1], np.float32)  # (frames, bands)
            for first, power in power_chunks(samples.astype(np.float32), frames, window):
                np.matmul(power, filters, out=bands[first : first + len(power)])
            if not self.log:
                return bands.T[..., np.newaxis]
            level = decibels(bands, self.floor_db)
            level -= np.float32(self.floor_db)
            level *= step
            np.minimum(level, np.float32(255.0), out=level)
            return np.rint(level, out=level).astype(np.uint8).T[..., np.newaxis]

        return _each_clip(sounds, one, self.shape, np.uint8 if self.log else np.float32, self.n_jobs)

    def __sklearn_tags__(self) -> Any:
        return _tags(super().__sklearn_tags__())


_FILTERS: dict[str, Callable[..., np.ndarray]] = {"mel": mel_filters, "linear": linear_filters}


class SoundSummary(TransformerMixin, BaseEstimator):
    """A few hundred numbers a sound, for models that know nothing about time.

    Mean and standard deviation over the frames of: the level in each mel band (dB); the spectrum's centroid, bandwidth
    and rolloff (the frequency below which 85% of the power lie; all in kHz); the share of samples where the sign
    changes; the level of the whole frame (dB). And the highest level, and how much the levels of the bands change from
    frame to frame (mean absolute difference, dB).

    Parameters
    ----------
    rate : int
        Samples a second of the sounds.
    size, hop : int
        Samples a frame, and from one frame to the next.
    n_bands : int, default=40
    floor_db : float, default=-100
        Lowest level; silence has it.
    n_jobs : int, default=1
        Threads.
    """

    learns_nothing = True  # a row's result depends on that row alone

    def __init__(
        self,
        rate: int,
        size: int = 2048,
        hop: int = 1024,
        n_bands: int = 40,
        floor_db: float = FLOOR_DB,
        n_jobs: int = 1,
    ) -> None:
        self.rate = rate
        self.size = size
        self.hop = hop
        self.n_bands = n_bands
        self.floor_db = floor_db
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> SoundSummary:
        """Remember the length of one sound."""
        _need_positive(rate=self.rate, size=self.size, hop=self.hop, n_bands=self.n_bands)
        self.length_ = _checked(X).shape[1]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Give float32 rows, (n, number of features)."""
        sounds = _checked_as_fitted(self, X)
        frames, window = Frames(self.size, self.hop), hann(self.size) / np.float32(FULL_SCALE)
        filters = mel_filters(self.size, self.rate, self.n_bands, 0.0, self.rate / 2).T.copy()
        kilohertz = frequencies(self.size, self.rate) / np.float32(1000.0)

        def one(samples: np.ndarray) -> np.ndarray:
            return _summary(samples, frames, window, filters, kilohertz, self.floor_db)

        return _each_clip(sounds, one, (len(self.get_feature_names_out()),), np.float32, self.n_jobs)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features, such as ``mel 3 mean`` and ``centroid deviation``."""
        measures = [*(f"mel {band}" for band in range(self.n_bands)), *_MEASURES]
        names = [f"{measure} {kind}" for kind in ("mean", "deviation") for measure in measures]
        return np.array(
            [*names, "level highest", *(f"mel {band} change" for band in range(self.n_bands))], dtype=object
        )

    def __sklearn_tags__(self) -> Any:
        return _tags(super().__sklearn_tags__())


_MEASURES = ("centroid", "bandwidth", "rolloff", "zero crossings", "level")


def _summary(
    samples: np.ndarray,
    frames: Frames,
    window: np.ndarray,
    filters: np.ndarray,
    kilohertz: np.ndarray,
    floor_db: float,
) -> np.ndarray:
    """Features of one sound; see `SoundSummary`."""
    n_bands = filters.shape[1]
    table = np.empty((frames.count(len(samples)), n_bands + len(_MEASURES)), np.float32)
    for first, power in power_chunks(samples.astype(np.float32), frames, window):
        rows = table[first : first + len(power)]
        rows[:, :n_bands] = decibels(power @ filters, floor_db)
        rows[:, n_bands : n_bands + 3] = _shape_of(power, kilohertz)
    table[:, -2], energy = _crossings_and_energy(samples, frames)
    table[:, -1] = decibels(energy, floor_db)
    change = np.abs(np.diff(table[:, :n_bands], axis=0)).mean(axis=0) if len(table) > 1 else np.zeros(n_bands)
    return np.concatenate([table.mean(axis=0), table.std(axis=0), table[:, -1:].max(axis=0), change])


def _shape_of(power: np.ndarray, kilohertz: np.ndarray) -> np.ndarray:
    """Centroid, bandwidth and rolloff of each frame, (n_frames, 3); 0 where there is no power."""
    total = power.sum(axis=1)
    safe = np.where(total > 0, total, np.float32(1))
    centroid = power @ kilohertz / safe
    spread = power @ (kilohertz * kilohertz) / safe - centroid * centroid
    below = np.cumsum(power, axis=1) < (_ROLLOFF * total)[:, np.newaxis]
    rolloff = kilohertz[np.minimum(below.sum(axis=1), len(kilohertz) - 1)]
    return np.column_stack([centroid, np.sqrt(np.maximum(spread, 0.0)), np.where(total > 0, rolloff, 0)])


def _crossings_and_energy(samples: np.ndarray, frames: Frames) -> tuple[np.ndarray, np.ndarray]:
    """Share of the samples of each frame where the sign changes, and mean square (full scale is 1), float32."""
    is_negative = samples < 0
    changes = np.concatenate([[0], np.cumsum(is_negative[1:] != is_negative[:-1])])
    squares = np.concatenate([[0.0], np.cumsum(np.square(samples.astype(np.float64) / FULL_SCALE))])
    first = np.arange(frames.count(len(samples))) * frames.hop
    last = np.minimum(first + frames.size, len(samples))
    n_changes = changes[last - 1] - changes[first]
    energy = (squares[last] - squares[first]) / frames.size
    return (n_changes / frames.size).astype(np.float32), energy.astype(np.float32)


def _each_clip(
    sounds: np.ndarray, one: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...], dtype: Any, n_jobs: int
) -> np.ndarray:
    """Apply a function to each clip, on threads if there are many; results do not depend on how many."""
    out = np.empty((len(sounds), *shape), dtype)

    def fill(row: int) -> None:
        out[row] = one(np.asarray(sounds[row, :, 0]))

    with threadpool_limits(1, user_api="blas"):
        if n_jobs == 1 or len(sounds) < 2:
            for row in range(len(sounds)):
                fill(row)
        else:
            with ThreadPoolExecutor(n_jobs) as threads:
                list(threads.map(fill, range(len(sounds))))
    return out


def _need_positive(**numbers: int) -> None:
    bad = [f"{name}={value!r}" for name, value in numbers.items() if not isinstance(value, int) or value < 1]
    if bad:
        raise SettingError(", ".join(bad), fix="whole numbers from 1")


def _checked(X: Any) -> np.ndarray:
    if getattr(X, "ndim", 0) != 3 or X.shape[2] != 1 or X.shape[1] < 1:
        raise ShapeError(
            f"sounds need the axes (n, length, 1), got an array of shape {np.shape(X)}",
            fix="mix to one channel and add the missing axes: x[np.newaxis, :, np.newaxis] for a single sound",
        )
    if X.dtype != np.int16:
        raise DataError(
            f"sounds must be int16 (-32768 to 32767), got {X.dtype}",
            fix="scale and convert: np.rint(x * 32767).astype('int16')",
        )
    return np.asarray(X)


def _checked_as_fitted(step: Any, X: Any) -> np.ndarray:
    check_is_fitted(step, "length_")
    sounds = _checked(X)
    if sounds.shape[1] != step.length_:
        raise ShapeError(
            f"sounds of {sounds.shape[1]:,} samples given, the model was trained on {step.length_:,}",
            fix="resample and cut the sounds to the rate and length of the training sounds",
        )
    return sounds


def _tags(tags: Any) -> Any:
    tags.input_tags.two_d_array = False
    tags.input_tags.three_d_array = True
    tags.requires_fit = True
    return tags
