"""The rule of heldout.nets.fit.planner, measured: folds as one stack, one by one, or in processes of one thread each.

    HELDOUT_MIRROR=... python benchmarks/net_ways.py [--rounds 1] [--rows 1280]

Prints the seconds of each way for a few nets. The rule is right where the fastest way is the chosen one.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from net_common import read_mnist, report, take_turns

from heldout.nets.classifier import NetClassifier
from heldout.nets.fit import planner, ways
from heldout.nets.fit.folds import fit_jobs

NETS = {
    "dense": "flatten, dense 100, relu, dense 50, relu",
    "small": "conv 8 3, maxpool 2, relu, conv 16 3, maxpool 2, relu, flatten",
    "preset": "conv 16 5 same, maxpool 2, batchnorm, relu, conv 32 3 same, maxpool 2, batchnorm, relu, flatten",
    "course": "conv 32 3, relu, conv 64 3, relu, maxpool 2, dropout 0.25, flatten, dense 128, relu, dropout 0.5",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=1280)
    parser.add_argument("--replicates", type=int, default=4)
    options = parser.parse_args()
    x, y, _, _ = read_mnist()
    x, y = x[: options.rows], y[: options.rows]
    jobs = [(np.arange(options.rows), seed) for seed in range(options.replicates)]
    rule = planner.choose_way
    found = []
    for name, spec in NETS.items():
        net = NetClassifier(spec, epochs=2, batch=128)

        def run(way: str, net: NetClassifier = net) -> None:
            ways.choose_way = lambda plan, jobs, device: way
            fit_jobs(net, x, y, jobs)
            ways.choose_way = rule

        names = ("stack", "solo", "processes")
        seconds = take_turns({way: lambda way=way: run(way) for way in names}, options.rounds)
        settings = net.set_params().get_params()
        plan = planner.place(planner.Settings(net=settings["net"]), (28, 28, 1), 10)
        chosen = rule(plan, [planner.Job(0, rows, planner.Settings(net=spec, epochs=2)) for rows, _ in jobs], _cpu())
        found.append({"net": name, "chosen": chosen, "seconds": {way: min(times) for way, times in seconds.items()}})
    report("net_ways", "cpu", nets=found, rows=options.rows, replicates=options.replicates)


def _cpu() -> torch.device:
    return torch.device("cpu")


if __name__ == "__main__":
    main()
