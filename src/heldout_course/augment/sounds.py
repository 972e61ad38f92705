"""The sound augmentation of the course, as published and corrected, so that its experiments can be repeated."""

from __future__ import annotations

from typing import Literal

import numpy as np

from heldout.augment import sounds as steps
from heldout.augment.drawing import generator
from heldout.errors import SettingError

Way = Literal["right", "printed"]
_PROBABILITY = 0.5
_NAMES = ("shift", "noise", "pitch", "stretch")


def course_clip(
    clip: np.ndarray,
    rate: int,
    random: np.random.Generator,
    *,
    way: Way = "right",
    snr_db: float = 20.0,
    best: bool = False,
) -> np.ndarray:
    """Make one variant of a clip: shift, noise, pitch and stretch, each with probability one half, in this order.

    Shifts by at most an eighth of a second, pitch by at most 10 semitones, speed from 0.5 to 1.5 (length kept).

    Parameters
    ----------
    clip : int16 array, shape (length,)
    rate : int
        Samples per second.
    random : numpy.random.Generator
    way : {'right', 'printed'}, default='right'
        'right': at least one step is taken, noise has mean zero and a stated signal-to-noise ratio, and the result is
        rounded and clipped. 'printed': noise is uniform from 0 to a tenth of the clip's range, so that it shifts the
        clip; the result is cast, so that what is too loud wraps around; one variant in sixteen is a plain copy.
    snr_db : float, default=20.0
        Of the noise, where `way` is 'right'.
    best : bool, default=False
        See `heldout.augment.sounds.bend`.

    Returns
    -------
    int16 array, shape (length,)
    """
    if way not in ("right", "printed"):
        raise SettingError(f"way is {way!r}", fix="'right' or 'printed'")
    taken = random.random(len(_NAMES)) < _PROBABILITY
    amounts = random.random(len(_NAMES)) - 0.5
    forced = int(random.integers(len(_NAMES)))
    if way == "right" and not taken.any():
        taken[forced] = True
    does = dict(zip(_NAMES, taken.tolist(), strict=True))
    shift, _, pitch, stretch = amounts.tolist()
    made = steps.to_float(clip)
    if does["shift"]:
        made = steps.move(made, int(rate / 4 * shift))
    if does["noise"]:
        made = steps.add_noise(made, snr_db, random) if way == "right" else _printed_noise(made, random)
    if does["pitch"] or does["stretch"]:
        semitones, speed = 20 * pitch * does["pitch"], 1 + stretch * does["stretch"]
        made = steps.bend(made, rate, semitones=semitones, speed=speed, best=best)
    return steps.to_int16(made) if way == "right" else _cast(made)


def course_variants(
    clip: np.ndarray, rate: int, *, row: int, variants: int = 19, seed: int = 0, way: Way = "right", best: bool = False
) -> np.ndarray:
    """Make the variants of one clip, int16, shape (variants, length); `row` and `seed` decide the draws."""
    made = np.empty((variants, len(clip)), np.int16)
    for number in range(variants):
        made[number] = course_clip(clip, rate, generator(seed, "course", row, number), way=way, best=best)
    return made


def _printed_noise(clip: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return clip + np.float32(0.1) * (clip.max() - clip.min()) * random.random(len(clip), dtype=np.float32)


def _cast(clip: np.ndarray) -> np.ndarray:
    """To 16 bits without rounding or clipping: what is beyond full scale wraps around."""
    return (clip.astype(np.float64) * steps.FULL_SCALE).astype(np.int64).astype(np.int16)
