"""What the benchmarks of nets share: MNIST, timing both sides in turns, and the machine in words."""

from __future__ import annotations

import gzip
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def read_mnist(folder: str | None = None) -> tuple[np.ndarray, ...]:
    """Training images (60000, 28, 28, 1) and labels, test images and labels, from HELDOUT_MIRROR."""
    place = Path(folder or os.environ["HELDOUT_MIRROR"]) / "mnist"
    found = []
    for name in FILES:
        content = gzip.decompress((place / f"{name}-ubyte.gz").read_bytes())
        offset = 16 if "images" in name else 8
        array = np.frombuffer(content, np.uint8, offset=offset)
        found.append(array.reshape(-1, 28, 28, 1).copy() if "images" in name else array.astype(np.int64))
    return tuple(found)


def take_turns(sides: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each side, alternating so that a busy moment of the machine meets all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            began = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def matmul_peak(device: str, threads: int) -> float:
    """Multiply-adds per second of a large float32 matrix product here, the best of several."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    n = 2048 if device == "cpu" else 8192
    a, b = (torch.rand(n, n, device=device) for _ in range(2))
    best = float("inf")
    for _ in range(6):
        began = time.perf_counter()
        a @ b
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    torch.set_num_threads(before)
    return n**3 / best


def report(name: str, device: str, **found: Any) -> None:
    """Print one JSON object."""
    is_cuda = device.startswith("cuda")
    machine = {
        "device": torch.cuda.get_device_name() if is_cuda else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
    print(json.dumps({"benchmark": name, **found, "machine": machine}, indent=1))
