"""k nearest neighbours on MNIST and an RBF SVM on 10,000 digits: ours, plain scikit-learn, and Intel's extension.

    python benchmarks/wide_rows.py [--queries 10000] [--svm-rows 10000] [--rounds 1] [--only knn]

Each side fits and predicts in turns, all with the same rows, settings and cores. Prints one JSON object with seconds
(fit and predict), ``ratio`` = plain seconds / ours, and the share of equal answers. Intel's extension
(``pip install scikit-learn-intelex``) takes part if it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from net_common import read_mnist

from heldout_course.models.filtered_neighbours import FilteredNeighbours
from heldout_course.models.gram_svm import GramSVC


def sides_of(task: str) -> dict[str, Callable[[], Any]]:
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    if task == "knn":
        sides = {"plain": lambda: KNeighborsClassifier(3), "ours": lambda: FilteredNeighbours(3)}
    else:
        sides = {"plain": lambda: SVC(C=5.0), "ours": lambda: GramSVC(C=5.0)}
    try:
        from sklearnex import neighbors, svm
    except ImportError:
        return sides
    intel = (lambda: neighbors.KNeighborsClassifier(3)) if task == "knn" else (lambda: svm.SVC(C=5.0))
    return {**sides, "intel": intel}


def compare(task: str, x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, rounds: int) -> dict:
    sides = sides_of(task)
    seconds: dict[str, dict[str, list[float]]] = {name: {"fit": [], "predict": []} for name in sides}
    answers = {}
    for make in sides.values():  # libraries are loaded
        make().fit(x[:200], y[:200]).predict(x[:10])
    for _ in range(rounds):
        for name, make in sides.items():
            began = time.perf_counter()
            model = make().fit(x, y)
            fitted = time.perf_counter()
            answers[name] = model.predict(x_test)
            seconds[name]["fit"].append(fitted - began)
            seconds[name]["predict"].append(time.perf_counter() - fitted)
    middle = {name: {part: statistics.median(values) for part, values in s.items()} for name, s in seconds.items()}
    total = {name: sum(parts.values()) for name, parts in middle.items()}
    return {
        "rows": len(x),
        "queries": len(x_test),
        "seconds": {name: {part: round(s, 2) for part, s in parts.items()} for name, parts in middle.items()},
        "ratio": round(total["plain"] / total["ours"], 2),
        "ratio_intel": round(total["plain"] / total["intel"], 2) if "intel" in total else None,
        "equal_answers": {name: float((found == answers["plain"]).mean()) for name, found in answers.items()},
        "accuracy": {name: float((found == y_test).mean()) for name, found in answers.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--svm-rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=["knn", "svm"])
    options = parser.parse_args()
    images, y, test_images, y_test = read_mnist()
    x, x_test = (part.reshape(len(part), -1) / 256 for part in (images, test_images))
    x_test, y_test = x_test[: options.queries], y_test[: options.queries]
    result: dict[str, Any] = {}
    for task, n in (("knn", len(x)), ("svm", options.svm_rows)):
        if options.only in (None, task):
            result[task] = compare(task, x[:n], y[:n], x_test, y_test, options.rounds)
    print(json.dumps({**result, "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
