"""The course's table 7-5 (8 models x 1,000 shuffles x 5 folds) against its loop of scikit-learn fits.

    python benchmarks/breast_cancer_suite.py [--repeats 200] [--loop-repeats 15] [--rounds 2] [--processes 2]

Both sides score the same shuffles with the same models, in alternating rounds. Prints one JSON object: ``ratio`` is
loop seconds / our seconds per repeat (medians), ``closed_form_ratio`` the same for nearest centroid, k-NN and naive
Bayes alone; ``as_printed`` are grand means over the repeats with the data standardized once, outside the folds, as the
course does, and ``done_right`` with means and deviations of each fold's training rows. ``printed`` are the course's own
means over 1,000 repeats; the minutes for 1,000 repeats are extrapolated in proportion.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

import numpy as np

from heldout_course.models.many_folds import shuffled_folds
from heldout_course.models.suite import MODELS, repeated_scores

PRINTED = {
    "nearest-centroid": 0.929905,
    "3-nn": 0.966334,
    "7-nn": 0.965496,
    "naive-bayes": 0.932973,
    "tree": 0.925706,
    "forest-5": 0.948378,
    "forest-50": 0.958845,
    "linear-svm": 0.971871,
}
DETERMINISTIC = ("nearest-centroid", "3-nn", "7-nn", "naive-bayes", "linear-svm")
CLOSED_FORM = ("nearest-centroid", "3-nn", "7-nn", "naive-bayes")


def loop(x: np.ndarray, y: np.ndarray, parts: np.ndarray, models: list[str]) -> dict[str, np.ndarray]:
    """The course's way: for each shuffle, each fold and each model one fit and one score, by scikit-learn's classes."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    make = {
        "nearest-centroid": NearestCentroid,
        "3-nn": lambda: KNeighborsClassifier(n_neighbors=3),
        "7-nn": lambda: KNeighborsClassifier(n_neighbors=7),
        "naive-bayes": GaussianNB,
        "tree": DecisionTreeClassifier,
        "forest-5": lambda: RandomForestClassifier(n_estimators=5),
        "forest-50": lambda: RandomForestClassifier(n_estimators=50),
        "linear-svm": lambda: SVC(kernel="linear", C=1.0),
    }
    n_folds = int(parts.max()) + 1
    scores = {name: np.zeros((len(parts), n_folds)) for name in models}
    for repeat, part in enumerate(parts):
        for fold in range(n_folds):
            train, test = (part >= 0) & (part != fold), part == fold
            for name in models:
                scores[name][repeat, fold] = make[name]().fit(x[train], y[train]).score(x[test], y[test])
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--loop-repeats", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="names of models, with commas")
    options = parser.parse_args()
    from sklearn.datasets import load_breast_cancer

    raw, y = load_breast_cancer(return_X_y=True)
    x = (raw - raw.mean(0)) / raw.std(0)
    models = options.only.split(",") if options.only else list(MODELS)
    closed = [name for name in models if name in CLOSED_FORM]
    parts = shuffled_folds(len(y), n_folds=5, repeats=options.repeats, seed=0)
    few = parts[: options.loop_repeats]
    repeated_scores(x, y, parts[:1], models, processes=1, seed=0)  # libraries are loaded
    loop(x, y, parts[:1], models)
    times: dict[str, list[float]] = {"loop": [], "ours": [], "loop_closed": [], "ours_closed": []}
    ours: dict[str, np.ndarray] = {}
    theirs: dict[str, np.ndarray] = {}

    def timed(key: str, work, n: int):
        start = time.perf_counter()
        found = work()
        times[key].append((time.perf_counter() - start) / n)
        return found

    for _ in range(options.rounds):
        theirs = timed("loop", lambda: loop(x, y, few, models), len(few))
        ours = timed(
            "ours", lambda: repeated_scores(x, y, parts, models, processes=options.processes, seed=0), len(parts)
        )
        if closed:
            timed("loop_closed", lambda: loop(x, y, few, closed), len(few))
            timed("ours_closed", lambda: repeated_scores(x, y, parts, closed, processes=1, seed=0), len(parts))
    right = repeated_scores(raw, y, parts, models, processes=options.processes, seed=0, standardize=True)
    middle = {key: statistics.median(values) for key, values in times.items() if values}
    result = {
        "repeats": len(parts),
        "loop_seconds_per_repeat": [round(value, 4) for value in times["loop"]],
        "our_seconds_per_repeat": [round(value, 4) for value in times["ours"]],
        "ratio": round(middle["loop"] / middle["ours"], 2),
        "minutes_for_1000_repeats_extrapolated": {
            "loop": round(middle["loop"] * 1000 / 60, 1),
            "ours": round(middle["ours"] * 1000 / 60, 1),
        },
        "as_printed": {name: round(float(ours[name].mean()), 6) for name in models},
        "done_right": {name: round(float(right[name].mean()), 6) for name in models},
        "printed": {name: PRINTED[name] for name in models},
        "off_by": {name: round(float(ours[name].mean()) - PRINTED[name], 4) for name in models},
        "standard_error": {
            name: round(float(ours[name].mean(1).std(ddof=1) / len(parts) ** 0.5), 6) for name in models
        },
        "equal_to_loop": {
            name: bool(np.array_equal(theirs[name], ours[name][: len(few)])) for name in models if name in DETERMINISTIC
        },
        "cores": os.cpu_count(),
    }
    if closed:
        result["closed_form_ratio"] = round(middle["loop_closed"] / middle["ours_closed"], 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
