"""Datasets by name: their files brought here, and their rows."""

from __future__ import annotations

import os
from pathlib import Path

from heldout.data.dataset import Dataset
from heldout.data.download import Progress
from heldout.data.named import NamedDataset, describe, obtain_paths
from heldout.data.named_readers import READERS, Reader
from heldout.data.named_sounds import load_esc10, obtain_esc10
from heldout.data.settings import Reading
from heldout.data.variants import scrambled, vectors
from heldout.errors import DataError

_READERS: dict[str, Reader] = {**READERS, "esc10": load_esc10}


def fetch(name: str, mirror: str | os.PathLike[str] | None = None, progress: Progress | None = None) -> Path | None:
    """Bring the files of a named dataset to this machine, checked.

    Parameters
    ----------
    name : str
        A key of `NAMED`.
    mirror : folder or http(s) address, optional
        Default: the environment's ``HELDOUT_MIRROR``, else the public addresses.
    progress : callable, optional
        Called with (bytes so far, bytes in all, what).

    Returns
    -------
    Path or None
        The folder that holds the files; None if the data come with scikit-learn.

    Raises
    ------
    SettingError
        If the name is unknown.
    DataError
        If no address gives the files intact.
    """
    if name == "esc10":
        return obtain_esc10(mirror, progress)
    paths = obtain_paths(name, mirror, progress)
    return paths[0].parent if paths else None


def _require_known(data: Dataset, known: NamedDataset) -> None:
    """Public copies of iris differ in two rows, and printed digits with them: what is loaded must be what is meant."""
    from heldout.data.fingerprint import fingerprint

    if known.fingerprint and fingerprint(data) != known.fingerprint:
        raise DataError(
            f"the copy that comes with scikit-learn is not the one that heldout knows ({fingerprint(data)})",
            where=data.name,
            fix="install another version of scikit-learn, or save the data as a CSV file and give that",
        )


def load_named(name: str, reading: Reading | None = None) -> Dataset:
    """Load a dataset by its name (see `fetch` for where it comes from).

    Raises
    ------
    SettingError
        If the name is unknown.
    DataError
        If its files cannot be had, or are not what they should be.
    """
    known = describe(name)
    base = known.variant_of or name
    data = _READERS[base](base, reading or Reading())
    _require_known(data, describe(base))
    if known.is_scrambled:
        data = scrambled(data, name)
    return vectors(data, name) if known.kind == "table" and data.kind == "images" else data
