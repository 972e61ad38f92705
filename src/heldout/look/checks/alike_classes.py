"""Check: class names that look alike."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.data.labels import near_equal_notes
from heldout.look.check import Check, Found, Topic
from heldout.look.evidence import Evidence
from heldout.look.findings import Severity
from heldout.settings import setting


@dataclass(frozen=True)
class AlikeClasses(Check):
    """Compares class names without regard to case, blanks, Unicode form and the way a number is written."""

    id = "alike-classes"
    title = "Class names that look alike"
    topic = Topic.CLASSES
    severities = (Severity.WARNING,)
    meaning = (
        "They differ only by case, blanks, Unicode form or the way a number is written, and are kept as different "
        "classes."
    )
    remedy = "if they mean the same, write them the same way"

    most: int = setting(20, "Sets of such names that are listed.")

    def run(self, evidence: Evidence) -> Found:
        """One finding at most."""
        notes = near_equal_notes(evidence.data.classes, limit=self.most)
        if not notes:
            return []
        return [self.finding(Severity.WARNING, f"class names that look alike: {notes[0]}", items=notes)]
