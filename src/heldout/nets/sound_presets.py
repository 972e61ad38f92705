"""Nets for sounds: how a sound is turned into a spectrogram or a shorter signal, and the net that learns from it.

Functions of the sizes only. They were chosen on the training part of ESC-10 by grouped cross-validation; the figures
are in docs/sounds_models.md.
"""

from __future__ import annotations

from typing import Any

from heldout.nets.layers.base import Shape

#: A spectrogram of a whole sound has about this number of frames, each no shorter or longer than these seconds.
FRAMES = 128
SHORTEST_HOP, LONGEST_HOP = 0.01, 0.04
BANDS = 64
#: Below the noise of 16 bits: quiet recordings keep their form, and digital silence shows as such.
FLOOR_DB = -130.0
#: A signal is resampled to a rate at which a sound has about this number of samples.
SIGNAL_SAMPLES = 40_000
LEAST_SIGNAL_RATE = 1_000
#: Nets whose mean is the strongest candidate: beyond three, the mean gains little for its time.
REPLICATES = 3


def spectrogram_form(rate: int, length: int) -> dict[str, Any]:
    """Settings of `heldout.prepare.sounds.SoundSpectrogram` for sounds of this rate and length.

    Frames overlap by half or more: a window that hardly overlaps the next one loses what happens between them.
    """
    seconds = length / rate
    hop = max(1, round(rate * min(LONGEST_HOP, max(SHORTEST_HOP, seconds / FRAMES))))
    size = 2 ** (2 * hop - 1).bit_length()
    return {"size": size, "hop": hop, "n_bands": BANDS, "floor_db": FLOOR_DB}


def spectrogram_cnn(shape: Shape, n_rows: int) -> dict[str, Any]:
    """Settings of `NetClassifier` for log-mel spectrograms (bands, frames, 1).

    Convolutions and pooling down to a few positions, and the mean over all of them, so that it does not matter when a
    sound happens. Rows are moved in time (what leaves on one side enters on the other) and mixed in pairs.
    """
    side = min(shape[0], shape[1])
    layers: list[str] = []
    filters = 16
    if side >= 32:
        layers.append(f"conv {filters} 5 stride 2 same, maxpool 2, batchnorm, relu")
        side //= 4
    else:
        layers.append(f"conv {filters} 3 same, batchnorm, relu")
    for _ in range(3):
        filters = min(128, 2 * filters)
        pool = "maxpool 2, " if side >= 8 else ""
        layers.append(f"conv {filters} 3 same, {pool}batchnorm, relu")
        side = side // 2 if pool else side
    return {**_training(n_rows), "net": ", ".join([*layers, "globalpool, dropout 0.3"])}


def signal_rate(rate: int, length: int) -> int:
    """Rate that a signal is resampled to, in Hz; never above its own."""
    wanted = round(SIGNAL_SAMPLES * rate / length / 500) * 500
    return min(rate, max(LEAST_SIGNAL_RATE, wanted))


def signal_cnn(length: int, n_rows: int) -> dict[str, Any]:
    """Settings of `NetClassifier` for signals (length, 1): a bank of long filters, then short ones between pooling."""
    layers: list[str] = []
    filters = 24
    if length >= 1024:
        layers.append(f"conv {filters} 64 stride 16 same, maxpool 4, batchnorm, relu")
        length //= 64
    while length >= 16 or not layers:
        pool = "maxpool 4, " if length >= 4 else ""
        filters = min(96, 2 * filters)
        layers.append(f"conv {filters} 9 same, {pool}batchnorm, relu")
        length //= 4
    training = _training(n_rows)
    epochs = training["epochs"] // 2  # a signal costs more, and gains less from more
    return {
        **training,
        "epochs": epochs,
        "augment": "timeshift 0.5 wrap, gain 6, mixup 0.3",
        "net": ", ".join([*layers, "globalpool, dropout 0.3"]),
    }


def _training(n_rows: int) -> dict[str, Any]:
    """Epochs until about 15,000 sounds are seen (few sounds more often), with a one-cycle schedule."""
    return {
        "optimizer": "adamw",
        "lr": 0.01,
        "weight_decay": 0.05,
        "schedule": "one-cycle",
        "initializer": "he",
        "batch": 32 if n_rows < 10_000 else 64,
        "epochs": 60 if n_rows < 1_000 else 30 if n_rows < 5_000 else 12,
        "label_smoothing": 0.1,
        "standardize": True,
        "augment": "timeshift 0.5 wrap, mixup 0.3",
    }
