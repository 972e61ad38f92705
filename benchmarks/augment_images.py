"""How fast 50,000 CIFAR-10 images become 500,000, against the course's loop over single images with Pillow.

    python benchmarks/augment_images.py [--images 50000] [--slice 1000] [--rounds 3] [--threads 1]

Prints one JSON object. The loop runs over a slice and is scaled up in proportion, which is stated; ours runs over all
images. ``ratio`` is the loop's seconds / our seconds (medians of alternating rounds). In memory on both sides, into an
array that is there already, since the first touch of 1.2 GB costs either side the same and varies; what it takes with
a new array is ``ours_new_array_seconds``. Images are those of HELDOUT_MIRROR, else random pixels; the content changes
nothing about the work.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

import numpy as np
from PIL import Image

from heldout_course.augment.images import tenfold_images

SIZE, SIDE = 28, 32


def one_variant(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    picture = Image.fromarray(image)
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < 0.3333:
        margin = (SIDE - SIZE) / 2
        picture = picture.rotate(10 * random.random() - 5, resample=Image.Resampling.BILINEAR)
        picture = picture.crop((margin, margin, SIDE - margin, SIDE - margin))
    else:
        left, top = (int((SIDE - SIZE - 1) * random.random()) for _ in range(2))
        picture = picture.crop((left, top, left + SIZE, top + SIZE))
    return np.array(picture)


def loop(images: np.ndarray, made: np.ndarray, factor: int = 10) -> None:
    """What the course does: one image after the other."""
    random = np.random.default_rng(1)
    for number, image in enumerate(images):
        margin = (SIDE - SIZE) // 2
        made[number * factor] = np.array(Image.fromarray(image).crop((margin, margin, margin + SIZE, margin + SIZE)))
        for variant in range(1, factor):
            made[number * factor + variant] = one_variant(image, random)


def read_images(n: int) -> np.ndarray:
    if os.environ.get("HELDOUT_MIRROR"):
        from heldout.kinds.loading import load

        images = np.asarray(load("cifar10").x[:n])
        if len(images) == n:
            return images
    return np.random.default_rng(0).integers(0, 256, (n, SIDE, SIDE, 3), dtype=np.uint8)


def timed(work: object, *arguments: object, **more: object) -> float:
    start = time.perf_counter()
    work(*arguments, **more)  # type: ignore[operator]
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--slice", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    images = read_images(options.images)
    out = np.ones((10 * len(images), SIZE, SIZE, 3), np.uint8)
    tenfold_images(images[:1000])  # imports
    ours: list[float] = []
    theirs: list[float] = []
    for round_ in range(options.rounds):
        sides = [
            lambda: ours.append(timed(tenfold_images, images, threads=options.threads, out=out)),
            lambda: theirs.append(timed(loop, images[: options.slice], out) * len(images) / options.slice),
        ]
        for side in sides if round_ % 2 == 0 else reversed(sides):
            side()
    result = {
        "images": len(images),
        "made": 10 * len(images),
        "loop_on_slice_of": options.slice,
        "loop_scaled_up_seconds": [round(seconds, 2) for seconds in theirs],
        "ours_seconds": [round(seconds, 2) for seconds in ours],
        "ours_new_array_seconds": round(timed(tenfold_images, images, threads=options.threads), 2),
        "threads": options.threads,
        "ratio": round(statistics.median(theirs) / statistics.median(ours), 2),
        "cores": os.cpu_count(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
