"""The course's CNN (32-64-dense 128, batch 128), one epoch of 12,800 digits, against PyTorch written by hand.

    HELDOUT_MIRROR=... python benchmarks/net_cnn.py [--device cuda] [--rounds 3] [--replicates 6]
                                                  [--keras-python .keras/bin/python]

``ratio`` is the other side's seconds / ours, best of alternating rounds. The PyTorch side is what a careful user
writes: tensors in memory, whole batches by index, no DataLoader, torch.optim.Adadelta. With ``--replicates R`` it
also trains R nets: ours as the planner decides, theirs one after the other. With ``--keras-python`` Keras runs too, in
that interpreter's environment, on each back end found there; ``ratio_keras`` is against the fastest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from net_common import matmul_peak, read_mnist, report, take_turns
from torch import nn

from heldout.nets.classifier import NetClassifier
from heldout.nets.net import Net

SPEC = "conv 32 3, relu, conv 64 3, relu, maxpool 2, dropout 0.25, flatten, dense 128, relu, dropout 0.5"


def by_hand(x: np.ndarray, y: np.ndarray, device: str, epochs: int = 1, seed: int = 0) -> nn.Module:
    """Train as one writes it in PyTorch."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    ).to(device)
    rows = torch.from_numpy(x).permute(0, 3, 1, 2).float().div(255).to(device)
    labels = torch.from_numpy(y).to(device)
    optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0, rho=0.95, eps=1e-7)
    for _ in range(epochs):
        for part in torch.randperm(len(rows), device=device).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(rows[part]), labels[part]).backward()
            optimizer.step()
    return net


def in_keras(python: str, rows: int, rounds: int) -> list[dict[str, Any]]:
    """Seconds of Keras on each back end that the environment of this interpreter has."""
    found = []
    for backend in ("tensorflow", "jax", "torch"):
        done = subprocess.run(
            [python, str(Path(__file__).with_name("keras_cnn.py")), str(rows), str(rounds)],
            env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            found.append(json.loads(done.stdout.splitlines()[-1]))
        else:
            print(f"{backend}: {done.stderr.splitlines()[-1]}", file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=12_800)
    parser.add_argument("--replicates", type=int, default=0)
    parser.add_argument("--keras-python")
    options = parser.parse_args()
    x, y, _, _ = read_mnist()
    x, y = x[: options.rows], y[: options.rows]
    ours = NetClassifier(SPEC, optimizer="adadelta", batch=128, epochs=1, device=options.device)
    several = NetClassifier(
        SPEC, optimizer="adadelta", batch=128, epochs=1, device=options.device, replicates=max(1, options.replicates)
    )
    sides = {"ours": lambda: ours.fit(x, y), "torch": lambda: by_hand(x, y, options.device)}
    if options.replicates:
        sides["ours_several"] = lambda: several.fit(x, y)
        sides["torch_several"] = lambda: [by_hand(x, y, options.device, seed=s) for s in range(options.replicates)]
    ours.fit(x[:1280], y[:1280])
    by_hand(x[:1280], y[:1280], options.device)
    best = {name: min(seconds) for name, seconds in take_turns(sides, options.rounds).items()}
    threads = torch.get_num_threads()
    work = 3 * Net(SPEC).multiply_adds((28, 28, 1), 10) * options.rows
    found: dict[str, Any] = {
        "seconds": best,
        "ratio_torch": best["torch"] / best["ours"],
        "share_of_matmul_peak": work / best["ours"] / matmul_peak(options.device, threads),
        "threads": threads,
    }
    if options.keras_python:
        found["keras"] = in_keras(options.keras_python, options.rows, options.rounds)
        found["ratio_keras"] = min(one["seconds"] for one in found["keras"]) / best["ours"]
    if options.replicates:
        found["ratio_several"] = best["torch_several"] / best["ours_several"]
        found["replicates"] = options.replicates
    report("net_cnn", options.device, **found)


if __name__ == "__main__":
    main()
