"""What heldout knows about one kind of data.

A further kind is one file next to `table.py`, `images.py` and `sounds.py`, with a class that fills in what differs from
here, and one line in `registry.py`. Where files hold one row each, all of one shape, the names, the endings and
`Kind.read_input` are enough.
"""

from __future__ import annotations

import math
from abc import ABC
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.fingerprint import row_digests
from heldout.data.listing import Listing
from heldout.data.media import Media
from heldout.data.settings import Reading
from heldout.errors import DataError
from heldout.kinds.copies.equal import equal_rows
from heldout.kinds.copies.groups import Copies, copies_of
from heldout.kinds.plain_files import load_plain_folder

KEPT_BITS = 14
"""Bits of a number that count when a row is known again: about four digits."""

Pictures = list[tuple[np.ndarray, str]]
"""Pictures with a caption each: uint8 arrays, shape (height, width, 1 or 3)."""


@dataclass(frozen=True)
class Shown:
    """One row as a person can take it in; what a kind does not have is left empty.

    Attributes
    ----------
    picture : uint8 array, shape (height, width, 1 or 3), or None
    row : mapping
        Column to value.
    sound : int16 array, shape (length,), or None
    rate : int
        Samples a second of the sound.
    """

    picture: np.ndarray | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    sound: np.ndarray | None = None
    rate: int = 0


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded: two numbers and a word, whatever the kind makes of them."""

    first: float = 0
    second: float = 0
    form: str = ""


class Kind(ABC):
    """One kind of data.

    Attributes
    ----------
    name : str
        What `Dataset.kind` holds: ``"images"``.
    row, rows : str
        The words for one and for many rows: ``"image"``, ``"images"``.
    files : Media or None
        Endings of files that hold a row each; None if rows do not come as files.
    containers : tuple of str
        Endings of files that hold many rows: ``(".csv", ...)``.
    settings : tuple of str
        Settings of loading that are for this kind of files only: ``("image_size",)``.
    has_columns : bool
        Whether the numbers of a row are columns that stand for themselves, rather than samples of one picture or sound.
    measures : tuple of str
        What `measured` measures of each row.
    header_words : str
        What a file's header holds, for findings: ``"size, shape and format"``.
    most_headers : int
        Files whose headers a look reads.
    """

    name: ClassVar[str]
    row: ClassVar[str]
    rows: ClassVar[str]
    files: ClassVar[Media | None] = None
    containers: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[tuple[str, ...]] = ()
    has_columns: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ()
    header_words: ClassVar[str] = "size and format"
    most_headers: ClassVar[int] = 5_000

    @property
    def plural(self) -> str:
        """The word for data of this kind: tables, images."""
        return self.rows

    # Reading

    def load_folder(self, path: Path, listing: Listing, reading: Reading) -> Dataset:
        """Load a folder of labelled files, all of one shape.

        Raises
        ------
        DataError, LabelError
            If the folder cannot be used; with ``reading.strict``, if a file cannot.
        """
        assert self.files is not None
        return load_plain_folder(path, listing, reading, media=self.files, read=lambda file: self.read_input(file, {}))

    def load_file(self, source: Any, reading: Reading) -> Dataset:
        """Load a file of many labelled rows, with one of the endings in `containers`."""
        raise DataError(f"{self.rows} are not read from a file of many rows", where=str(source), fix="give a folder")

    def read_input(self, source: Any, input: Mapping[str, Any]) -> np.ndarray:
        """Read one file as a row.

        Parameters
        ----------
        source : path, or bytes where the kind takes them
        input : mapping
            The ``input`` of the dataset that a model was trained on; empty while such a dataset is being loaded.

        Raises
        ------
        DataError
            If it cannot be used.
        """
        raise DataError(f"{self.rows} do not come as files of one row each", where=str(source), fix="give a table")

    def row_shape(self, input: Mapping[str, Any]) -> tuple[int, ...]:
        """Shape of one row of a dataset with this ``input``."""
        return tuple(input["shape"])

    def row_bytes(self, input: Mapping[str, Any]) -> int:
        """Bytes that one row takes in memory."""
        return math.prod(self.row_shape(input)) * np.dtype(input["dtype"]).itemsize

    def settings_like(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of loading that bring a folder of files to the form ``input``."""
        return {}

    # Rows

    def rounded(self, x: Any) -> Any:
        """The rows with their numbers rounded to `KEPT_BITS` bits; whole numbers as they are."""
        return rounded_numbers(x) if x.dtype.kind == "f" else x

    def content_digests(self, data: Dataset) -> np.ndarray:
        """Digest of each row without its label, by which the row is known again.

        Numbers count to `KEPT_BITS` bits, so that a change in their last digits does not make a row new.

        Returns
        -------
        array of dtype V32, shape (n_rows,)
        """
        same = np.zeros(len(data), np.int64)
        return row_digests(replace(data, x=self.rounded(data.x), y=same, classes=("",)))

    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Exact and near copies among the rows; see `heldout.kinds.copies.find.find_copies`."""
        return copies_of(equal_rows(data.x), "identical")

    def vectors(self, x: Any) -> np.ndarray:
        """Rows as numbers for models; float32, shape (n_rows, n_features). It learns nothing."""
        return np.asarray(x, dtype=np.float32).reshape(len(x), -1)

    def n_features(self, shape: tuple[int, ...]) -> int:
        """Numbers that classical models get of a row of this shape."""
        return math.prod(shape)

    def described(self, data: Dataset, rows: np.ndarray) -> np.ndarray:
        """These rows as a few numbers each for the simple models of a look; float, shape (len(rows), n_features)."""
        return self.vectors(data.x[rows])

    shares_scale: ClassVar[bool] = False
    """Whether all numbers of `described` are of one scale (pixels), so that they are not standardised one by one."""

    # For people

    def sample(self, data: Dataset, position: int) -> Shown:
        """One row as a person can take it in."""
        return Shown()

    def measured(self, data: Dataset) -> np.ndarray:
        """The `measures` of each row; float64, shape (n_rows, n_measures)."""
        return np.empty((len(data), 0))

    def facts(self, data: Dataset, measured: np.ndarray) -> dict[str, str]:
        """What a look says of the rows as loaded, by the name of the fact."""
        return {}

    def sheets(self, data: Dataset) -> dict[str, Pictures]:
        """Pictures that show what the classes hold, by the title of the sheet; the caption is the class."""
        return {}

    def read_header(self, path: Path) -> Header:
        """What a file says of itself; an empty header where it cannot be read."""
        return Header()

    def header_facts(self, headers: list[Header]) -> dict[str, str]:
        """What a look says of the headers."""
        return {}


def rounded_numbers(values: np.ndarray) -> np.ndarray:
    """Floating-point numbers rounded to `KEPT_BITS` bits."""
    mantissa, exponent = np.frexp(values)
    result: np.ndarray = np.ldexp(np.round(mantissa * 2**KEPT_BITS) / 2**KEPT_BITS, exponent)
    return result


def counted(words: list[str]) -> str:
    """The most frequent words with their counts."""
    counts = sorted(Counter(words).items())
    return ", ".join(f"{word or 'none'} {n:,}" for word, n in sorted(counts, key=lambda pair: -pair[1])[:5])
