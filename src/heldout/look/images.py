"""The look at images: blank ones, means of the classes, cues in background and files."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.registry import kind_of
from heldout.look.cues import cue_findings, try_cue
from heldout.look.evidence import Evidence
from heldout.look.file_facts import FileFacts, file_facts
from heldout.look.findings import Finding, finding, percent, plural

FLAT = 2.0  # grey levels of deviation below which a picture shows nothing
BORDER = 0.12  # of the side
MOST_HEADERS = 2_000
BLOCK_ROWS = 2048


def look_at_images(data: Dataset, evidence: Evidence, tell: Any) -> tuple[list[Finding], dict[str, Any]]:
    """Findings on images, and the pictures of a page."""
    tell("looking at pixels")
    found = _blank(data)
    rows = evidence.rows
    tell("trying background and files alone")
    found += cue_findings(
        try_cue(evidence, border_features(data.x, rows)),
        id="background-cue",
        what="the border of the image",
        meaning="A model that is given nothing but means and deviations of the outer "
        f"{percent(BORDER).replace('.0', '')} of each side tells the classes better than chance. Where the background "
        "goes with the class (snow behind one animal, one clinic's frame), a model learns it instead of the thing "
        "itself, and fails where they part.",
        remedy="collect each class before all backgrounds, crop to the thing itself, or test on images in which the "
        "background is exchanged",
        strong=2.0,  # things reach the border: only what nearly equals the whole image counts
    )
    facts, summary, sampled = _files(data, evidence)
    found += facts
    parts: dict[str, Any] = {"facts": {"summary": summary}, "pictures": kind_of(data).sheets(data), "sampled": sampled}
    return found, parts


def _blank(data: Dataset) -> list[Finding]:
    """Pictures of one colour."""
    rows = []
    for start in range(0, len(data), BLOCK_ROWS):
        block = np.asarray(data.x[start : start + BLOCK_ROWS])
        low, high = block.min((1, 2)), block.max((1, 2))
        maybe = np.flatnonzero((high.astype(int) - low).max(1) < 16 * FLAT)
        flat = block[maybe].astype(np.float32).std((1, 2)).max(1, initial=0) < FLAT
        rows += (start + maybe[flat]).tolist()
    if not rows:
        return []
    counts = np.bincount(data.y[rows], minlength=data.n_classes)
    worst = int(counts.argmax())
    return [
        finding(
            "blank-image",
            "warning",
            f"{plural(len(rows), 'image')} without anything on it (first {data.ids[rows[0]]}; most in class "
            f"{data.classes[worst]!r}: {counts[worst]:,})",
            f"Their grey levels deviate by less than {FLAT:g} of 255 from the mean. They show nothing; if they are "
            "mostly of one class, “blank” is what a model learns of it.",
            "remove them, or find out what went wrong when they were made",
            items=[f"{data.ids[row]} ({data.classes[data.y[row]]})" for row in rows],
            rows=rows,
        )
    ]


def border_features(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean and deviation of each channel in the four strips along the border; shape (len(rows), 8 * channels)."""
    height, width, _ = images.shape[1:]
    top, side = max(1, round(BORDER * height)), max(1, round(BORDER * width))
    strips = (np.s_[:, :top], np.s_[:, -top:], np.s_[:, :, :side], np.s_[:, :, -side:])
    parts = []
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.asarray(images[rows[start : start + BLOCK_ROWS]], np.float32)
        cut = [block[strip] for strip in strips]
        parts.append(np.concatenate([f((1, 2)) for strip in cut for f in (strip.mean, strip.std)], axis=1))
    return np.concatenate(parts)


def _files(data: Dataset, evidence: Evidence) -> tuple[list[Finding], dict[str, str], tuple[str, ...]]:
    few = evidence
    if len(evidence.rows) > MOST_HEADERS:
        few = Evidence(data, evidence.groups, seed=evidence.seed, most=MOST_HEADERS)
    facts = file_facts(data, few.rows)
    form = kind_of(data).facts(data, np.empty((len(data), 0)))
    if facts is None:
        return [], form, ()
    sampled: tuple[str, ...] = ()
    if len(few.rows) < len(data):
        sampled = (f"file sizes and headers of {len(few.rows):,} of {len(data):,} images",)
    return file_findings(few, facts), {**form, **facts.summary}, sampled


def file_findings(evidence: Evidence, facts: FileFacts) -> list[Finding]:
    """Whether size, shape, mode or ending of the files give the class away."""
    return cue_findings(
        try_cue(evidence, facts.numbers),
        id="file-cue",
        what="the file's size, shape and format",
        meaning="No pixel was looked at. If one class came from another camera, scanner or web site, a model learns to "
        "tell the sources, by traces of compression and scale that no eye sees.",
        remedy="bring all images to one size and format before training, and see that each source has all classes",
    )
