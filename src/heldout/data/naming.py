"""Groups that are written in the names of files: patient, speaker, source recording."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from heldout.data import labels
from heldout.data.dataset import Dataset
from heldout.errors import SettingError

_EXAMPLE = r"--group-pattern '(s\d+)_' takes s01 of s01_003.wav"
_SHOWN = 3


def group_by_pattern(data: Dataset, pattern: str) -> Dataset:
    """Group rows by the part of their file's name that a regular expression captures.

    The expression is searched anywhere in the path within the data folder, its extension included; what its one
    group captures is the name of the row's group.

    Parameters
    ----------
    data : Dataset
        Of files; groups that it has already are replaced.
    pattern : str
        A regular expression with one capturing group, such as ``(s[0-9]+)_``.

    Raises
    ------
    SettingError
        If the expression is none, has not one group, does not fit a file's name, or rows have no names.
    """
    expression = _compiled(pattern)
    if all(str(name).isdigit() for name in data.ids[:_SHOWN]):
        raise SettingError(
            "rows of this data set have no file names to read groups from",
            where=f"--group-pattern {pattern!r}",
            fix="name the column that holds the groups: --group COL",
        )
    found = [expression.search(str(name)) for name in data.ids]
    missed = [str(name) for name, match in zip(data.ids, found, strict=True) if match is None or match.group(1) is None]
    if missed:
        shown = ", ".join(repr(name) for name in missed[:_SHOWN])
        raise SettingError(
            f"the pattern captures nothing in {len(missed):,} of {len(data):,} names: {shown}",
            where=f"--group-pattern {pattern!r}",
            fix=f"write one that fits every name; {_EXAMPLE}",
        )
    groups, names = labels.encode([match.group(1) for match in found if match is not None])
    if len(names) < 2:
        raise SettingError(
            f"the pattern captures {names[0]!r} in every name, so that all rows would be one group",
            where=f"--group-pattern {pattern!r}",
            fix=_EXAMPLE,
        )
    note = f"{len(names):,} groups are read from file names by {pattern!r} (first: {names[0]!r})"
    return replace(
        data,
        groups=groups.astype(np.int64),
        group_names=names,
        origin={**data.origin, "group_pattern": pattern},
        notes=(*data.notes, note),
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    where = f"--group-pattern {pattern!r}"
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingError(f"not a regular expression: {error}", where=where, fix=_EXAMPLE) from None
    if expression.groups != 1:
        raise SettingError(f"{expression.groups} capturing groups, where one is needed", where=where, fix=_EXAMPLE)
    return expression
