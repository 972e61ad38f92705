"""The kinds of data that there are. To add one: a file in this folder, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from heldout.data.dataset import Dataset
from heldout.errors import DataError
from heldout.kinds.base import Kind
from heldout.kinds.images import Images
from heldout.kinds.sounds import Sounds
from heldout.kinds.table import Table

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Table(),
        Images(),
        Sounds(),
    )
}
"""By name. Where a folder may be of several kinds, the first one with the most files counts."""


def kind_named(name: str) -> Kind:
    """The kind of this name.

    Raises
    ------
    DataError
        If there is none.
    """
    if name not in KINDS:
        raise DataError(f"Unknown kind of data {name!r}", fix=f"heldout knows {', '.join(KINDS)}")
    return KINDS[name]


def kind_of(data: Dataset) -> Kind:
    """The kind that a dataset is of."""
    return kind_named(data.kind)
