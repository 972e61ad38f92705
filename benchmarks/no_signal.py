"""How often the job claims "better than chance" on data without signal: the 95 % interval's lower end above chance.

    python benchmarks/no_signal.py [--n 1000] [--rows 200] [--features 5] [--models 10] [--first 0] [--jobs 2]

Each data set is random numbers with coin flips as labels, so that the truth is an accuracy of 1/2 and an MCC of 0 for
any model. `heldout.job.main.train` runs on it as `heldout train --assess` does (copies, seal, selection, refit,
bundle, ledger, score), except that folds are fitted in this process and no report is drawn: a data set takes a second.
``--models 1`` leaves no choice. Data set i has seed i: slices by ``--first`` add up to a series.

Prints one JSON object: the share of claims on the sealed rows, by accuracy and by MCC, each with Wilson's interval; and
for contrast, how often the best cross-validated MCC among the models, taken for the result, would have claimed it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np


class HerePool:
    """Stands for `heldout.processes.pool.Pool`: the same calls, in this process."""

    def __init__(self, *_: Any, shared: Any = (), **__: Any) -> None:
        self._shared = shared

    def __enter__(self) -> HerePool:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def warm_up(self) -> None:
        """Do nothing: there is no process to start."""

    def run(self, tasks: Any, **_: Any) -> list[Any]:
        """Run every task, in order."""
        return [task.function(*self._shared, *task.arguments) for task in tasks]


def ten_candidates(n: int) -> tuple[Any, ...]:
    """Quick candidates, and neighbours and trees of other sizes, to make ten; the last ``n`` of them."""
    from heldout.select.candidates import CANDIDATES

    known = {candidate.name: candidate for candidate in CANDIDATES}
    names = ("nearest-centroid", "k-nn", "naive-bayes", "tree", "linear-svm", "rbf-svm")
    candidates = [known[name] for name in names]
    for k in (1, 15):
        settings = lambda task, k=k: {"n_neighbors": k}  # noqa: E731
        candidates.append(replace(known["k-nn"], name=f"k-nn-{k}", title=f"{k} nearest neighbours", settings=settings))
    for depth in (1, 3):
        settings = lambda task, depth=depth: {"max_depth": depth}  # noqa: E731
        candidates.append(
            replace(known["tree"], name=f"tree-{depth}", title=f"Tree of depth {depth}", settings=settings)
        )
    return tuple(candidates[-n:])


def one(call: tuple[int, argparse.Namespace]) -> dict[str, float]:
    """Run one data set; returns what would be claimed."""
    import pandas as pd

    import heldout.job.main as main_job
    import heldout.select.candidates as candidates
    import heldout.select.refit as refit
    import heldout.select.views as views
    import heldout.use.assess as assessment
    from heldout.kinds.loading import load
    from heldout.run.settings import settings_from

    seed, options = call
    views.Pool = refit.Pool = HerePool  # type: ignore[assignment, misc]
    main_job.write_report = assessment.write_report = lambda *_, **__: None  # type: ignore[assignment]
    candidates.CANDIDATES = ten_candidates(options.models)
    rng = np.random.default_rng([seed, 4711])
    frame = pd.DataFrame({f"f{i}": rng.normal(size=options.rows) for i in range(options.features)})
    data = load(frame.assign(y=np.where(rng.random(options.rows) < 0.5, "heads", "tails")), target="y")
    with tempfile.TemporaryDirectory(prefix="no-signal-") as place:
        os.environ["HELDOUT_LEDGER"] = str(Path(place) / "ledger.sqlite")
        quick = {"look": False, "learning_curve": False}  # neither decides a score
        settings = settings_from({"data": "noise", "seed": seed, "repeats": 1, "jobs": 1, **quick})
        values = main_job.train(settings, data=data, out=str(Path(place) / "run"), assess=True).metrics.as_dict()
    best = max(values["candidates"], key=lambda candidate: -2.0 if candidate["mean"] is None else candidate["mean"])
    return {
        "accuracy": values["test"]["accuracy"],
        "by_accuracy": values["test"]["accuracy_ci"][0] > 0.5,
        "by_mcc": values["test"]["mcc_ci"][0] > 0,
        "cross_validated_best": best["mean"] - 1.96 * best["se"] > 0,
        "best": best["mean"],
    }


def main() -> None:
    from heldout.evaluate.intervals import accuracy_interval

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--features", type=int, default=5)
    parser.add_argument("--models", type=int, default=10, choices=range(1, 11), metavar="1..10")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        calls = [(seed, options) for seed in range(options.first, options.first + options.n)]
        found = list(pool.imap_unordered(one, calls, chunksize=1))
    claims = {}
    for key in ("by_accuracy", "by_mcc", "cross_validated_best"):
        count = sum(bool(row[key]) for row in found)
        low, high = accuracy_interval(count, len(found))
        claims[key] = {"claims": count, "share": count / len(found), "interval": [round(low, 4), round(high, 4)]}
    print(
        json.dumps(
            {
                "benchmark": "no_signal",
                "data_sets": [options.first, options.first + options.n],
                "rows": options.rows,
                "features": options.features,
                "models": options.models,
                **claims,
                "mean_test_accuracy": round(float(np.mean([row["accuracy"] for row in found])), 4),
                "mean_best_cross_validated_mcc": round(float(np.mean([row["best"] for row in found])), 4),
                "seconds": round(time.perf_counter() - start, 1),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
