"""Strict reading of CSV and TSV: what is wrong is named by its line, and nothing is repaired in silence."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from heldout.data.plain_delimited import read_plain
from heldout.errors import DataError

TAB_SUFFIXES = (".tsv", ".tab")
MAX_COLUMNS = 100_000
MAX_LINE_BYTES = 64 * 2**20
_BLOCK_BYTES = 2**20
_CHUNK_ROWS = 8192


@dataclass
class RawTable:
    """Columns before any of them is taken for a number.

    Attributes
    ----------
    names : list of str
    columns : list of pyarrow.ChunkedArray of string, or of float64 arrays
    lines : int64 array, shape (n_rows,), or None
        Line of the file on which each row starts (from 1); None where there are no lines (Parquet, DataFrame).
    where : str
        The file, for messages.
    """

    names: list[str]
    columns: list[Any]
    lines: np.ndarray | None
    where: str
    notes: list[str] = field(default_factory=list)

    def place(self, row: int) -> str:
        """Where a row stands, in words."""
        return f"row {row}" if self.lines is None else f"line {int(self.lines[row])}"


class _Guarded(io.RawIOBase):
    """Bytes on their way to the parser: refuses NUL, what is not UTF-8, and endless lines, as early as seen."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self._stream, self._where = stream, where
        self._seen = 0  # bytes before the current block
        self._line = 1  # line number at the start of the current block
        self._unbroken = 0  # bytes since the last line end
        self._pending = b""  # start of a character that the next block completes
        self._last = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._stream.read(min(len(buffer), _BLOCK_BYTES))
        self._check(block)
        buffer[: len(block)] = block
        return len(block)

    def _check(self, block: bytes) -> None:
        if self._seen == 0 and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise DataError(
                "the file is UTF-16, not UTF-8 (its first two bytes are a UTF-16 mark)",
                where=self._where,
                fix=f"iconv -f UTF-16 -t UTF-8 '{self._where}' > converted.csv",
            )
        if (nul := block.find(b"\0")) >= 0:
            raise DataError(
                f"NUL byte on line {self._line_at(block, nul)}, byte offset {self._seen + nul}: not a text file",
                where=self._where,
                fix="export the table again as UTF-8 text",
            )
        self._check_utf8(block)
        last_end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self._unbroken = self._unbroken + len(block) if last_end < 0 else len(block) - 1 - last_end
        if self._unbroken > MAX_LINE_BYTES:
            raise DataError(
                f"line {self._line_at(block, len(block))} is longer than {MAX_LINE_BYTES >> 20} MB",
                where=self._where,
                fix="this is not a table of rows and columns; check how it was written",
            )
        self._line = self._line_at(block, len(block))
        self._seen += len(block)
        self._last = block[-1:] or self._last

    def _line_at(self, block: bytes, offset: int) -> int:
        """Line number at an offset of the block; LF, CR LF and CR each end one line."""
        before = block[:offset]
        ends = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
        split_pair = self._last == b"\r" and before[:1] == b"\n"
        return self._line + ends - split_pair

    def _check_utf8(self, block: bytes) -> None:
        joined = self._pending + block
        try:
            joined.decode("utf-8")
        except UnicodeDecodeError as error:
            cut_off = error.reason == "unexpected end of data" and error.end == len(joined)
            if cut_off and block:
                self._pending = joined[error.start :]
                return
            offset = error.start - len(self._pending)
            raise DataError(
                f"byte 0x{joined[error.start]:02x} on line {self._line_at(block, max(offset, 0))}, byte offset "
                f"{self._seen + offset}, is not UTF-8",
                where=self._where,
                fix="the file may be Windows-1252 (Western European); convert it: "
                f"iconv -f WINDOWS-1252 -t UTF-8 '{self._where}' > converted.csv",
            ) from None
        self._pending = b""


def read_delimited(source: Path | BinaryIO, *, where: str, delimiter: str | None = None) -> RawTable:
    """Read a CSV or TSV file with a header line into columns of text.

    Parameters
    ----------
    source : path or binary stream
    where : str
        Its name in messages.
    delimiter : str, optional
        One character; default: tab for ``.tsv``, else comma, or semicolon where the header has no comma.

    Raises
    ------
    DataError
        Naming the line: ragged rows, bytes that are not UTF-8, NUL bytes, unclosed quotes, duplicate or too many
        columns, endless lines, an empty file, a header without rows.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as stream:
                return _read(stream, where, delimiter, source)
        except OSError as error:
            raise DataError(f"cannot read: {error.strerror}", where=where, fix="check the file's rights") from error
    return _read(source, where, delimiter)


def _read(stream: BinaryIO, where: str, delimiter: str | None, path: Path | None = None) -> RawTable:
    guarded = io.BufferedReader(_Guarded(stream, where), _BLOCK_BYTES)
    text = io.TextIOWrapper(guarded, encoding="utf-8-sig", newline="")
    first = text.readline()
    if not first:
        raise DataError("the file is empty", where=where, fix="give a table with a header line and rows")
    notes: list[str] = []
    if delimiter is None:
        delimiter = _delimiter(first, where, notes)
    if first.count(delimiter) >= MAX_COLUMNS:
        raise DataError(
            f"the header names {first.count(delimiter) + 1:,} columns; at most {MAX_COLUMNS:,} are read",
            where=where,
            fix="keep the columns that matter, or turn the table (rows are samples, columns are features)",
        )
    reader = csv.reader(_lines(first, text, delimiter, where), delimiter=delimiter, strict=True)
    rows = _rows(reader, where)
    header = next(rows, None)
    if header is None:
        raise DataError("the file holds blank lines only", where=where, fix="give a header line and rows")
    names = _header(header[1], where, notes)
    plain = None if path is None else read_plain(path, names, delimiter)
    columns, lines = _columns(rows, names, where) if plain is None else plain
    return RawTable(names, columns, lines, where, notes)


def _delimiter(first: str, where: str, notes: list[str]) -> str:
    if where.lower().endswith(TAB_SUFFIXES):
        return "\t"
    if "," not in first:
        for candidate, word in ((";", "semicolons"), ("\t", "tabs")):
            if candidate in first:
                notes.append(f"columns are separated by {word}")
                return candidate
    return ","


def _lines(first: str, text: io.TextIOWrapper, delimiter: str, where: str) -> Iterator[str]:
    """Lines for the parser; one that would explode into columns is refused before it is split."""
    yield first
    for line in text:
        if len(line) > _BLOCK_BYTES and line.count(delimiter) > 2 * MAX_COLUMNS:
            raise DataError(
                f"a line holds {line.count(delimiter) + 1:,} fields", where=where, fix="check the separator"
            )
        yield line


def _rows(reader: Any, where: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the first line, and fields, of each row that is not blank."""
    end = 0
    try:
        for row in reader:
            start, end = end + 1, reader.line_num
            if row:
                yield start, row
    except csv.Error as error:
        raise _syntax_error(str(error), end + 1, reader.line_num, where) from None


def _syntax_error(reason: str, start: int, line: int, where: str) -> DataError:
    if "unexpected end of data" in reason:
        what = f"a quote opened in the row that starts on line {start} is never closed"
    elif "field larger" in reason:
        what = (
            f"a field in the row that starts on line {start} is longer than {csv.field_size_limit():,} characters "
            "(a quote that is never closed?)"
        )
    else:
        what = f"line {line}: {reason}"
    return DataError(what, where=where, fix='put fields in "..." and double each quote inside them: ""')


def _header(names: list[str], where: str, notes: list[str]) -> list[str]:
    names = [name.strip() or f"column {number}" for number, name in enumerate(names)]
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if name in seen:
            raise DataError(
                f"two columns are named {name!r} (columns {seen[name] + 1} and {number + 1})",
                where=where,
                fix="give each column a name of its own",
            )
        seen[name] = number
    if names and all(_is_number(name) for name in names):
        notes.append(
            "the first line holds only numbers and is taken as the column names; if the file has no header line, "
            "add one"
        )
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(rows: Iterator[tuple[int, list[str]]], names: list[str], where: str) -> tuple[list[Any], np.ndarray]:
    """Text columns in Arrow's compact form, chunk by chunk, so that no row lives twice."""
    import pyarrow as pa

    width = len(names)
    chunks: list[list[Any]] = [[] for _ in names]
    lines: list[np.ndarray] = []
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        for line, row in chunk:
            if len(row) != width:
                raise DataError(
                    f"line {line} has {len(row):,} fields, the header has {width:,}",
                    where=where,
                    fix="give each line the same number of fields; quote fields that hold the separator",
                )
        lines.append(np.fromiter((line for line, _ in chunk), np.int64, len(chunk)))
        for target, values in zip(chunks, zip(*(row for _, row in chunk), strict=True), strict=True):
            target.append(pa.array(values, pa.large_string()))
    if not lines:
        raise DataError("the file has a header line and no rows", where=where, fix="add rows, one a line")
    return [pa.chunked_array(parts) for parts in chunks], np.concatenate(lines)
