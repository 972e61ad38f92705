"""Preparation in front of a model that reads rows of numbers, for every kind of data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heldout.models.candidate import Steps, Task

PCA_ABOVE = 256
"""Images with more pixels than this are reduced to `PCA_COMPONENTS` axes for models that compare distances."""
PCA_COMPONENTS = 100


def prepared(*, scale: bool, reduce: bool = False) -> Steps:
    """Steps that make rows of numbers: encoded, scaled if `scale`, images reduced by PCA if `reduce`.

    Steps that the user asked for (`Task.prepare`) take their place.
    """

    def steps(task: Task) -> list[tuple[str, Any]]:
        return _asked(task) if task.prepare else _OF_KIND.get(task.kind, _of_any)(task, scale, reduce)

    return steps


def reduced(d: int) -> int:
    """Features left after PCA where it applies (only images have so many)."""
    return PCA_COMPONENTS if d > PCA_ABOVE else d


def _asked(task: Task) -> list[tuple[str, Any]]:
    """The steps that the user asked for."""
    from heldout.prepare.language import picture_steps, table_steps, vector_steps

    if task.frame is not None:
        return table_steps(task.prepare, task.frame, seed=task.seed)
    return [*picture_steps(task.prepare), _numbers(task), *vector_steps(task.prepare, seed=task.seed)]


def _numbers(task: Task) -> tuple[str, Any]:
    """The step that makes numbers of rows that are no table."""
    if task.kind == "images":
        from heldout.prepare.images import FlattenPixels

        return "prepare", FlattenPixels()
    if task.kind == "sounds":
        from heldout.prepare.sounds import SoundSummary

        return "prepare", SoundSummary(task.rate)
    from heldout.prepare.vectors import ToVectors

    return "prepare", ToVectors(task.kind)


def _of_table(task: Task, scale: bool, reduce: bool) -> list[tuple[str, Any]]:
    from heldout.prepare.tables import table_preparation

    return [("prepare", table_preparation(task.frame, scale=scale))]


def _of_images(task: Task, scale: bool, reduce: bool) -> list[tuple[str, Any]]:
    """Pixels have one scale already."""
    steps = [_numbers(task)]
    if reduce and task.n_features > PCA_ABOVE:
        from sklearn.decomposition import PCA

        n_components = min(PCA_COMPONENTS, task.n_features, max(2, task.n_rows // 4))
        steps.append(("reduce", PCA(n_components, svd_solver="randomized", random_state=task.seed)))
    return steps


def _of_any(task: Task, scale: bool, reduce: bool) -> list[tuple[str, Any]]:
    from sklearn.preprocessing import StandardScaler

    return [_numbers(task), ("scale", StandardScaler())] if scale else [_numbers(task)]


_OF_KIND: dict[str, Callable[[Task, bool, bool], list[tuple[str, Any]]]] = {"table": _of_table, "images": _of_images}
"""Kinds whose numbers need more than to be standardised."""
