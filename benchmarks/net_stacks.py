"""Stacks of dense nets against loops of scikit-learn's MLPClassifier, in replicate-rows per second.

    HELDOUT_MIRROR=... python benchmarks/net_stacks.py [--device cuda] [--rounds 2] [--loop 4]

Two cases: 10 seeds x 5 initializers of 784-100-50-10 on 6,000 digits (batch 64, SGD with momentum, one epoch), and
50 replicates of 30-32-2 on the breast-cancer table (batch 32, 20 epochs). The loop's rate is measured on ``--loop``
replicates (it is constant per replicate), in float64 as scikit-learn computes; the loop in two processes gives each
one thread. ``ratio`` is our rate / theirs, each the best of alternating rounds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import warnings
from typing import Any

import numpy as np
import torch
from net_common import matmul_peak, read_mnist, report, take_turns
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.folds import FitJob, fit_jobs
from heldout.nets.net import Net

INITIALIZERS = ("glorot-biases", "he", "xavier", "small-uniform", "small-gaussian")


def loop(case: tuple[Any, Any, tuple[int, ...], int, int], seeds: range) -> None:
    """Train one MLPClassifier after the other."""
    x, y, hidden, batch, epochs = case
    warnings.simplefilter("ignore", ConvergenceWarning)
    for seed in seeds:
        MLPClassifier(
            hidden,
            solver="sgd",
            alpha=0,
            learning_rate_init=0.01,
            momentum=0.9,
            nesterovs_momentum=False,
            batch_size=batch,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=epochs + 1,
            random_state=seed,
        ).fit(x, y)


def one_thread(case: tuple[Any, Any, tuple[int, ...], int, int], seeds: range) -> None:
    """Half of a loop in a process of its own."""
    with threadpool_limits(1):
        loop(case, seeds)


def in_two_processes(pool: Any, case: tuple[Any, Any, tuple[int, ...], int, int], n: int) -> None:
    """Both halves of a loop at the same time."""
    pool.starmap(one_thread, [(case, range(n // 2)), (case, range(n // 2, n))])


def measure(name: str, x: Any, y: Any, ours: Any, options: argparse.Namespace) -> dict[str, Any]:
    hidden, batch, epochs, run = ours
    scaled = x.astype(np.float64) / 256 if x.dtype == np.uint8 else x
    case = (scaled, y, hidden, batch, epochs)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        in_two_processes(pool, case, 2)
        sides = {
            "ours": run,
            "loop": lambda: loop(case, range(options.loop)),
            "two_processes": lambda: in_two_processes(pool, case, options.loop),
        }
        run()
        best = {side: min(seconds) for side, seconds in take_turns(sides, options.rounds).items()}
    rows = len(y) * epochs
    rates = {side: rows * (50 if side == "ours" else options.loop) / best[side] for side in sides}
    forward = Net(", ".join(f"dense {n}" for n in hidden)).multiply_adds(x.shape[1:], len(set(y)))
    work = 3 * forward - x.shape[1] * hidden[0]  # nobody wants the gradient by the rows
    peak = matmul_peak(options.device, torch.get_num_threads())
    return {
        "case": name,
        "rows_per_second": {side: round(rate) for side, rate in rates.items()},
        "ratio_loop": rates["ours"] / rates["loop"],
        "ratio_two_processes": rates["ours"] / rates["two_processes"],
        "share_of_matmul_peak": rates["ours"] * work / peak,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--loop", type=int, default=4)
    parser.add_argument("--case", choices=["digits", "table", "both"], default="both")
    options = parser.parse_args()
    found = []
    common = {"optimizer": "sgd", "lr": 0.01, "momentum": 0.9, "device": options.device}
    if options.case in ("digits", "both"):
        images, labels, _, _ = read_mnist()
        x, y = images[:6000].reshape(6000, -1), labels[:6000]
        net = NetClassifier("dense 100, relu, dense 50, relu", batch=64, epochs=1, **common)
        jobs = [FitJob(np.arange(6000), s, {"initializer": i}) for s in range(10) for i in INITIALIZERS]
        found.append(measure("784-100-50-10", x, y, ((100, 50), 64, 1, lambda: fit_jobs(net, x, y, jobs)), options))
    if options.case in ("table", "both"):
        x, y = load_breast_cancer(return_X_y=True)
        x = (x - x.mean(0)) / x.std(0)
        tiny = NetClassifier("dense 32, relu", batch=32, epochs=20, replicates=50, **common)
        found.append(measure("30-32-2", x, y, ((32,), 32, 20, lambda: tiny.fit(x, y)), options))
    report("net_stacks", options.device, cases=found, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
