"""The course's CNN (32-64-dense 128, batch 128), one epoch of 12,800 digits, against PyTorch written by hand.

    HELDOUT_MIRROR=... python benchmarks/net_cnn.py [--device cuda] [--rounds 3] [--replicates 6] [--keras]

``ratio`` is the other side's seconds / ours, best of alternating rounds. The PyTorch side is what a careful user
writes: tensors in memory, whole batches by index, no DataLoader, torch.optim.Adadelta. With ``--replicates R`` it
also trains R nets: ours as the planner decides, theirs one after the other. With ``--keras`` Keras runs too, if it is
installed (its back end is chosen by KERAS_BACKEND).
"""

from __future__ import annotations

import argparse
import importlib.util
from typing import Any

import numpy as np
import torch
from net_common import matmul_peak, read_mnist, report, take_turns
from torch import nn

from heldout.models.net import Net
from heldout.training.classifier import NetClassifier

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


def in_keras(x: np.ndarray, y: np.ndarray) -> Any:
    """Train with Keras."""
    import keras
    from keras import layers

    net = keras.Sequential(
        [
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    net.compile(optimizer=keras.optimizers.Adadelta(1.0), loss="sparse_categorical_crossentropy")
    net.fit(x.astype(np.float32) / 255, y, batch_size=128, epochs=1, verbose=0)
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=12_800)
    parser.add_argument("--replicates", type=int, default=0)
    parser.add_argument("--keras", action="store_true")
    options = parser.parse_args()
    x, y, _, _ = read_mnist()
    x, y = x[: options.rows], y[: options.rows]
    ours = NetClassifier(SPEC, optimizer="adadelta", batch=128, epochs=1, device=options.device)
    several = NetClassifier(
        SPEC, optimizer="adadelta", batch=128, epochs=1, device=options.device, replicates=max(1, options.replicates)
    )
    sides = {"ours": lambda: ours.fit(x, y), "torch": lambda: by_hand(x, y, options.device)}
    if options.keras and importlib.util.find_spec("keras"):
        sides["keras"] = lambda: in_keras(x, y)
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
    if "keras" in best:
        found["ratio_keras"] = best["keras"] / best["ours"]
    if options.replicates:
        found["ratio_several"] = best["torch_several"] / best["ours_several"]
        found["replicates"] = options.replicates
    report("net_cnn", options.device, **found)


if __name__ == "__main__":
    main()
