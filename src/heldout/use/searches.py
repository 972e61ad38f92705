"""What a search left in a run folder, for the report."""

from __future__ import annotations

import itertools
from typing import Any

from heldout.report.content import Search
from heldout.run.folder import RunFolder
from heldout.run.metrics import Metrics

MOST_PICTURES = 6
"""Of each search in the report; all are in the run folder."""


def searches_of(folder: RunFolder, metrics: Metrics) -> tuple[Search, ...]:
    """What the report says of each search, from the run's files: planes of two hyperparameters, or the only one."""
    found = []
    for one in metrics.search.models if metrics.search else ():
        if not one.setting:
            continue
        title = next(
            (candidate.title for candidate in metrics.candidates if candidate.model == one.model),
            one.model,
        )
        chosen = ", ".join(f"{name} {_value(value)}" for name, value in one.setting.items())
        text = f"{one.points} settings were tried; chosen: {chosen}."
        if one.inside_folds:
            same = sum(inside == one.setting for inside in one.inside_folds)
            text += f" Repeated inside {len(one.inside_folds)} outer folds, the search chose the same in {same}."
        groups: list[tuple[str, ...]] = list(itertools.combinations(one.setting, 2))
        groups = groups or [(name,) for name in one.setting]
        paths = [(names, folder.path / "searches" / picture_file(one.base, names)) for names in groups]
        pictures = [
            (f"{title}: MCC of the inner folds against {' and '.join(names)}", path.read_text("utf-8"))
            for names, path in paths
            if path.exists()
        ]
        found.append(Search(title, text, tuple(pictures[:MOST_PICTURES])))
    return tuple(found)


def picture_file(base: str, names: tuple[str, ...]) -> str:
    """Name of the picture of a model's search against these hyperparameters."""
    return f"{base}-{'-'.join(names)}.svg"


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
