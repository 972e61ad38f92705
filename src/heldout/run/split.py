"""`split.json`: which rows a run trains on, seals and leaves out, and which of them belong together.

All of it is decided once, before training. What is done with a run later takes it from here (`heldout.run.rows`), so
that neither a sorted file nor another version of the search for copies changes it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heldout.errors import ArtifactError
from heldout.kinds.copies.groups import Copies
from heldout.run.folder import RunFolder
from heldout.run.record import Record, plain

FILE = "split.json"
SCHEMA = 2
"""2 added the groups, the copies and the notes; runs of schema 1 have none of the three, and no key `schema`."""

PARTS = ("train", "test", "left_out")


@dataclass(frozen=True, kw_only=True)
class CopiesRecord(Record):
    """How many rows are copies of others, and the sentence for people."""

    rows: int
    groups: int
    note: str

    @classmethod
    def of(cls, copies: Copies) -> CopiesRecord:
        """What a search found."""
        return cls(rows=copies.n_copies, groups=copies.n_groups, note=copies.note)


@dataclass(frozen=True)
class RunSplit:
    """What ``split.json`` says. Of each part, rows are in the order in which they stood in the data.

    Attributes
    ----------
    train, test, left_out : sequence of str
        Ids.
    test_digests, left_out_digests : sequence of str
        Of content and label.
    train_content, test_content : sequence of str
        Of the content alone.
    fingerprint : str
        Of the whole data set.
    groups : mapping of part to sequence of int, or None
        Rows of one group have the same number. Empty: no two rows share a group. None: unknown (schema 1).
    copies : CopiesRecord or None
    notes : tuple of str
        What a person should know of the data and the split.
    """

    train: Sequence[str]
    test: Sequence[str]
    left_out: Sequence[str]
    test_digests: Sequence[str]
    left_out_digests: Sequence[str]
    train_content: Sequence[str]
    test_content: Sequence[str]
    fingerprint: str
    groups: Mapping[str, Sequence[int]] | None = None
    copies: CopiesRecord | None = None
    notes: tuple[str, ...] = ()
    schema: int = field(default=SCHEMA)

    @property
    def n_rows(self) -> int:
        """Rows of the whole data set."""
        return len(self.train) + len(self.test) + len(self.left_out)

    def record(self) -> dict[str, Any]:
        """Plain values, as they stand in the file."""
        found: dict[str, Any] = {"schema": self.schema}
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if one.name == "schema" or value is None:
                continue
            found[one.name] = plain(value)
        return found

    def write(self, folder: RunFolder) -> None:
        """Write ``split.json``."""
        folder.write_json(FILE, self.record())


def read_split(folder: RunFolder) -> RunSplit:
    """Read ``split.json``.

    Raises
    ------
    ArtifactError
        If it is missing, damaged, or written by a newer heldout.
    """
    values = folder.read_json(FILE)
    where = str(folder.path / FILE)
    schema = values.get("schema", 1)
    if type(schema) is not int or schema > SCHEMA:
        raise ArtifactError(
            f"it has schema {str(schema)[:20]}; this heldout reads up to {SCHEMA}",
            where=where,
            fix="pip install --upgrade heldout",
        )
    try:
        texts = {
            name: _texts(values[name])
            for name in (*PARTS, "test_digests", "left_out_digests", "train_content", "test_content")
        }
        split = RunSplit(
            **texts,
            fingerprint=str(values["fingerprint"]),
            groups=_groups(values["groups"], texts) if schema > 1 else None,
            copies=CopiesRecord.read(values["copies"]) if schema > 1 else None,
            notes=tuple(_texts(values["notes"])) if schema > 1 else (),
            schema=schema,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"it cannot be read as a split ({error})", where=where, fix="train again") from None
    return split


def _texts(listed: Any) -> list[str]:
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise TypeError("rows are lists of text")
    return listed


def _groups(given: Any, texts: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    if not isinstance(given, dict):
        raise TypeError("groups are numbers by part")
    if not given:
        return {}
    groups: dict[str, list[int]] = {part: given[part] for part in PARTS}
    for part, numbers in groups.items():
        if not isinstance(numbers, list) or len(numbers) != len(texts[part]):
            raise ValueError(f"{part} has another number of groups than of rows")
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise TypeError("groups are numbers")
    return groups
