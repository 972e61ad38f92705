"""Reading a folder of clips and making 100 x 160 spectrograms, against one sox process a clip, and librosa's way.

    python benchmarks/read_sounds.py --folder esc10 [--limit N] [--rounds 2]

Prints one JSON object. Every side goes from the files to arrays of 100 bands and 160 columns; rounds alternate, after
one pass that warms the page cache. ``sox``: the picture of the course (800 x 513, cropped and resized by Pillow).
``sox_small``: sox draws 160 x 100 itself. ``librosa``: load, melspectrogram, power_to_db, with the same frames and
bands as ours, where librosa is installed. Ours starts with an empty cache each round; ``second_start`` has it filled.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SIZE, ROWS, COLUMNS = 2048, 100, 160


def by_sox(paths: list[Path], scratch: Path) -> np.ndarray:
    from PIL import Image

    made = []
    for path in paths:
        picture = scratch / "sox.png"
        subprocess.run(["sox", path, "-n", "spectrogram", "-o", picture], check=True, capture_output=True)
        image = Image.open(picture).convert("RGB").crop((58, 42, 858, 542))
        made.append(np.asarray(image.resize((COLUMNS, ROWS))))
    return np.stack(made)


def by_sox_small(paths: list[Path], scratch: Path) -> np.ndarray:
    from PIL import Image

    made = []
    for path in paths:
        picture = scratch / "small.png"
        size = ["-x", str(COLUMNS), "-y", str(ROWS), "-r", "-d", "5"]
        subprocess.run(["sox", path, "-n", "spectrogram", *size, "-o", picture], check=True, capture_output=True)
        made.append(np.asarray(Image.open(picture).convert("RGB").resize((COLUMNS, ROWS))))
    return np.stack(made)


def by_librosa(paths: list[Path], scratch: Path) -> np.ndarray:
    import librosa

    made = []
    for path in paths:
        samples, rate = librosa.load(path, sr=None)
        samples = librosa.util.fix_length(samples, size=5 * int(rate))
        power = librosa.feature.melspectrogram(
            y=samples, sr=rate, n_fft=SIZE, hop_length=_hop(int(rate)), n_mels=ROWS, center=False
        )
        made.append(librosa.power_to_db(power)[:, :COLUMNS])
    return np.stack(made)


def _hop(rate: int) -> int:
    return (5 * rate - SIZE) // (COLUMNS - 1)


def by_heldout(folder: Path, cache: Path) -> np.ndarray:
    from heldout.kinds.loading import load
    from heldout.prepare.sounds import SoundSpectrogram
    from heldout.processes.cores import n_cores

    os.environ["HELDOUT_CACHE"] = str(cache)
    data = load(folder, sample_rate=44_100, clip_seconds=5.0)
    rate = data.input["rate"]
    step = SoundSpectrogram(rate, SIZE, _hop(rate), n_bands=ROWS, n_jobs=n_cores())
    return step.fit_transform(data.x)[..., :COLUMNS, 0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    found = sorted(options.folder.rglob("*.ogg"))
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        paths = [_linked(path, scratch) for path in found[:: max(1, len(found) // (options.limit or len(found)))]]
        sides: dict[str, Callable[[int], np.ndarray]] = {
            "heldout": lambda number: by_heldout(scratch / "clips", scratch / f"cache{number}"),
            "second_start": lambda number: by_heldout(scratch / "clips", scratch / f"cache{number}"),
        }
        if shutil.which("sox"):
            sides["sox"] = lambda number: by_sox(paths, scratch)
            sides["sox_small"] = lambda number: by_sox_small(paths, scratch)
        if _has_librosa():
            by_librosa(paths[:2], scratch)  # it compiles on first use
            sides["librosa"] = lambda number: by_librosa(paths, scratch)
        by_heldout(scratch / "clips", scratch / "warm")
        for number in range(options.rounds):
            for side, work in sides.items():
                start = time.perf_counter()
                assert work(number).shape[:3] == (len(paths), ROWS, COLUMNS)
                seconds.setdefault(side, []).append(time.perf_counter() - start)
    ours = statistics.median(seconds["heldout"])
    ratios = {side: statistics.median(times) / ours for side, times in seconds.items() if side != "heldout"}
    result = {
        "benchmark": "read_sounds",
        "clips": len(paths),
        "seconds": {side: [round(t, 2) for t in times] for side, times in seconds.items()},
        "ratio": {side: round(ratios[side], 2) if side in ratios else "not installed" for side in _RIVALS},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    print(json.dumps(result, indent=1))


_RIVALS = ("sox", "sox_small", "librosa")


def _linked(path: Path, scratch: Path) -> Path:
    target = scratch / "clips" / path.parent.name / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(path.resolve())
    return target


def _has_librosa() -> bool:
    from importlib.util import find_spec

    return find_spec("librosa") is not None


if __name__ == "__main__":
    main()
