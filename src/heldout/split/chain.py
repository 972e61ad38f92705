"""Entries that each carry the hash of the one before, and how to see that they still do."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

APPLICATION_ID = 0x48454C44  # "HELD", in the header of the SQLite file
SCHEMA = """CREATE TABLE entries (
    number INTEGER PRIMARY KEY, content TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE)"""
TRIGGERS = {
    "no_update": """CREATE TRIGGER no_update BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    "no_delete": """CREATE TRIGGER no_delete BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    # Also stops INSERT OR REPLACE, which would delete without asking the trigger above.
    "only_append": """CREATE TRIGGER only_append BEFORE INSERT ON entries
        WHEN NEW.number != (SELECT coalesce(max(number), 0) + 1 FROM entries)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
}


class Entry(NamedTuple):
    """A row of the ledger: `hash` is over `content` (canonical JSON) and `previous` (the hash before)."""

    number: int
    content: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Head:
    """What the head file says: whose ledger it is, and its last entry when the file was written."""

    ledger: str
    number: int
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> Head:
        """The head that names this entry."""
        return cls(_ledger_id(entry), entry.number, entry.hash)


def to_json(content: Mapping[str, Any]) -> str:
    """Canonical JSON: sorted keys, no blanks, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def entry_hash(content: str, previous: str) -> str:
    """SHA-256 (hex) of an entry's text and the hash of the entry before it."""
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def plain(value: Any) -> Any:
    """As JSON can hold it: NumPy numbers and arrays become Python's, NaN and infinity become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def chain_problems(entries: Sequence[Entry]) -> list[str]:
    """Every break of the chain, in sentences."""
    if not entries:
        return ["the ledger has no entries, not even its first"]
    problems = []
    expected, previous = 1, ""
    for entry in entries:
        if entry.number != expected:
            gap = f"{expected}" if entry.number == expected + 1 else f"{expected} to {entry.number - 1}"
            problems.append(f"removed from the middle: entry {gap}")
        elif entry.previous != previous:
            problems.append(f"entry {entry.number} does not follow from the previous entry")
        if entry_hash(entry.content, entry.previous) != entry.hash:
            problems.append(f"entry {entry.number} was changed after it was written")
        elif said := _said(entry):
            problems.append(f"entry {entry.number} says: {said}")
        expected, previous = entry.number + 1, entry.hash
    return problems


def head_problem(entries: Sequence[Entry], head: Head | None) -> str:
    """How the head file contradicts the chain; empty if it does not.

    The head may lag behind: a process can die between an entry and its head.
    """
    if head is None:
        return "the head file is missing" if len(entries) > 2 else ""
    if head.hash == "unreadable":
        return "the head file cannot be read"
    if entries and _ledger_id(entries[0]) != head.ledger:
        return f"this is not the ledger whose head file names {head.number} entries"
    last = entries[-1].number if entries else 0
    if last < head.number:
        gone = head.number - last
        return f"{gone} {'entry is' if gone == 1 else 'entries are'} missing at the end"
    if not any(entry.number == head.number and entry.hash == head.hash for entry in entries):
        return f"entry {head.number} is not the one that the head file names"
    return ""


def _said(entry: Entry) -> str:
    """Damage that an entry itself reports."""
    content = _loaded(entry)
    return str(content.get("found") or content.get("missing") or "")


def _ledger_id(entry: Entry) -> str:
    return str(_loaded(entry).get("ledger", ""))


def _loaded(entry: Entry) -> dict[str, Any]:
    try:
        content = json.loads(entry.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
