"""A whole look at the data: every check, in order, and what a page needs to show it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.groups import join_groups
from heldout.kinds.copies.find import find_copies
from heldout.kinds.copies.groups import Copies
from heldout.look.classes import check_classes
from heldout.look.columns import ColumnSummary, NumberSummary
from heldout.look.copy_findings import copy_findings
from heldout.look.evidence import MOST_OTHERS, MOST_ROWS, Evidence
from heldout.look.findings import Finding, worst_first
from heldout.look.memory import memory_findings, memory_of
from heldout.look.names import groups_in_names, name_findings
from heldout.look.suspects import find_suspects, suspect_findings

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes
    ----------
    name, kind : str
    n_rows : int
    classes : tuple of (str, int)
        Rows of each class.
    baseline : float
        Accuracy of always answering the largest class.
    findings : tuple of Finding
        Errors first.
    columns : tuple of ColumnSummary
        Tables.
    copies : Copies
    groups : int64 array, shape (n_rows,)
        What should stay together: declared groups, copies, and groups in file names where none were declared.
    sampled : tuple of str
        What was looked at in a sample only.
    facts : mapping
        Numbers on files (images, sounds), as plain JSON.
    pictures : mapping of str to list of (uint8 array, caption)
        What a page shows: sheets of samples, mean images, spectrograms.
    seconds : float
    """

    name: str
    kind: str
    n_rows: int
    classes: tuple[tuple[str, int], ...]
    baseline: float
    findings: tuple[Finding, ...]
    copies: Copies
    groups: np.ndarray
    columns: tuple[ColumnSummary, ...] = ()
    sampled: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, list[tuple[np.ndarray, str]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything but the pictures, as plain JSON."""
        return {
            "schema": 1,
            "name": self.name,
            "kind": self.kind,
            "rows": self.n_rows,
            "classes": dict(self.classes),
            "baseline_accuracy": self.baseline,
            "findings": [each.as_json() for each in self.findings],
            "columns": [_column_json(each) for each in self.columns],
            "copies": {"rows": self.copies.n_copies, "groups": self.copies.n_groups, "note": self.copies.note},
            "facts": self.facts,
            "sampled": list(self.sampled),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def _column_json(column: ColumnSummary) -> dict[str, Any]:
    kind = "numeric" if isinstance(column, NumberSummary) else "categorical"
    return {"type": kind, **{key: value for key, value in vars(column).items() if key != "outliers"}}


def look(
    data: Dataset,
    *,
    seed: int = 0,
    tell: Tell = lambda text: None,
    copies: Copies | None = None,
    most: int = MOST_ROWS,
    others: int = MOST_OTHERS,
) -> Look:
    """Look at all rows of a data set, before anything is split.

    Parameters
    ----------
    data : Dataset
    seed : int, default=0
        Of samples, folds and models.
    tell : callable, optional
        Told what is being done.
    copies : Copies, optional
        If they are known already.
    most, others : int
        Rows that models are tried on, and of the rest those whose labels are judged.

    Returns
    -------
    Look

    Examples
    --------
    >>> from heldout import load
    >>> [each.id for each in look(load("iris")).findings][:1]
    ['copies']
    """
    started = time.monotonic()
    if copies is None:
        tell("looking for copies")
        copies = find_copies(data, seed=seed)
    ways = groups_in_names(data)
    groups = join_groups(data.groups, copies.groups if copies.applied else None)
    offered = join_groups(groups, ways[0].groups if ways and data.groups is None else None)
    evidence = Evidence(data, offered, seed=seed, most=most, others=others)
    found = [*check_classes(data, groups), *copy_findings(data, copies), *name_findings(data, ways)]
    sampled = _sampling(evidence)
    parts: dict[str, Any] = {}
    if data.kind == "table":
        from heldout.look.tables import look_at_table

        more, parts = look_at_table(data, evidence, tell)
        found += more
    elif data.kind == "images":
        from heldout.look.images import look_at_images

        more, parts = look_at_images(data, evidence, tell)
        found += more
    elif data.kind == "sounds":
        from heldout.look.sounds import look_at_sounds

        more, parts = look_at_sounds(data, evidence, tell)
        found += more
    tell("asking simple models")
    if _can_ask(data, evidence):
        found += suspect_findings(evidence, find_suspects(evidence))
        if groups is not None:
            found += memory_findings(memory_of(evidence, groups), what="copies and declared groups", is_kept=True)
        if ways and data.groups is None:
            found += memory_findings(memory_of(evidence, ways[0].groups), what="groups in file names", is_kept=False)
    counts = np.bincount(data.y, minlength=data.n_classes)
    return Look(
        name=data.name,
        kind=data.kind,
        n_rows=len(data),
        classes=tuple(zip(data.classes, counts.tolist(), strict=True)),
        baseline=float(counts.max() / counts.sum()),
        findings=worst_first(found),
        copies=copies,
        groups=np.arange(len(data)) if offered is None else offered,
        sampled=(*sampled, *parts.pop("sampled", ())),
        notes=data.notes,
        seconds=time.monotonic() - started,
        **parts,
    )


def _can_ask(data: Dataset, evidence: Evidence) -> bool:
    """Whether there is enough to fit a model: two classes in at least two folds, and features."""
    counts = np.bincount(evidence.y, minlength=data.n_classes)
    return (counts >= 2).sum() >= 2 and len(np.unique(evidence.folds)) > 1 and evidence.x.shape[1] > 0


def _sampling(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.is_sampled:
        return ()
    tried = (
        f"models, leaks and cues were tried on a sample of {len(evidence.rows):,} of {len(evidence.data):,} rows, "
        "with each class in proportion"
    )
    judged = len(evidence.rows) + len(evidence.others)
    if judged == len(evidence.data):
        return (tried,)
    return (tried, f"labels of {judged:,} rows, drawn at random, were judged")
