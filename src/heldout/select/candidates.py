"""The whole leaderboard: the classical candidates, then nets."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout.models.zoo import CLASSICAL, Candidate, Task, pipeline
from heldout.select.sound_candidates import REPLICATES, signal_cnn, spectrogram_cnn, spectrogram_ensemble


def _mlp(task: Task) -> Any:
    from heldout.nets.classifier import NetClassifier
    from heldout.nets.presets import table_mlp

    settings = table_mlp(task.n_features, task.n_classes, task.n_rows)
    return pipeline(task, NetClassifier(**settings, seed=task.seed), scale=True)


def _cnn(task: Task) -> Any:
    from sklearn.pipeline import Pipeline

    from heldout.nets.classifier import NetClassifier
    from heldout.nets.presets import small_cnn

    if not task.prepare:
        return NetClassifier(**small_cnn(task.shape, task.n_classes, task.n_rows), seed=task.seed)
    steps, shape = _pictures(task)
    return Pipeline([*steps, ("model", NetClassifier(**small_cnn(shape, task.n_classes, task.n_rows), seed=task.seed))])


class NotPreparedError(SettingError):
    """A model cannot read what ``--prepare`` makes; it is left out, and the others go on."""


def _pictures(task: Task) -> tuple[list[tuple[str, Any]], tuple[int, ...]]:
    """Steps in front of a convolutional net, and the shape of the pictures that they give."""
    from sklearn.pipeline import Pipeline

    from heldout.prepare.language import is_for_pictures, picture_steps

    if not is_for_pictures(task.prepare):
        raise NotPreparedError(
            "--prepare makes rows of numbers, and a convolutional net reads pictures",
            fix="give crop, resize, grey or colour only",
        )
    steps = picture_steps(task.prepare)
    sample = np.zeros((1, *task.shape), np.uint8)
    return steps, tuple(Pipeline(steps).fit_transform(sample).shape[1:])


_SOUNDS = ("sounds",)
CANDIDATES: tuple[Candidate, ...] = (
    *CLASSICAL,
    Candidate("mlp", "Neural net (MLP)", _mlp, lambda n, d, k: 0.5 + 1e-3 * n, is_net=True, kinds=("table",)),
    Candidate("cnn", "Convolutional net", _cnn, lambda n, d, k: 3 + 2e-6 * n * d, is_net=True, kinds=("images",)),
    Candidate("signal-cnn", "Net on the signal", signal_cnn, lambda n, d, k: 3 + 0.06 * n, is_net=True, kinds=_SOUNDS),
    Candidate(
        "spectrogram-cnn",
        "Net on spectrograms",
        spectrogram_cnn,
        lambda n, d, k: 2 + 0.04 * n,
        is_net=True,
        kinds=_SOUNDS,
    ),
    Candidate(
        "spectrogram-ensemble",
        f"Mean of {REPLICATES} nets on spectrograms",
        spectrogram_ensemble,
        lambda n, d, k: REPLICATES * (2 + 0.04 * n),
        is_net=True,
        kinds=_SOUNDS,
    ),
)
"""In the order in which 'simplest' is meant when the choice is made."""


def _plain(name: str) -> str:
    """A name as people may write it: ``kNN`` and ``k_nn`` are ``k-nn``."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def check_names(models: Sequence[str]) -> None:
    """Raise `SettingError` if a model's name is unknown for any kind of data; needs no data."""
    known = [candidate.name for candidate in CANDIDATES]
    unknown = [name for name in models if _plain(name) not in map(_plain, known)]
    if unknown:
        near = get_close_matches(unknown[0].lower(), known, 3, 0.4)
        raise SettingError(
            f"no model is called {unknown[0]!r}" + (f"; near: {', '.join(near)}" if near else ""),
            where="--models",
            fix="choose from " + ", ".join(known),
        )


def candidates_for(kind: str, models: Sequence[str] = ()) -> list[Candidate]:
    """Candidates for data of this kind, simplest first; ``models`` picks some of them by name.

    Raises
    ------
    SettingError
        If a name is unknown; the nearest names are offered.
    """
    fitting = [candidate for candidate in CANDIDATES if kind in candidate.kinds]
    names = [candidate.name for candidate in fitting]
    wanted = {_plain(name) for name in models}
    unknown = [name for name in models if _plain(name) not in map(_plain, names)]
    if unknown:
        near = get_close_matches(unknown[0], names, 3, 0.4)
        raise SettingError(
            f"no model is called {unknown[0]!r} for {kind}" + (f"; near: {', '.join(near)}" if near else ""),
            where="--models",
            fix="choose from " + ", ".join(names),
        )
    return [candidate for candidate in fitting if not models or _plain(candidate.name) in wanted]
