"""The look at sounds: length, level, clipping, silence, and what levels and files give away."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.hearing import mel_levels
from heldout.look.cues import cue_findings, try_cue
from heldout.look.evidence import Evidence
from heldout.look.file_facts import file_facts
from heldout.look.findings import Finding, finding, plural

FULL_SCALE = 32768.0
SILENT_DB = -70.0  # root mean square below which a clip is silent
CLIPPED_SHARE = 1e-3  # of the samples at full scale
OFFSET = 0.02  # of full scale
MOSTLY_EMPTY = 0.5  # of the clip is digital zero
BLOCK_ROWS = 64
SHEET_CLASSES = 20
SHEET_EACH = 4
FLOOR_DB = -80.0


def look_at_sounds(data: Dataset, evidence: Evidence, tell: Any) -> tuple[list[Finding], dict[str, Any]]:
    """Findings on sounds, levels of the classes, and a sheet of spectrograms."""
    tell("listening")
    facts = clip_facts(data.x)
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
    rate, length = int(data.input["rate"]), data.x.shape[1]
    summary = {"as loaded": f"{length / rate:.2f} s at {rate:,} Hz", **_levels(data, facts)}
    if of_files is not None:
        summary |= of_files.summary()
        found += cue_findings(
            try_cue(evidence, of_files.numbers),
            id="file-cue",
            what="the file's size, length, rate and coding",
            meaning="No sample was looked at. If one class came from other recorders or was cut to other lengths, a "
            "model learns to tell the sources, by noise floors and filters that no ear hears.",
            remedy="bring all clips to one length, rate and coding, and make sure that each source has all classes",
        )
    return found, {"facts": {"summary": summary}, "pictures": {"spectrograms": _sheet(data)}}


def clip_facts(sounds: np.ndarray) -> np.ndarray:
    """Level and peak in dB of full scale, share of clipped samples, offset, share of digital silence; (n_rows, 5)."""
    found = np.empty((len(sounds), 5))
    for start in range(0, len(sounds), BLOCK_ROWS):
        raw = np.asarray(sounds[start : start + BLOCK_ROWS])[..., 0]
        block = raw.astype(np.float32) / np.float32(FULL_SCALE)
        offset = block.mean(1)
        rms, peak = np.sqrt(((block - offset[:, None]) ** 2).mean(1)), np.abs(block).max(1)
        clipped = ((raw == 32767) | (raw == -32768)).mean(1)
        with np.errstate(divide="ignore"):
            levels = [np.maximum(20 * np.log10(each), -120.0) for each in (rms, peak)]
        found[start : start + len(raw)] = np.column_stack([*levels, clipped, offset, (raw == 0).mean(1)])
    return found


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


def _levels(data: Dataset, facts: np.ndarray) -> dict[str, str]:
    """Median level of each class, loudest and softest."""
    medians = [
        (float(np.median(facts[data.y == label, 0])), name)
        for label, name in enumerate(data.classes)
        if (data.y == label).any()
    ]
    (soft, softest), (loud, loudest) = min(medians), max(medians)
    middle = float(np.median(facts[:, 0]))
    return {
        "level": f"median {middle:.1f} dB of full scale; classes from {soft:.1f} ({softest}) to {loud:.1f} ({loudest})"
    }


def _sheet(data: Dataset) -> list[tuple[np.ndarray, str]]:
    """Spectrograms of some sounds of each class: time to the right, mel bands upward, from -80 dB to 0."""
    sheet = []
    for label in range(min(data.n_classes, SHEET_CLASSES)):
        rows = np.flatnonzero(data.y == label)
        chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), SHEET_EACH)).astype(int)] if len(rows) else rows
        for levels in mel_levels(data, chosen):
            decibels = 10 * np.log10(levels / max(float(levels.max()), 1e-10) + 1e-10)
            grey = np.clip((decibels - FLOOR_DB) / -FLOOR_DB * 255, 0, 255).astype(np.uint8)[::-1]
            step = max(1, grey.shape[1] // 128)
            short = grey[:, : grey.shape[1] // step * step].reshape(len(grey), -1, step).max(2)
            sheet.append((np.repeat(short, 3, axis=0)[..., None], data.classes[label]))
    return sheet
