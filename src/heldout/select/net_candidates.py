"""The nets of the leaderboard: on the columns of a table, on pictures, on sounds as signals and as spectrograms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout.models.candidate import Candidate, Estimator, Task
from heldout.models.spaces import Range, Space
from heldout.models.steps import prepared
from heldout.nets import sound_presets

REPLICATES = sound_presets.REPLICATES


class NotPreparedError(SettingError):
    """A model cannot read what ``--prepare`` makes; it is left out, and the others go on."""


def _mlp(task: Task) -> Mapping[str, Any]:
    from heldout.nets.presets import table_mlp

    return table_mlp(task.n_features, task.n_classes, task.n_rows)


def _mlp_space(task: Task) -> Space:
    return {
        "lr": Range(0.0003, 0.03, log=True, start=0.003),
        "weight_decay": Range(0.001, 3.0, log=True, simpler="high", start=0.05),
        "dropout": Range(0.0, 0.6, simpler="high", start=0.2 if task.n_rows < 1_000 else 0.1),
    }


def _convolutional_space(rate: float) -> Callable[[Task], Space]:
    def space(task: Task) -> Space:
        return {
            "lr": Range(rate / 10, 5 * rate, log=True, start=rate),
            "dropout": Range(0.0, 0.6, simpler="high", start=0.3),
        }

    return space


def _picture_steps(task: Task) -> list[tuple[str, Any]]:
    """Steps in front of a convolutional net."""
    from heldout.prepare.language import is_for_pictures, picture_steps

    if not task.prepare:
        return []
    if not is_for_pictures(task.prepare):
        raise NotPreparedError(
            "--prepare makes rows of numbers, and a convolutional net reads pictures",
            fix="give crop, resize, grey or colour only",
        )
    return picture_steps(task.prepare)


def _cnn(task: Task) -> Mapping[str, Any]:
    """For the shape of the pictures that the steps give."""
    from heldout.nets.presets import small_cnn

    shape, steps = task.shape, _picture_steps(task)
    if steps:
        from sklearn.pipeline import Pipeline

        shape = tuple(Pipeline(steps).fit_transform(np.zeros((1, *task.shape), np.uint8)).shape[1:])
    return small_cnn(shape, task.n_classes, task.n_rows)


def _signal_rate(task: Task) -> int:
    return sound_presets.signal_rate(task.rate, task.shape[0])


def _signal_steps(task: Task) -> list[tuple[str, Any]]:
    """The signal at a lower rate; the resampling filters out what that rate cannot hold."""
    from heldout.prepare.sounds import ResampleSounds

    return [("prepare", ResampleSounds(task.rate, _signal_rate(task)))]


def _signal_cnn(task: Task) -> Mapping[str, Any]:
    length = max(1, round(task.shape[0] / task.rate * _signal_rate(task)))
    return sound_presets.signal_cnn(length, task.n_rows)


def _spectrogram_steps(task: Task) -> list[tuple[str, Any]]:
    """Log-mel spectrograms."""
    from heldout.prepare.sounds import SoundSpectrogram

    return [("prepare", SoundSpectrogram(task.rate, **sound_presets.spectrogram_form(task.rate, task.shape[0])))]


def _spectrogram_cnn(task: Task) -> Mapping[str, Any]:
    from heldout.prepare.spectra import Frames

    form = sound_presets.spectrogram_form(task.rate, task.shape[0])
    shape = (form["n_bands"], Frames(form["size"], form["hop"]).count(task.shape[0]), 1)
    return sound_presets.spectrogram_cnn(shape, task.n_rows)


_NET = Estimator("heldout.nets.classifier", "NetClassifier")


def _parameters(model: Any) -> int:
    return int(model.n_parameters_)


NETS: tuple[Candidate, ...] = (
    Candidate(
        "mlp",
        "Neural net (MLP)",
        _NET,
        cost=lambda n, d, k: 0.5 + 1e-3 * n,
        steps=prepared(scale=True),
        settings=_mlp,
        seed="seed",
        space=_mlp_space,
        count=_parameters,
        kinds=("table",),
        is_net=True,
    ),
    Candidate(
        "cnn",
        "Convolutional net",
        _NET,
        cost=lambda n, d, k: 3 + 2e-6 * n * d,
        steps=_picture_steps,
        settings=_cnn,
        seed="seed",
        space=_convolutional_space(0.01),
        count=_parameters,
        kinds=("images",),
        is_net=True,
    ),
    Candidate(
        "signal-cnn",
        "Net on the signal",
        _NET,
        cost=lambda n, d, k: 3 + 0.06 * n,
        steps=_signal_steps,
        settings=_signal_cnn,
        seed="seed",
        space=_convolutional_space(0.005),
        count=_parameters,
        kinds=("sounds",),
        is_net=True,
    ),
    Candidate(
        "spectrogram-cnn",
        "Net on spectrograms",
        _NET,
        cost=lambda n, d, k: 2 + 0.04 * n,
        steps=_spectrogram_steps,
        settings=_spectrogram_cnn,
        seed="seed",
        space=_convolutional_space(0.005),
        count=_parameters,
        kinds=("sounds",),
        is_net=True,
    ),
    Candidate(
        "spectrogram-ensemble",
        f"Mean of {REPLICATES} nets on spectrograms",
        _NET,
        cost=lambda n, d, k: REPLICATES * (2 + 0.04 * n),
        steps=_spectrogram_steps,
        settings=lambda task: {**_spectrogram_cnn(task), "replicates": REPLICATES},
        seed="seed",
        space=_convolutional_space(0.005),
        count=_parameters,
        kinds=("sounds",),
        is_net=True,
    ),
)
"""Quickest first; a net is less simple than every classical model."""
