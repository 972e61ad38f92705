"""The rows behind the cells of the confusion matrix, as panels of the page, within a budget of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.report.content import Sample
from heldout.report.matrix import cell_id
from heldout.report.pictures import picture_data_uri
from heldout.report.sounds import sound_data_uri, spectrogram

BUDGET = 1_600_000
"""Characters that all panels may take together: the page of a large run stays under 3 MB."""

MOST_COLUMNS = 8
"""Columns of a table that are shown."""


@dataclass(frozen=True)
class Shown:
    """A sample with its picture and its sound as data URIs; empty where it has none."""

    sample: Sample
    picture: str = ""
    sound: str = ""

    @property
    def size(self) -> int:
        """Characters that it takes on the page, about."""
        return 330 + len(self.picture) + len(self.sound) + 60 * min(MOST_COLUMNS, len(self.sample.row))


def encode(sample: Sample) -> Shown:
    """Prepare a sample for the page.

    Raises
    ------
    ShapeError
        If its picture isn't uint8 pixels.
    """
    if sample.sound is not None:
        tones = picture_data_uri(spectrogram(sample.sound, sample.rate))
        return Shown(sample, tones, sound_data_uri(sample.sound, sample.rate))
    return Shown(sample, "" if sample.picture is None else picture_data_uri(sample.picture))


@dataclass
class Panel:
    """What opens when a cell is chosen."""

    place: tuple[int, int]
    truth: str
    predicted: str
    rows: int
    shown: list[Shown] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its place on the page."""
        return cell_id(*self.place)

    @property
    def gallery(self) -> list[Shown]:
        """Samples with a picture."""
        return [one for one in self.shown if one.picture]

    @property
    def plain(self) -> list[Shown]:
        """Samples without."""
        return [one for one in self.shown if not one.picture]


def panels(samples: Sequence[Sample], names: Sequence[str], matrix: np.ndarray, *, budget: int = BUDGET) -> list[Panel]:
    """Gather samples by cell, in their order, until the budget is used up.

    Parameters
    ----------
    samples : sequence of Sample
        As `heldout.report.samples.find_samples` gives them.
    names : sequence of str
    matrix : int array, shape (n_classes, n_classes)
        Samples of cells without rows are left out.
    budget : int
        Characters.
    """
    number = {name: place for place, name in enumerate(names)}
    found: dict[tuple[int, int], Panel] = {}
    for sample in samples:
        if sample.truth not in number or sample.predicted not in number:
            continue
        place = (number[sample.truth], number[sample.predicted])
        if not matrix[place]:
            continue
        shown = encode(sample)
        budget -= shown.size
        if budget < 0:
            break
        panel = found.setdefault(place, Panel(place, sample.truth, sample.predicted, int(matrix[place])))
        panel.shown.append(shown)
    return [found[place] for place in sorted(found)]


def columns_of(shown: Sequence[Shown]) -> dict[str, Any]:
    """Which columns of the rows a table shows, and how many it leaves out."""
    names = list(shown[0].sample.row) if shown else []
    return {"names": names[:MOST_COLUMNS], "hidden": max(0, len(names) - MOST_COLUMNS)}
