"""The nets of the leaderboard for sounds: on the resampled signal, on spectrograms, and several of those together."""

from __future__ import annotations

from typing import Any

from heldout.models.zoo import Task
from heldout.nets import sound_presets

REPLICATES = sound_presets.REPLICATES


def signal_cnn(task: Task) -> Any:
    """A 1-D net on the signal at a lower rate; the resampling filters out what that rate cannot hold."""
    from sklearn.pipeline import Pipeline

    from heldout.nets.classifier import NetClassifier
    from heldout.prepare.sounds import ResampleSounds

    length = task.shape[0]
    rate = sound_presets.signal_rate(task.rate, length)
    settings = sound_presets.signal_cnn(max(1, round(length / task.rate * rate)), task.n_rows)
    return Pipeline(
        [("prepare", ResampleSounds(task.rate, rate)), ("model", NetClassifier(**settings, seed=task.seed))]
    )


def spectrogram_cnn(task: Task, replicates: int = 1) -> Any:
    """A 2-D net on log-mel spectrograms."""
    from sklearn.pipeline import Pipeline

    from heldout.nets.classifier import NetClassifier
    from heldout.prepare.sounds import SoundSpectrogram
    from heldout.prepare.spectra import Frames

    form = sound_presets.spectrogram_form(task.rate, task.shape[0])
    shape = (form["n_bands"], Frames(form["size"], form["hop"]).count(task.shape[0]), 1)
    settings = sound_presets.spectrogram_cnn(shape, task.n_rows)
    net = NetClassifier(**settings, replicates=replicates, seed=task.seed)
    return Pipeline([("prepare", SoundSpectrogram(task.rate, **form)), ("model", net)])


def spectrogram_ensemble(task: Task) -> Any:
    """The mean of several such nets, trained from different seeds."""
    return spectrogram_cnn(task, REPLICATES)
