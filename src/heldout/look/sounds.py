"""The look at sounds: length, level, clipping, silence, and what levels and files give away."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.registry import kind_of
from heldout.look.cues import cue_findings, try_cue
from heldout.look.evidence import Evidence
from heldout.look.file_facts import file_facts
from heldout.look.findings import Finding, finding, plural

SILENT_DB = -70.0  # root mean square below which a clip is silent
CLIPPED_SHARE = 1e-3  # of the samples at full scale
OFFSET = 0.02  # of full scale
MOSTLY_EMPTY = 0.5  # of the clip is digital zero


def look_at_sounds(data: Dataset, evidence: Evidence, tell: Any) -> tuple[list[Finding], dict[str, Any]]:
    """Findings on sounds, levels of the classes, and a sheet of spectrograms."""
    tell("listening")
    kind = kind_of(data)
    facts = kind.measured(data)
    found = [*_silent(data, facts), *_clipped(data, facts), *_offset(data, facts), *_empty(data, facts)]
    tell("trying levels and files alone")
    found += cue_findings(
        try_cue(evidence, facts[evidence.rows][:, :2]),
        id="level-cue",
        what="how loud the clip is",
        meaning="Nothing but the root mean square and the peak of each clip was given. Where recordings of one class "
        "were made nearer or with more gain, a model learns the gain.",
        remedy="bring all clips to one level, or train with changes of gain (`heldout augment`)",
    )
    of_files = file_facts(data, evidence.rows)
    summary = kind.facts(data, facts)
    if of_files is not None:
        summary |= of_files.summary
        found += cue_findings(
            try_cue(evidence, of_files.numbers),
            id="file-cue",
            what="the file's size, length, rate and coding",
            meaning="No sample was looked at. If one class came from other recorders or was cut to other lengths, a "
            "model learns to tell the sources, by noise floors and filters that no ear hears.",
            remedy="bring all clips to one length, rate and coding, and make sure that each source has all classes",
        )
    return found, {"facts": {"summary": summary}, "pictures": kind.sheets(data)}


def _named(data: Dataset, rows: np.ndarray) -> list[str]:
    return [f"{data.ids[row]} ({data.classes[data.y[row]]})" for row in rows]


def _silent(data: Dataset, facts: np.ndarray) -> list[Finding]:
    rows = np.flatnonzero(facts[:, 0] < SILENT_DB)
    if len(rows) == 0:
        return []
    return [
        finding(
            "silent-sound",
            "warning",
            f"silence (below {SILENT_DB:g} dB of full scale) in {plural(len(rows), 'sound')}, first "
            f"{data.ids[rows[0]]}",
            "Nothing can be heard in them, so that their label cannot be learnt; a model may learn silence instead.",
            "remove them, or find out what went wrong at the recording",
            items=_named(data, rows),
            rows=rows.tolist(),
        )
    ]


def _clipped(data: Dataset, facts: np.ndarray) -> list[Finding]:
    rows = np.flatnonzero(facts[:, 2] > CLIPPED_SHARE)
    if len(rows) == 0:
        return []
    rows = rows[np.argsort(-facts[rows, 2], kind="stable")]
    counts = np.bincount(data.y[rows], minlength=data.n_classes)
    worst = int(counts.argmax())
    return [
        finding(
            "clipped-sound",
            "note",
            f"clipping in more than {100 * CLIPPED_SHARE:g} % of the samples of {plural(len(rows), 'sound')}, most of "
            f"class {data.classes[worst]!r} ({counts[worst]:,})",
            "Cut-off peaks add overtones that were not in the room. If one class is clipped more often, that is a cue "
            "of the recorder and not of the sound.",
            "record with less gain; nothing brings clipped peaks back",
            items=_named(data, rows),
            rows=rows.tolist(),
        )
    ]


def _offset(data: Dataset, facts: np.ndarray) -> list[Finding]:
    rows = np.flatnonzero(np.abs(facts[:, 3]) > OFFSET)
    if len(rows) == 0:
        return []
    return [
        finding(
            "offset-sound",
            "note",
            f"a constant offset above {100 * OFFSET:g} % of full scale in {plural(len(rows), 'sound')}, first "
            f"{data.ids[rows[0]]}",
            "The offset comes from the recorder. Features that count zero crossings or energy see it.",
            "subtract the mean of each clip, or filter out what is below 20 Hz",
            items=_named(data, rows),
            rows=rows.tolist(),
        )
    ]


def _empty(data: Dataset, facts: np.ndarray) -> list[Finding]:
    rows = np.flatnonzero((facts[:, 4] > MOSTLY_EMPTY) & (facts[:, 0] >= SILENT_DB))
    if len(rows) == 0:
        return []
    counts = np.bincount(data.y[rows], minlength=data.n_classes)
    worst = int(counts.argmax())
    return [
        finding(
            "padded-sound",
            "note",
            f"digital silence in more than half of the length of {plural(len(rows), 'sound')}, most of class "
            f"{data.classes[worst]!r} ({counts[worst]:,})",
            "They were cut short and filled up, here or before. How much silence a clip has may tell its class.",
            "choose a shorter length for all clips (--clip-seconds), or cut clips from longer recordings",
            items=_named(data, rows),
            rows=rows.tolist(),
        )
    ]
