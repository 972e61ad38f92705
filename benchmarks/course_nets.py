"""Full runs of the course's table 10-2 and figure 10-8 against its loops of scikit-learn's MLPClassifier.

    HELDOUT_MIRROR=... python benchmarks/course_nets.py --case figure-10-8 [--jobs 2] [--rounds 1]

Ours is the runner of recipes with the recipe's own jobs, cut to a few epochs. The loop trains one net after the other,
in one process with all cores, as the course does: ``fit`` for the table, and for the figure an epoch by ``warm_start``
and a score on the test rows, over and over. Both sides run with two numbers of epochs; the difference gives the
seconds per epoch, the rest the start. The seconds of the full run are extrapolated from both, and ``ratio`` is
loop / ours of these.

The slices: of the table the nets with one activation (``--only relu``; all ten repeats for ours, one for the loop); of
the figure all 50 nets for ours, and one net of each kind of the loop.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from net_common import read_mnist

from heldout_course.book import work
from heldout_course.book.library import find_recipe
from heldout_course.experiments.expand import expand
from heldout_course.experiments.jobs import Job
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

NAMES = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}
EPOCHS = {"table-10-2": (1, 3), "figure-10-8": (2, 12)}


def jobs_of(case: str, only: str, epochs: int | None) -> list[Job]:
    """The jobs of the full recipe, with fewer epochs."""
    found = []
    for job in expand(find_recipe(f"ch10.{case}"), "full").jobs:
        if case == "table-10-2" and only not in str(job.spec["model"]["net"]):
            continue
        model = job.spec["model"] | ({} if epochs is None else {"epochs": epochs})
        found.append(Job({**job.spec, "model": model}))
    return found


def ours(case: str, only: str, epochs: int, n_workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "results.sqlite")) as store:
        began = time.perf_counter()
        outcome = run_jobs(jobs_of(case, only, epochs), store, work.run_task, n_workers=n_workers)
        assert not outcome.failed, outcome.failed
        return time.perf_counter() - began


def their_nets(case: str, only: str) -> list[dict[str, Any]]:
    """Settings of one MLPClassifier for each kind of net of the recipe."""
    found = {}
    for job in jobs_of(case, only, None):
        words = [part.strip() for part in job.spec["model"]["net"].split(",")]
        hidden = tuple(int(part.split()[1]) for part in words[::2])
        key = job.spec["model"].get("initializer") if case == "figure-10-8" else hidden
        model = job.spec["model"]
        found[key] = {
            "hidden_layer_sizes": hidden,
            "activation": NAMES[words[1]],
            "alpha": model["alpha"],
            "learning_rate_init": model["lr"],
            "momentum": model["momentum"],
            "batch_size": model["batch"],
        }
    return list(found.values())


def loop(case: str, only: str, epochs: int, data: tuple[np.ndarray, ...]) -> float:
    """Seconds of one net of each kind, one after the other."""
    from sklearn.neural_network import MLPClassifier

    x, y, x_test, y_test = data
    fixed = {"solver": "sgd", "nesterovs_momentum": False, "tol": 0.0, "n_iter_no_change": 10**6}
    began = time.perf_counter()
    for settings in their_nets(case, only):
        if case == "table-10-2":
            net = MLPClassifier(**settings, **fixed, max_iter=epochs).fit(x[:1000], y[:1000])
            net.score(x_test[:1000], y_test[:1000])
        else:
            net = MLPClassifier(**settings, **fixed, max_iter=1, warm_start=True)
            for _ in range(epochs):
                net.fit(x[:6000], y[:6000])
                net.score(x_test, y_test)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=list(EPOCHS), default="figure-10-8")
    parser.add_argument("--only", choices=["relu", "tanh", "sigmoid"], default="relu")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    images, y, test_images, y_test = read_mnist()
    data = (images.reshape(len(images), -1) / 256, y, test_images.reshape(len(test_images), -1) / 256, y_test)
    case, only = options.case, options.only if options.case == "table-10-2" else ""
    few, more = EPOCHS[case]
    n_jobs, n_theirs = len(jobs_of(case, only, 1)), len(their_nets(case, only))
    full = int(jobs_of(case, only, None)[0].spec["model"]["epochs"])
    loop(case, only, 1, tuple(part[:1000] for part in data))  # libraries are loaded
    seconds: dict[str, dict[int, float]] = {"ours": {}, "loop": {}}
    for _ in range(options.rounds):
        for epochs in (few, more):
            found = {"ours": ours(case, only, epochs, options.jobs), "loop": loop(case, only, epochs, data)}
            for side, value in found.items():
                seconds[side][epochs] = min(value, seconds[side].get(epochs, np.inf))
    hours, rates = {}, {}
    for side, times in seconds.items():
        rate = (times[more] - times[few]) / (more - few)
        start = max(0.0, times[few] - few * rate)
        times_more = n_jobs / n_theirs if side == "loop" else 1.0
        hours[side] = times_more * (start + full * rate) / 3600
        rates[side] = times_more * rate
    result = {
        "case": case,
        "only": only,
        "nets": n_jobs,
        "nets_of_the_loop_measured": n_theirs,
        "epochs_measured": [few, more],
        "epochs": full,
        "seconds_measured": {side: {str(e): round(s, 2) for e, s in times.items()} for side, times in seconds.items()},
        "seconds_per_epoch_of_all_nets": {side: round(rate, 3) for side, rate in rates.items()},
        "hours_extrapolated": {side: round(value, 2) for side, value in hours.items()},
        "ratio": round(hours["loop"] / hours["ours"], 2),
        "processes": options.jobs,
        "cores": os.cpu_count(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
