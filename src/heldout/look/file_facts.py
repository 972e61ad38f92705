"""What files say of themselves: their size in bytes, their headers, their endings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.media import suffix_of
from heldout.kinds.base import Header, counted
from heldout.kinds.registry import kind_of


@dataclass(frozen=True)
class FileFacts:
    """Facts on some rows' files.

    Attributes
    ----------
    sizes : tuple of int
        In bytes.
    headers : tuple of Header
    endings : tuple of str
    summary : mapping
        In words, for a person.
    """

    sizes: tuple[int, ...]
    headers: tuple[Header, ...]
    endings: tuple[str, ...]
    summary: dict[str, str]

    @property
    def numbers(self) -> np.ndarray:
        """Size, the header's two numbers, number of its form and number of the ending; float64, shape (n_files, 5)."""
        forms = np.unique([header.form for header in self.headers], return_inverse=True)[1]
        endings = np.unique(self.endings, return_inverse=True)[1]
        numbers = [(header.first, header.second) for header in self.headers]
        return np.column_stack([np.array(self.sizes, np.float64), np.array(numbers, np.float64), forms, endings])


def file_facts(data: Dataset, rows: np.ndarray) -> FileFacts | None:
    """Facts on the files of these rows; None where rows are not files of a folder."""
    root = Path(str(data.origin.get("data", "")))
    if not root.is_dir() or len(rows) == 0:
        return None
    kind = kind_of(data)
    sizes, headers, endings = [], [], []
    for row in rows:
        path = root / str(data.ids[row])
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            return None
        headers.append(kind.read_header(path))
        endings.append(suffix_of(path.name))
    summary = {"file sizes": f"{min(sizes):,} to {max(sizes):,} bytes, median {int(np.median(sizes)):,}"}
    if any(header.first for header in headers):
        summary |= kind.header_facts(headers)
    summary["endings"] = counted(endings)
    return FileFacts(tuple(sizes), tuple(headers), tuple(endings), summary)
