"""How fast a folder of small images is imported, against two processes of plain Pillow.

    python benchmarks/decode_images.py --zip cifar10-png.zip [--limit N] [--rounds 3]

Prints one JSON object. ``ratio`` is plain seconds / import seconds (medians of alternating rounds over the same files,
after one pass that warms the page cache); ``second_start_seconds`` is loading the folder again from the cache.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def decode_plain(path: str) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def time_plain(paths: list[str]) -> float:
    start = time.perf_counter()
    with multiprocessing.Pool(2) as pool:
        images = np.stack(pool.map(decode_plain, paths))
    assert images.dtype == np.uint8
    return time.perf_counter() - start


def time_load(folder: Path, cache: Path) -> float:
    from heldout.kinds.loading import load

    os.environ["HELDOUT_CACHE"] = str(cache)
    start = time.perf_counter()
    load(str(folder))
    return time.perf_counter() - start


def unpack(archive: Path, folder: Path, limit: int | None) -> list[str]:
    with zipfile.ZipFile(archive) as members:
        names = sorted(name for name in members.namelist() if name.endswith(".png"))
        if limit is not None:
            names = names[:: max(1, len(names) // limit)][:limit]
        members.extractall(folder, names)
    return [str(folder / name) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zip", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    plain, ours, second = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "images")
        paths = unpack(options.zip, folder, options.limit)
        for path in paths:
            Path(path).read_bytes()
        for round_ in range(options.rounds):
            cache = Path(scratch, f"cache{round_}")
            steps = [
                lambda: plain.append(time_plain(paths)),
                lambda cache=cache: ours.append(time_load(folder, cache)),
            ]
            for step in steps if round_ % 2 == 0 else reversed(steps):
                step()
            second.append(time_load(folder, cache))
    result = {
        "files": len(paths),
        "plain_pillow_2_processes_seconds": [round(seconds, 3) for seconds in plain],
        "import_seconds": [round(seconds, 3) for seconds in ours],
        "ratio": round(statistics.median(plain) / statistics.median(ours), 3),
        "second_start_seconds": [round(seconds, 3) for seconds in second],
        "cores": os.cpu_count(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
