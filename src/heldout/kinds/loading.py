"""One door for all data: a name, a file, a folder or a DataFrame becomes a `Dataset`."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import os
from pathlib import Path
from typing import Any

from heldout.data.arrays import load_npz
from heldout.data.dataset import Dataset
from heldout.data.listing import Listing, walk
from heldout.data.named import NAMED
from heldout.data.named_loading import load_named
from heldout.data.naming import group_by_pattern
from heldout.data.roles import add_listed_roles
from heldout.data.rows import is_frame
from heldout.data.settings import Reading
from heldout.errors import DataError, SettingError
from heldout.kinds.base import Kind
from heldout.kinds.registry import KINDS


def load(data: Any, **settings: Any) -> Dataset:
    """Load labelled data of any kind that heldout knows.

    Parameters
    ----------
    data : str, path or pandas.DataFrame
        The name of a dataset (``"mnist"``), a ``.csv``, ``.tsv`` or ``.parquet`` file, an ``.npz`` with ``x`` and
        ``y``, a folder of images or sounds with a sub-folder a class (also below ``train/`` and ``test/``), a folder
        with a ``labels.csv`` (file, label, optional group and fold), or a DataFrame.
    target : str, optional
        Tables: the column that holds the labels.
    group : str, optional
        Tables: a column whose equal values mark rows that must stay together.
    group_pattern : str, optional
        Files: a regular expression with one capturing group; what it captures in a file's path is the row's group.
    part, time, fold : str, optional
        Columns of a table or of ``labels.csv`` that say for each row whether it is for train, validation or test; when
        it was taken (a number, or a date such as 2024-01-31); in which published fold it is. They are no features.
    image_size : int or (height, width), optional
        Images: the size in pixels to which all are resized. Default: kept if all are equal and at most 64 x 64, else
        64 x 64.
    sample_rate : int, optional
        Sounds: the rate in Hz to which all are resampled. Default: the most common one, at most 48,000.
    clip_seconds : float, optional
        Sounds: the length in seconds to which all are cut or padded. Default: the most common one if at least half of
        the sounds have it, else one that 95% of them do not exceed; at most 30.
    strict : bool, default=False
        Folders: stop at the first file that cannot be used, rather than skip and count it.
    mirror : folder or http(s) address, optional
        Where named datasets come from; default: ``HELDOUT_MIRROR``, else their public addresses.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    Dataset

    Raises
    ------
    DataError, LabelError
        If the data cannot be used as they are.
    SettingError
        If a setting does not fit the data.

    Examples
    --------
    >>> load("iris").classes
    ('setosa', 'versicolor', 'virginica')
    """
    unknown = [name for name in settings if name not in _SETTINGS]
    if unknown:
        near = difflib.get_close_matches(unknown[0], _SETTINGS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise TypeError(f"load() has no setting {unknown[0]!r}{hint}")
    reading = Reading(**settings)
    found = _load(data, reading)
    return found if reading.group_pattern is None else group_by_pattern(found, reading.group_pattern)


def _signature() -> inspect.Signature:
    """What `help` shows: the settings by their names, as they are declared in `Reading`."""
    kinds = inspect.Parameter
    data = kinds("data", kinds.POSITIONAL_OR_KEYWORD)
    settings = [
        kinds(one.name, kinds.KEYWORD_ONLY, default=one.default, annotation=one.type) for one in _SETTINGS.values()
    ]
    return inspect.Signature([data, *settings], return_annotation=Dataset)


_SETTINGS = {one.name: one for one in dataclasses.fields(Reading) if one.name != "data"}
setattr(load, "__signature__", _signature())  # noqa: B010


def _load(data: Any, reading: Reading) -> Dataset:
    if is_frame(data):
        return KINDS["table"].load_file(data, reading)
    if not isinstance(data, (str, os.PathLike)):
        raise SettingError(
            f"data of type {type(data).__name__} cannot be loaded",
            fix="give a path, the name of a dataset, or a pandas DataFrame",
        )
    text = os.fspath(data)
    if text in NAMED:
        _refuse_columns(reading, f"the dataset {text!r} has its labels already")
        _refuse_roles(reading, f"the dataset {text!r}")
        return load_named(str(text), reading)
    path = _existing(str(text))
    if path.is_dir():
        _refuse_columns(reading, "a folder has its labels in folder names or labels.csv")
        found = load_folder(path, reading)
        asked = {role: name for role, name in reading.roles.items() if role != "fold"}  # folds are read in any case
        return add_listed_roles(found, path / "labels.csv", asked) if asked else found
    return _load_file(path, reading)


def load_folder(path: Path, reading: Reading) -> Dataset:
    """Load a folder of labelled files, of the kind that there are most files of.

    Raises
    ------
    DataError
        If the folder has no labelled files, or, with ``strict``, a file cannot be used.
    LabelError
        If there are fewer than two classes, or labels in ``test/`` that ``train/`` never has.
    SettingError
        If a setting is out of range, or for another kind of files.
    """
    listing = walk(path)
    kind = _kind_of_files(listing)
    _refuse_foreign(kind, reading, str(path))
    return kind.load_folder(path, listing, reading)


def _kind_of_files(listing: Listing) -> Kind:
    """The first kind that the most files are of, by their endings."""
    kinds = [(kind, kind.files) for kind in KINDS.values() if kind.files is not None]
    return max(kinds, key=lambda pair: pair[1].count(listing.names))[0]


def _refuse_foreign(kind: Kind, reading: Reading, where: str) -> None:
    """Refuse settings that are for another kind of files."""
    for other in KINDS.values():
        given = [name for name in other.settings if name not in kind.settings and getattr(reading, name) is not None]
        if given:
            are, them = ("is", "it") if len(given) == 1 else ("are", "them")
            raise SettingError(
                f"{' and '.join(given)} {are} for {other.rows}; these are {kind.rows}",
                where=where,
                fix=f"leave {them} out",
            )


def _refuse_columns(reading: Reading, because: str) -> None:
    for option, value in (("target", reading.target), ("group", reading.group)):
        if value is not None:
            raise SettingError(f"--{option} {value!r} is for tables; {because}", fix=f"leave out --{option}")


def _refuse_roles(reading: Reading, what: str) -> None:
    """Columns of parts and times are those of tables; published folds may be there without a column."""
    for role, name in reading.roles.items():
        if role != "fold":
            word = {"part": "column", "time": "time"}[role]
            raise SettingError(f"{what} has no column {name!r}", where=f"--split {word}:{name}", fix="--split class")


def _existing(text: str) -> Path:
    """The path, or an error that offers what may have been meant."""
    if text.startswith(("http://", "https://")):
        raise DataError("URLs are not read directly", where=text, fix="download it first, then give the file")
    path = Path(text).expanduser()
    try:
        if path.exists():
            return path
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be opened ({error})", where=repr(text[:200]), fix="give another path") from None
    near = difflib.get_close_matches(path.name, siblings, n=1)
    near_names = difflib.get_close_matches(text, NAMED, n=1)
    fix = f"datasets known by name: {', '.join(NAMED)}"
    if near:
        fix = f"did you mean {path.parent / near[0]}?"
    elif near_names:
        fix = f"did you mean {near_names[0]}?"
    raise DataError("No such file, folder or dataset", where=text, fix=fix)


def _load_file(path: Path, reading: Reading) -> Dataset:
    if not path.is_file():
        raise DataError("not a file or folder", where=str(path), fix="give a regular file or a folder")
    suffix = path.suffix.lower()
    for kind in KINDS.values():
        if suffix in kind.containers:
            return kind.load_file(path, reading)
    if suffix == ".npz":
        _refuse_columns(reading, "an .npz has its labels in y")
        _refuse_roles(reading, "an .npz")
        return load_npz(path)
    raise DataError(
        f"files ending in {suffix or 'nothing'!r} are not read",
        where=str(path),
        fix="give a .csv, .tsv, .parquet or .npz file, a folder, or the name of a dataset",
    )
