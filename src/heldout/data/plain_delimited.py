"""Plain CSV and TSV, many times faster: one row a line, quotes around whole fields only, no quote within them.

Such a file is the same to Arrow's parser and to the strict one. Everything else, and every file that Arrow does not
take, is left to the strict reader, which names what is wrong by its line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

LEAST_BYTES = 2**20
"""Smaller files are read by the strict reader at once."""
_BLOCK_BYTES = 2**22
_LONGEST_LINE = 100_000


def read_plain(path: Path, names: list[str], delimiter: str) -> tuple[list[Any], np.ndarray] | None:
    """Columns of text and the line of each row, or None if the file is not plain.

    Parameters
    ----------
    path : Path
    names : list of str
        Of the columns, from the header line, which is skipped.
    delimiter : str
        One character.
    """
    if path.stat().st_size < LEAST_BYTES:
        return None
    n_lines, has_quotes = _plain_lines(path, delimiter)
    if n_lines < 2:
        return None
    import pyarrow as pa
    from pyarrow import csv

    numbered = [str(i) for i in range(len(names))]
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(column_names=numbered, skip_rows=1, block_size=_BLOCK_BYTES),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if has_quotes else False, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(numbered, pa.large_string()), strings_can_be_null=False, check_utf8=True
            ),
        )
    except (pa.ArrowInvalid, OSError):
        return None
    if table.num_rows != n_lines - 1:
        return None
    return table.columns, np.arange(2, n_lines + 1, dtype=np.int64)


def _plain_lines(path: Path, delimiter: str) -> tuple[int, bool]:
    """Lines of the file (0 if it holds what only the strict reader treats rightly), and whether there are quotes."""
    ends = re.escape(delimiter.encode())
    field = rb'(?:"[^"\r\n]*+"|[^"\r\n' + ends + rb"]*+)"
    well_quoted = re.compile(rb"(?:" + field + rb"(?:" + ends + field + rb")*+(?:\r?\n|\Z))*+")
    count, rest, has_quotes = 0, b"", False
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            whole, end, rest = (rest + block).rpartition(b"\n")
            if len(rest) > _LONGEST_LINE:
                return 0, False
            lines = whole + end
            if not _is_plain(lines, well_quoted):
                return 0, False
            has_quotes |= b'"' in lines
            count += lines.count(b"\n")
    if rest and not _is_plain(rest, well_quoted):
        return 0, False
    return count + bool(rest), has_quotes or b'"' in rest


def _is_plain(lines: bytes, well_quoted: re.Pattern[bytes]) -> bool:
    """Whether these whole lines are: none blank, none endless, no lone carriage return, fields quoted whole."""
    if b"\0" in lines or lines[:1] in (b"\n", b"\r") or b"\n\n" in lines or b"\n\r" in lines:
        return False
    if lines.count(b"\r") != lines.count(b"\r\n"):
        return False
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
    if np.diff(ends, prepend=0, append=len(lines)).max() > _LONGEST_LINE:
        return False
    return b'"' not in lines or well_quoted.fullmatch(lines) is not None
