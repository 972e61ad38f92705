"""Check: files that give the class away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.look.check import NotApplicable, Reason, Topic
from heldout.look.cue import CueCheck
from heldout.look.evidence import Evidence


@dataclass(frozen=True)
class FileCue(CueCheck):
    """Gives a small forest nothing but each file's size, what its header says, and its ending."""

    id = "file-cue"
    title = "Files that give the class away"
    topic = Topic.FILES
    meaning = (
        "Nothing in the files was looked at. If one class came from other cameras, recorders or web sites, or was cut "
        "to another size, a model learns to distinguish the sources, by traces that no person notices."
    )
    remedy = "bring all files to one size and format before training, and make sure that each source has all classes"
    doing = "trying background and files alone"

    def sampled(self, evidence: Evidence) -> Evidence:
        """Fewer rows where headers are slow to read."""
        return evidence.of_files

    def words(self, evidence: Evidence) -> str:
        """What a header of this kind of files says."""
        return f"the file's {evidence.kind.header_words}"

    def features(self, evidence: Evidence) -> np.ndarray | NotApplicable:
        """Of the sampled files."""
        if evidence.kind.files is None or evidence.files is None:
            return NotApplicable(Reason.NO_FILES, "rows are not files in a folder")
        return evidence.files.numbers
