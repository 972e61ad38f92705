"""Time to 94% on CIFAR-10's 10,000 test images from all 50,000 training images: a matter of a GPU.

    HELDOUT_MIRROR=... python benchmarks/net_to_94.py --device cuda [--seeds 3] [--epochs 12] [--rows 50000]

The net is the preset `fast`, widened; rows are flipped and shifted anew in each epoch, on the device. Seconds count
from the call of `fit` (rows on their way to the device included), the time of measuring each epoch too. On a CPU it
takes hours: `--rows 1000 --epochs 1` shows that it runs.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from net_common import report

from heldout.kinds.loading import load
from heldout.nets.classifier import NetClassifier
from heldout.nets.presets import fast_cnn

GOAL = 0.94


def run(data: tuple[np.ndarray, ...], options: argparse.Namespace, seed: int) -> dict[str, Any]:
    x, y, test_x, test_y = data
    ends: list[float] = []
    began = time.perf_counter()

    def note(event: dict[str, Any]) -> None:
        if event["validation_error"] is not None:
            ends.append(time.perf_counter() - began)

    net = NetClassifier(
        fast_cnn(options.width),
        optimizer="sgd",
        lr=options.lr,
        momentum=0.85,
        nesterov=True,
        weight_decay=options.weight_decay,
        schedule="one-cycle 0.2",
        label_smoothing=0.2,
        batch=options.batch,
        epochs=options.epochs,
        standardize=True,
        augment="flip, shift 2px reflect",
        precision="mixed" if options.device != "cpu" else "float32",
        device=options.device,
        validation=(test_x, test_y),
        callback=note,
        seed=seed,
    ).fit(x, y)
    accuracies = [1 - row["validation_error"] for row in net.history_]
    there = next((t for t, accuracy in zip(ends, accuracies, strict=True) if accuracy >= GOAL), None)
    return {"seconds_to_94": there, "seconds": ends[-1], "accuracy": [round(a, 4) for a in accuracies]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--lr", type=float, default=0.2)
    parser.add_argument("--weight-decay", type=float, default=0.005)
    options = parser.parse_args()
    cifar = load("cifar10")
    order = np.random.default_rng(0).permutation(len(cifar))
    is_test = cifar.official_test[order]
    rows, test = order[~is_test][: options.rows], order[is_test][: options.rows]
    data = (cifar.x[rows], cifar.y[rows], cifar.x[test], cifar.y[test])
    report("net_to_94", options.device, runs=[run(data, options, seed) for seed in range(options.seeds)])


if __name__ == "__main__":
    main()
