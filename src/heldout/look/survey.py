"""A whole look at the data: every check, in order, and what a page needs to show it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import SettingError
from heldout.kinds.base import Pictures
from heldout.kinds.copies.find import find_copies
from heldout.kinds.copies.groups import Copies
from heldout.kinds.registry import kind_named, kind_of
from heldout.look.check import Check, NotApplicable, Reason
from heldout.look.checks import CHECKS
from heldout.look.columns import ColumnSummary, NumberSummary
from heldout.look.evidence import MOST_OTHERS, MOST_ROWS, Evidence
from heldout.look.findings import Finding, Severity, worst_first

Tell = Callable[[str], None]


class State(StrEnum):
    """What became of a check."""

    FOUND = "found"
    SILENT = "silent"
    NOT_APPLICABLE = "not applicable"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Ran:
    """One check and what it gave.

    Attributes
    ----------
    id : str
    state : State
    findings : tuple of Finding
    not_applicable : NotApplicable or None
        Why it says nothing.
    """

    id: str
    state: State
    findings: tuple[Finding, ...] = ()
    not_applicable: NotApplicable | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain JSON, with the reason where there is one."""
        found: dict[str, Any] = {"id": self.id, "state": self.state.value, "findings": len(self.findings)}
        if self.not_applicable is not None:
            found |= {"reason": self.not_applicable.reason.value, "why": self.not_applicable.text}
        return found


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
    checks : tuple of Ran
        Every check, in order.
    copies : Copies
    groups : int64 array, shape (n_rows,)
        What should stay together: declared groups, copies, and groups in file names where none were declared.
    columns : tuple of ColumnSummary
        Tables.
    facts : mapping
        Facts on rows and files in words, by their names.
    pictures : mapping of str to list of (uint8 array, caption)
        What a page shows: sheets of samples, mean images, spectrograms.
    sampled : tuple of str
        What was looked at in a sample only.
    notes : tuple of str
        What was said while the data were loaded.
    level : Severity
        The least severity of findings that are shown.
    seconds : float
    """

    name: str
    kind: str
    n_rows: int
    classes: tuple[tuple[str, int], ...]
    baseline: float
    checks: tuple[Ran, ...]
    copies: Copies
    groups: np.ndarray
    columns: tuple[ColumnSummary, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Pictures] = field(default_factory=dict)
    sampled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    level: Severity = Severity.NOTE
    seconds: float = 0.0

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Everything that was found, errors first."""
        return worst_first(finding for ran in self.checks for finding in ran.findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found and is at least as bad as `level`, errors first."""
        return tuple(each for each in self.all_findings if each.severity.is_at_least(self.level))

    def as_json(self) -> dict[str, Any]:
        """Everything but the pictures, as plain JSON."""
        return {
            "schema": 1,
            "name": self.name,
            "kind": self.kind,
            "rows": self.n_rows,
            "classes": dict(self.classes),
            "baseline_accuracy": self.baseline,
            "level": self.level.value,
            "findings": [each.as_json() for each in self.findings],
            "checks": [each.as_json() for each in self.checks],
            "columns": [_column_json(each) for each in self.columns],
            "copies": {"rows": self.copies.n_copies, "groups": self.copies.n_groups, "note": self.copies.note},
            "facts": {"summary": self.facts} if self.facts else {},
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
    only: Sequence[str] = (),
    ignore: Sequence[str] = (),
    level: str = "note",
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
    only, ignore : sequence of str
        Ids of the checks to run (none: all), and of those to leave out; see `heldout.look.checks.CHECKS`.
    level : 'note', 'warning' or 'error'
        The least severity of findings that are shown.
    seed : int, default=0
        Of samples, folds and models.
    tell : callable, optional
        Called with what is being done.
    copies : Copies, optional
        If they are known already.
    most, others : int
        Rows that models are tried on, and of the rest those whose labels are judged.

    Returns
    -------
    Look

    Raises
    ------
    SettingError
        If there is no such check, or no such level.

    Examples
    --------
    >>> import heldout
    >>> from heldout.look import look
    >>> [each.id for each in look(heldout.load("iris"), ignore=["outliers"]).findings]
    ['copies']
    """
    started = time.monotonic()
    chosen, shown = choose_checks(only, ignore), _level(level)
    if copies is None:
        tell("looking for copies")
        copies = find_copies(data, seed=seed)
    evidence = Evidence(data, copies, seed=seed, most=most, others=others)
    checks = _run(evidence, chosen, tell)
    return Look(
        name=data.name,
        kind=data.kind,
        n_rows=len(data),
        classes=tuple(zip(data.classes, evidence.counts.tolist(), strict=True)),
        baseline=float(evidence.counts.max() / evidence.counts.sum()),
        checks=checks,
        copies=copies,
        groups=np.arange(len(data)) if evidence.groups is None else evidence.groups,
        columns=evidence.columns,
        facts=evidence.facts,
        pictures=kind_of(data).sheets(data),
        sampled=_sampling(evidence),
        notes=data.notes,
        level=shown,
        seconds=time.monotonic() - started,
    )


def choose_checks(only: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Check]:
    """The checks to run.

    Raises
    ------
    SettingError
        If a check is unknown, with the nearest name.
    """
    only, ignore = list(only), list(ignore)
    known = [check.id for check in CHECKS]
    for option, names in (("--only", only), ("--ignore", ignore)):
        unknown = [name for name in names if name not in known]
        if unknown:
            near = get_close_matches(unknown[0], known, 1, 0.4)
            fix = f"did you mean {near[0]!r}? " if near else ""
            raise SettingError(
                f"Unknown check {unknown[0]!r}", where=option, fix=f"{fix}`heldout look --list-checks` lists them all"
            )
    return [check for check in CHECKS if (not only or check.id in only) and check.id not in ignore]


def _level(name: str) -> Severity:
    if name not in list(Severity):
        raise SettingError(f"Unknown level {name!r}", where="--level", fix=f"choose {', '.join(Severity)}")
    return Severity(name)


def _run(evidence: Evidence, chosen: Sequence[Check], tell: Tell) -> tuple[Ran, ...]:
    ran, said = [], ""
    for check in CHECKS:
        if check not in chosen:
            ran.append(Ran(check.id, State.IGNORED))
            continue
        if check.kinds and evidence.kind.name not in check.kinds:
            ran.append(_ran(check, _other_kind(check, evidence)))
            continue
        if check.doing and check.doing != said:
            said = check.doing
            tell(said)
        ran.append(_ran(check, check.run(evidence)))
    return tuple(ran)


def _ran(check: Check, found: Sequence[Finding] | NotApplicable) -> Ran:
    if isinstance(found, NotApplicable):
        return Ran(check.id, State.NOT_APPLICABLE, not_applicable=found)
    return Ran(check.id, State.FOUND if found else State.SILENT, tuple(found))


def _other_kind(check: Check, evidence: Evidence) -> NotApplicable:
    wanted = " and ".join(kind_named(name).plural for name in check.kinds)
    return NotApplicable(Reason.OTHER_KIND, f"it is for {wanted}, these are {evidence.kind.plural}")


def _sampling(evidence: Evidence) -> tuple[str, ...]:
    """What was looked at in a sample only."""
    n, found = len(evidence.data), []
    if evidence.is_sampled:
        found.append(
            f"models, leaks and cues were tried on a sample of {len(evidence.rows):,} of {n:,} rows, with each class "
            "in proportion"
        )
        judged = len(evidence.rows) + len(evidence.others)
        if judged < n:
            found.append(f"labels of {judged:,} rows, drawn at random, were judged")
    of_files = evidence.of_files
    if of_files.files is not None and len(of_files.rows) < n:
        found.append(f"file sizes and headers of {len(of_files.rows):,} of {n:,} {evidence.kind.rows} were read")
    return tuple(found)
