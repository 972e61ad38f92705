"""How fast the course's augmented clips are made and written, against librosa's effects in one process.

    python benchmarks/augment_sounds.py [--clips 20] [--variants 19] [--rounds 3] [--jobs 2]

Prints one JSON object. Both sides make the same number of variants of a slice of clips (the course makes 19 of each of
400; ``scaled_up_seconds`` says in proportion what all would take) with shift, noise, pitch and stretch, each with
probability one half, and write them as 16-bit WAV. ``ratio`` is librosa's seconds / ours (medians of alternating
rounds), with ``jobs`` processes that are started anew each time and with one. Without librosa it says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile

from heldout_course.augment.sounds import course_variants

RATE = 44_100
ALL_CLIPS = 400


def read_clips(n: int) -> np.ndarray:
    """Clips of ESC-10 from HELDOUT_MIRROR, else noise; int16, (n, 220500)."""
    place = Path(os.environ.get("HELDOUT_MIRROR") or "nowhere", "esc10")
    files = sorted(place.rglob("*.ogg"))
    if len(files) < n:
        return (np.random.default_rng(0).normal(size=(n, 5 * RATE)) * 3000).astype(np.int16)
    read = [soundfile.read(path, dtype="int16")[0] for path in files[:: len(files) // n][:n]]
    return np.stack([np.pad(clip[: 5 * RATE], (0, max(0, 5 * RATE - len(clip)))) for clip in read])


def with_librosa(clips: np.ndarray, variants: int, folder: Path) -> None:
    import librosa

    random = np.random.default_rng(1)
    for number, original in enumerate(clips):
        for variant in range(variants):
            clip = original.astype(np.float32) / 32768
            if random.random() < 0.5:
                clip = np.roll(clip, int(RATE / 4 * (random.random() - 0.5)))
            if random.random() < 0.5:
                clip = clip + (0.1 * (clip.max() - clip.min()) * random.random(len(clip))).astype(np.float32)
            if random.random() < 0.5:
                clip = librosa.effects.pitch_shift(clip, sr=RATE, n_steps=20 * (random.random() - 0.5))
            if random.random() < 0.5:
                clip = librosa.effects.time_stretch(clip, rate=1 + (random.random() - 0.5))
                clip = np.pad(clip[: len(original)], (0, max(0, len(original) - len(clip))))
            samples = (clip * 32768).clip(-32768, 32767).astype(np.int16)
            soundfile.write(folder / f"{number}-{variant}.wav", samples, RATE)


def write_variants(clip: np.ndarray, row: int, variants: int, folder: Path) -> None:
    for variant, samples in enumerate(course_variants(clip, RATE, row=row, variants=variants, seed=1)):
        soundfile.write(folder / f"{row}-{variant}.wav", samples, RATE)


def ours(clips: np.ndarray, variants: int, folder: Path, jobs: int) -> None:
    if jobs == 1:
        for row, clip in enumerate(clips):
            write_variants(clip, row, variants, folder)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        list(
            pool.map(write_variants, clips, range(len(clips)), *[[value] * len(clips) for value in (variants, folder)])
        )


def timed(work: Callable[..., None], *arguments: object) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        work(*[Path(folder) if argument is Path else argument for argument in arguments])
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--variants", type=int, default=19)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    clips, variants = read_clips(options.clips), options.variants
    sides = {
        "ours": lambda: timed(ours, clips, variants, Path, options.jobs),
        "ours_one_process": lambda: timed(ours, clips, variants, Path, 1),
    }
    if find_spec("librosa"):
        timed(with_librosa, clips[:1], 4, Path)  # imports and compiles
        sides["librosa"] = lambda: timed(with_librosa, clips, variants, Path)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_ in range(options.rounds):
        for name in list(sides) if round_ % 2 == 0 else reversed(list(sides)):
            seconds[name].append(sides[name]())
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "clips": len(clips),
        "made": len(clips) * variants,
        "seconds": {name: [round(value, 2) for value in values] for name, values in seconds.items()},
        "scaled_up_seconds": {name: round(value * ALL_CLIPS / len(clips)) for name, value in middle.items()},
        "jobs": options.jobs,
        "cores": os.cpu_count(),
    }
    if "librosa" in middle:
        result["ratio"] = round(middle["librosa"] / middle["ours"], 2)
        result["ratio_one_process"] = round(middle["librosa"] / middle["ours_one_process"], 2)
    else:
        result["librosa"] = "not installed"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
