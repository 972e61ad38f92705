"""Sounds: a row is int16, samples x 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from heldout.data.dataset import Dataset, Skipped
from heldout.data.file_rows import dataset_of_files
from heldout.data.folder_plan import plan_folder, refuse_skipped
from heldout.data.groups import join_pairs
from heldout.data.listing import Listing
from heldout.data.media import Media, suffix_of
from heldout.data.settings import Reading
from heldout.data.sounds import FULL_SCALE, OTHER_SUFFIXES, SOUNDS, read_sound
from heldout.kinds.base import Header, Kind, Pictures, Shown, counted
from heldout.kinds.copies.equal import equal_rows
from heldout.kinds.copies.groups import Copies, copies_of, one_of_each

BLOCK_ROWS = 64
N_FEATURES = 131
SHEET_CLASSES = 20
SHEET_EACH = 4
SHEET_WIDTH = 128
FLOOR_DB = -80.0
SILENCE_DB = -120.0


class Sounds(Kind):
    """Sounds: folders of files."""

    name: ClassVar[str] = SOUNDS.many
    row: ClassVar[str] = SOUNDS.one
    rows: ClassVar[str] = SOUNDS.many
    files: ClassVar[Media | None] = SOUNDS
    settings: ClassVar[tuple[str, ...]] = ("sample_rate", "clip_seconds")
    measures: ClassVar[tuple[str, ...]] = ("level", "peak", "clipped", "offset", "empty")
    header_words: ClassVar[str] = "size, length, rate and coding"

    def load_folder(self, path: Path, listing: Listing, reading: Reading) -> Dataset:
        """Load a folder of sounds, all of one rate and length; they are decoded once and then mapped from the cache."""
        from heldout.data.sound_importing import check_options, import_sounds

        rate, seconds = reading.sample_rate, reading.clip_seconds
        check_options(rate, seconds)
        listing.skipped += [
            Skipped(name, f"{suffix_of(name)} is not read; convert it: ffmpeg -i IN{suffix_of(name)} OUT.flac")
            for name in listing.names
            if suffix_of(name) in OTHER_SUFFIXES
        ]
        plan = plan_folder(path, listing, SOUNDS, strict=reading.strict)
        names = listing.only(set(plan.labels))
        files = import_sounds(path, names, sample_rate=rate, clip_seconds=seconds, progress=reading.progress)
        refuse_skipped(path, files.skipped, reading.strict)
        origin = {"data": str(path), "target": None, "group": None, "sample_rate": rate, "clip_seconds": seconds}
        name = path.resolve().name
        return dataset_of_files(SOUNDS, plan, files, name=name, origin=origin, input=files.form.as_input())

    def read_input(self, source: Any, input: Mapping[str, Any]) -> np.ndarray:
        """Read one sound file by the lines that read the training sounds."""
        return read_sound(source, input)

    def row_shape(self, input: Mapping[str, Any]) -> tuple[int, ...]:
        """Samples, channels."""
        return input["length"], input["channels"]

    def row_bytes(self, input: Mapping[str, Any]) -> int:
        """Two bytes a sample."""
        return 2 * int(input["length"])

    def settings_like(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """Rate and length."""
        return {"sample_rate": input["rate"], "clip_seconds": input["length"] / input["rate"]}

    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Identical samples, and the same recording shifted, louder, softer or with a little noise."""
        from heldout.kinds.copies.sounds import WHAT, sound_pairs

        equal = equal_rows(data.x)
        a, b = sound_pairs(data, one_of_each(equal, generator, most_near), generator)
        return copies_of(join_pairs(equal, a, b), WHAT)

    def n_features(self, shape: tuple[int, ...]) -> int:
        """What `heldout.prepare.sounds.SoundSummary` makes of a sound, whatever its length."""
        return N_FEATURES

    def described(self, data: Dataset, rows: np.ndarray) -> np.ndarray:
        """Mean and deviation of the level of each mel band in decibels."""
        from heldout.kinds.hearing import summaries

        return summaries(data, rows)

    def sample(self, data: Dataset, position: int) -> Shown:
        """The samples and their rate."""
        return Shown(sound=np.asarray(data.x[position]).reshape(-1), rate=int(data.input["rate"]))

    def measured(self, data: Dataset) -> np.ndarray:
        """Level and peak in dB of full scale, share of clipped samples, offset, share of digital silence."""
        found = np.empty((len(data), len(self.measures)))
        for start in range(0, len(data), BLOCK_ROWS):
            raw = np.asarray(data.x[start : start + BLOCK_ROWS])[..., 0]
            block = raw.astype(np.float32) / np.float32(FULL_SCALE)
            offset = block.mean(1)
            rms, peak = np.sqrt(((block - offset[:, None]) ** 2).mean(1)), np.abs(block).max(1)
            clipped = ((raw == 32767) | (raw == -32768)).mean(1)
            with np.errstate(divide="ignore"):
                levels = [np.maximum(20 * np.log10(each), SILENCE_DB) for each in (rms, peak)]
            found[start : start + len(raw)] = np.column_stack([*levels, clipped, offset, (raw == 0).mean(1)])
        return found

    def facts(self, data: Dataset, measured: np.ndarray) -> dict[str, str]:
        """Length and rate, and the median level of the softest and the loudest class."""
        rate, length = int(data.input["rate"]), data.x.shape[1]
        level = measured[:, 0]
        medians = [
            (float(np.median(level[data.y == label])), name)
            for label, name in enumerate(data.classes)
            if (data.y == label).any()
        ]
        (soft, softest), (loud, loudest) = min(medians), max(medians)
        middle = float(np.median(level))
        return {
            "as loaded": f"{length / rate:.2f} s at {rate:,} Hz",
            "level": f"median {middle:.1f} dB of full scale; classes from {soft:.1f} ({softest}) to {loud:.1f} "
            f"({loudest})",
        }

    def sheets(self, data: Dataset) -> dict[str, Pictures]:
        """Spectrograms of some sounds of each class: time to the right, mel bands upward, from -80 dB to 0."""
        from heldout.kinds.hearing import mel_levels

        sheet = []
        for label in range(min(data.n_classes, SHEET_CLASSES)):
            rows = np.flatnonzero(data.y == label)
            few = rows[np.linspace(0, len(rows) - 1, min(len(rows), SHEET_EACH)).astype(int)] if len(rows) else rows
            sheet += [(_grey(levels), data.classes[label]) for levels in mel_levels(data, few)]
        return {"spectrograms": sheet}

    def read_header(self, path: Path) -> Header:
        """Length in milliseconds, rate, and channels with coding."""
        import soundfile

        try:
            info = soundfile.info(str(path))
        except (soundfile.SoundFileError, OSError, RuntimeError):
            return Header()
        return Header(round(1000 * info.duration), info.samplerate, f"{info.channels} x {info.subtype}")

    def header_facts(self, headers: list[Header]) -> dict[str, str]:
        """Lengths and rates."""
        seconds = [header.first / 1000 for header in headers]
        rates = Counter(int(header.second) for header in headers)
        return {
            "lengths": f"{min(seconds):.2f} to {max(seconds):.2f} s",
            "rates": ", ".join(f"{rate:,} Hz {count:,}" for rate, count in rates.most_common(5)),
            "channels and coding": counted([header.form for header in headers]),
        }


def _grey(levels: np.ndarray) -> np.ndarray:
    """A spectrogram as a picture, at most about 128 pixels wide."""
    decibels = 10 * np.log10(levels / max(float(levels.max()), 1e-10) + 1e-10)
    grey = np.clip((decibels - FLOOR_DB) / -FLOOR_DB * 255, 0, 255).astype(np.uint8)[::-1]
    step = max(1, grey.shape[1] // SHEET_WIDTH)
    short = grey[:, : grey.shape[1] // step * step].reshape(len(grey), -1, step).max(2)
    return np.repeat(short, 3, axis=0)[..., None]
