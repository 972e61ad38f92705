"""What a check is. To add one: a file in `checks/` with a class like those there, and its line in `checks/__init__.py`.

A check is a frozen dataclass: what it is called and what it means are attributes of the class, its thresholds are
fields made by `heldout.settings.setting`. The list of checks, the docs and the refusals are made from these.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from heldout.look.evidence import Evidence
from heldout.look.findings import MOST_ITEMS, Finding, Severity
from heldout.settings import settings_of


class Topic(StrEnum):
    """What a check is about."""

    CLASSES = "classes"
    FILES = "files"
    COPIES = "copies"
    COLUMNS = "columns"
    IMAGES = "images"
    SOUNDS = "sounds"
    LABELS = "labels"


class Reason(StrEnum):
    """Why a check says nothing; the value is for machines."""

    OTHER_KIND = "other-kind"
    NO_GROUPS = "no-groups"
    GROUPS_DECLARED = "groups-declared"
    NO_TEST_PART = "no-test-part"
    NO_COPIES = "no-copies"
    NO_FILES = "no-files"
    TOO_FEW = "too-few"
    NOTHING_VARIES = "nothing-varies"
    WEAK_MODELS = "weak-models"


@dataclass(frozen=True)
class NotApplicable:
    """That a check cannot say anything about these data, and why.

    Attributes
    ----------
    reason : Reason
    text : str
        In words.
    """

    reason: Reason
    text: str


Found = Sequence[Finding] | NotApplicable
"""What a check gives: findings (none: nothing is wrong), or that it is not applicable."""


class Check(ABC):
    """One thing to look for; its docstring says how.

    Attributes
    ----------
    id : str
        Stable, for machines and for ``--ignore``: that of its findings.
    title : str
        What it finds, in a few words.
    topic : Topic
    severities : tuple of Severity
        That its findings may have.
    kinds : tuple of str
        Kinds of data that it is for; empty: all.
    meaning : str
        Why its findings matter.
    remedy : str
        What to do about them.
    doing : str
        What to show while it runs; empty if it takes no time.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    topic: ClassVar[Topic]
    severities: ClassVar[tuple[Severity, ...]]
    kinds: ClassVar[tuple[str, ...]] = ()
    meaning: ClassVar[str]
    remedy: ClassVar[str]
    doing: ClassVar[str] = ""

    @abstractmethod
    def run(self, evidence: Evidence) -> Found:
        """Look at the data; only data of the check's kinds come here."""

    def as_json(self) -> dict[str, Any]:
        """What it is, as plain JSON."""
        settings = [{"name": one.name, "default": one.default, "help": one.help} for one in settings_of(self)]
        return {
            "id": self.id,
            "title": self.title,
            "topic": self.topic.value,
            "severities": [severity.value for severity in self.severities],
            "kinds": list(self.kinds),
            "description": inspect.getdoc(type(self)),
            "meaning": self.meaning,
            "remedy": self.remedy,
            "settings": settings,
        }

    def finding(
        self,
        severity: Severity,
        title: str,
        *,
        meaning: str = "",
        remedy: str = "",
        items: Sequence[object] = (),
        details: Mapping[str, Any] | None = None,
        rows: Sequence[int] = (),
    ) -> Finding:
        """Make a finding of any number of items; meaning and remedy are the check's unless given."""
        return Finding(
            self.id,
            severity,
            title,
            meaning or self.meaning,
            remedy or self.remedy,
            items=tuple(str(item) for item in items[:MOST_ITEMS]),
            n_items=len(items),
            details=dict(details or {}),
            rows=tuple(int(row) for row in rows[:MOST_ITEMS]),
        )
