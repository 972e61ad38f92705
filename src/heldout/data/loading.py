"""One door for all data: a name, a file, a folder or a DataFrame becomes a `Dataset`."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from heldout.data.dataset import Dataset
from heldout.data.download import Progress
from heldout.errors import DataError, SettingError

_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq")


def load(
    data: Any,
    *,
    target: str | None = None,
    group: str | None = None,
    mirror: str | os.PathLike[str] | None = None,
    strict: bool = False,
    progress: Progress | None = None,
    image_size: int | tuple[int, int] | None = None,
    sample_rate: int | None = None,
    clip_seconds: float | None = None,
    group_pattern: str | None = None,
    part: str | None = None,
    time: str | None = None,
    fold: str | None = None,
) -> Dataset:
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
    mirror : folder or http(s) address, optional
        Where named datasets come from; default: ``HELDOUT_MIRROR``, else their public addresses.
    strict : bool, default=False
        Folders: the first file that cannot be used is an error, rather than skipped and counted.
    progress : callable, optional
        Called with (done, total, what).
    image_size : int or (height, width), optional
        Images: the size in pixels that all are brought to. Default: kept if all are equal and at most 64 x 64, else
        64 x 64.
    group_pattern : str, optional
        Files: a regular expression with one capturing group; what it captures in a file's path is the row's group.
    part, time, fold : str, optional
        Columns of a table or of ``labels.csv`` that say for each row whether it is for train, validation or test; when
        it was taken (a number, or a date such as 2024-01-31); in which published fold it is. They are no features.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError, LabelError
        If the data cannot be used as they are.
    SettingError
        If an option does not fit the data.

    Examples
    --------
    >>> load("iris").classes
    ('setosa', 'versicolor', 'virginica')
    """
    if group_pattern is not None:
        from heldout.data.naming import group_by_pattern

        plain = load(
            data,
            target=target,
            group=group,
            mirror=mirror,
            strict=strict,
            progress=progress,
            image_size=image_size,
            sample_rate=sample_rate,
            clip_seconds=clip_seconds,
            part=part,
            time=time,
            fold=fold,
        )
        return group_by_pattern(plain, group_pattern)
    roles = {role: name for role, name in (("part", part), ("time", time), ("fold", fold)) if name is not None}
    if _is_frame(data):
        from heldout.data.tables import load_table

        return load_table(data, name="table", target=target, group=group, roles=roles)
    if not isinstance(data, (str, os.PathLike)):
        raise SettingError(
            f"data of type {type(data).__name__} cannot be loaded",
            fix="give a path, the name of a dataset, or a pandas DataFrame",
        )
    text = os.fspath(data)
    from heldout.data.named import NAMED
    from heldout.data.named_loading import load_named

    if text in NAMED:
        _refuse_columns(target, group, f"the dataset {text!r} has its labels already")
        _refuse_roles(roles, f"the dataset {text!r}")
        if NAMED[text].kind == "sounds":
            from heldout.data.named_sounds import load_esc10

            return load_esc10(mirror, progress, sample_rate=sample_rate, clip_seconds=clip_seconds)
        return load_named(text, mirror=mirror, progress=progress)
    path = _existing(str(text))
    if path.is_dir():
        _refuse_columns(target, group, "a folder has its labels in folder names or labels.csv")
        from heldout.data.folders import load_folder
        from heldout.data.roles import add_listed_roles

        found = load_folder(
            path,
            strict=strict,
            progress=progress,
            image_size=image_size,
            sample_rate=sample_rate,
            clip_seconds=clip_seconds,
        )
        asked = {role: name for role, name in roles.items() if role != "fold"}  # folds are read in any case
        return add_listed_roles(found, path / "labels.csv", asked) if asked else found
    return _load_file(path, target, group, roles)


def _is_frame(data: Any) -> bool:
    return type(data).__module__.split(".")[0] == "pandas" and hasattr(data, "columns")


def _refuse_columns(target: str | None, group: str | None, because: str) -> None:
    for option, value in (("target", target), ("group", group)):
        if value is not None:
            raise SettingError(f"--{option} {value!r} is for tables; {because}", fix=f"leave out --{option}")


def _refuse_roles(roles: dict[str, str], what: str) -> None:
    """Columns of parts and times are those of tables; published folds may be there without a column."""
    for role, name in roles.items():
        if role != "fold":
            word = {"part": "column", "time": "time"}[role]
            raise SettingError(f"{what} has no column {name!r}", where=f"--split {word}:{name}", fix="--split class")


def _existing(text: str) -> Path:
    """The path, or an error that offers what may have been meant."""
    from heldout.data.named import NAMED

    if text.startswith(("http://", "https://")):
        raise DataError("an address is not read directly", where=text, fix="download it first, then give the file")
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
    raise DataError("there is no such file, folder or dataset", where=text, fix=fix)


def _load_file(path: Path, target: str | None, group: str | None, roles: dict[str, str]) -> Dataset:
    suffix = path.suffix.lower()
    if not path.is_file():
        raise DataError("neither a file nor a folder", where=str(path), fix="give a regular file or a folder")
    if suffix in _TABLES:
        from heldout.data.tables import load_table

        return load_table(path, name=path.name, target=target, group=group, roles=roles)
    if suffix == ".npz":
        _refuse_columns(target, group, "an .npz has its labels in y")
        _refuse_roles(roles, "an .npz")
        from heldout.data.arrays import load_npz

        return load_npz(path)
    raise DataError(
        f"files ending in {suffix or 'nothing'!r} are not read",
        where=str(path),
        fix="give a .csv, .tsv, .parquet or .npz file, a folder, or the name of a dataset",
    )
