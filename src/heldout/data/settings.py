"""How data are read: the settings of every command that takes DATA."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from heldout.settings import Range, setting


@dataclass(frozen=True)
class LoadSettings:
    """What `heldout.kinds.loading.load` needs to know."""

    data: str = setting("", "File, folder or name of a dataset.", metavar="DATA")
    target: str | None = setting(None, "Column with the labels (tables).", metavar="COL")
    group: str | None = setting(
        None, "Column that names the source of each row; a source never crosses a split.", metavar="COL"
    )
    group_pattern: str | None = setting(
        None, r"Group files by what this captures in their path: '(s\d+)_'.", metavar="REGEX"
    )
    image_size: int | None = setting(
        None,
        "Side in pixels to which images are resized.",
        within=Range(4, 1024),
        metavar="PIXELS",
        unset="64, or their own where equal and no larger",
    )
    sample_rate: int | None = setting(
        None,
        "Sample rate in Hz to which sounds are resampled.",
        within=Range(100, 768_000),
        metavar="HZ",
        unset="the most common one, up to 48000",
    )
    clip_seconds: float | None = setting(
        None,
        "Length in seconds to which sounds are cut or padded.",
        within=Range(0.01, 600),
        metavar="S",
        unset="the most common one, up to 30",
    )
    strict: bool = setting(False, "Stop at the first unreadable file instead of skipping it.")
    mirror: str | None = setting(
        None,
        "Folder or URL to read named datasets from.",
        metavar="DIR|URL",
        unset="the public addresses",
        envvar="HELDOUT_MIRROR",
        decides=False,
    )

    def loading(self) -> dict[str, Any]:
        """The keywords of `heldout.kinds.loading.load`."""
        return {spec.name: getattr(self, spec.name) for spec in dataclasses.fields(LoadSettings) if spec.name != "data"}


@dataclass(frozen=True)
class Reading(LoadSettings):
    """One call of `heldout.kinds.loading.load`: its settings, the columns that the split goes by, and who listens.

    Attributes
    ----------
    image_size : int or (height, width) or None
    part, time, fold : str or None
        Columns by what they say of each row; see `heldout.data.roles`.
    progress : callable or None
        Called with (done, total, what).
    """

    image_size: Any = None
    part: str | None = None
    time: str | None = None
    fold: str | None = None
    progress: Callable[[int, int, str], None] | None = None

    @property
    def roles(self) -> dict[str, str]:
        """Columns that the split goes by, by what they say."""
        given = {"part": self.part, "time": self.time, "fold": self.fold}
        return {role: column for role, column in given.items() if column is not None}
