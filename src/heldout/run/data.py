"""The data of a run, loaded as its settings say."""

from __future__ import annotations

from collections.abc import Callable

from heldout.data.dataset import Dataset
from heldout.run.settings import TrainSettings


def load_data(settings: TrainSettings, progress: Callable[[int, int, str], None] | None = None) -> Dataset:
    """Load what the settings name; ``progress`` gets rows done, rows in all, and what is done."""
    from heldout.kinds.loading import load

    return load(settings.data, progress=progress, **settings.loading(), **settings.columns())
