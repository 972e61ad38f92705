"""The nets of the ladder for sounds: on the resampled signal, on spectrograms, and several of those together."""

from __future__ import annotations

from typing import Any

from heldout.models.zoo import Task

SIGNAL_SAMPLES = 20_000
"""A signal is brought to a rate at which a sound has about so many samples."""
LEAST_SIGNAL_RATE = 1_000
REPLICATES = 5


def signal_cnn(task: Task) -> Any:
    """A 1-D net on the signal at a lower rate; the resampling filters out what that rate cannot hold."""
    from sklearn.pipeline import Pipeline

    from heldout.prepare.sounds import ResampleSounds
    from heldout.training.classifier import NetClassifier

    seconds = task.shape[0] / task.rate
    rate = min(task.rate, max(LEAST_SIGNAL_RATE, round(SIGNAL_SAMPLES / seconds / 500) * 500))
    n_samples = round(seconds * rate)
    layers = ["conv 16 64 stride 8 same, batchnorm, relu"] if n_samples >= 1024 else []
    n_samples //= 8 if layers else 1
    filters = 16
    while n_samples >= 16 or not layers:
        filters = min(64, 2 * filters)
        layers.append(f"conv {filters} 9 stride 4 same, batchnorm, relu")
        n_samples //= 4
    net = ", ".join([*layers, "globalpool, dropout 0.3"])
    return Pipeline([("prepare", ResampleSounds(task.rate, rate)), ("model", NetClassifier(net, **_fit(task, 1)))])


def spectrogram_cnn(task: Task, replicates: int = 1) -> Any:
    """A 2-D net on log-mel spectrograms."""
    from sklearn.pipeline import Pipeline

    from heldout.prepare.sounds import SoundSpectrogram
    from heldout.training.classifier import NetClassifier

    seconds = task.shape[0] / task.rate
    hop = max(1, round(task.rate * min(0.04, max(0.01, seconds / 128))))
    size = 2 ** max(6, round(task.rate * 0.04).bit_length() - 1)
    spectrogram = SoundSpectrogram(task.rate, size=size, hop=hop, n_bands=64)
    net = (
        "conv 16 5 same, maxpool 2, batchnorm, relu, conv 32 3 same, maxpool 2, batchnorm, relu, "
        "conv 64 3 same, maxpool 2, batchnorm, relu, conv 64 3 same, batchnorm, relu, globalpool, dropout 0.3"
    )
    return Pipeline([("prepare", spectrogram), ("model", NetClassifier(net, **_fit(task, replicates)))])


def spectrogram_ensemble(task: Task) -> Any:
    """The mean of several such nets, trained from different seeds."""
    return spectrogram_cnn(task, REPLICATES)


def _fit(task: Task, replicates: int) -> dict[str, Any]:
    """Settings of the training: a function of the sizes only."""
    batch = 16 if task.n_rows < 1_000 else 32 if task.n_rows < 10_000 else 64
    epochs = 40 if task.n_rows < 1_000 else 20 if task.n_rows < 5_000 else 8
    return {
        "optimizer": "adam",
        "lr": 0.005,
        "schedule": "one-cycle",
        "batch": batch,
        "epochs": epochs,
        "label_smoothing": 0.05,
        "standardize": True,
        "replicates": replicates,
        "seed": task.seed,
    }
