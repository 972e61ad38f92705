"""The linear SVM of 60,000 scaled digits by Newton's method against liblinear, at the same objective.

    python benchmarks/linear_svm.py [--C 0.1] [--rows 60000] [--rounds 1] [--iterations 1000]

All sides fit the same ten machines (squared hinge, L2, penalised intercept; pixels / 256) in turns: ours, liblinear's
dual solver as the course uses it, and its primal one. Prints one JSON object: ``ratio`` has the seconds of each / ours;
``excess`` how far each objective is above the dual bound that our weights prove, as a share of it. Where liblinear's
excess is larger than ours, it would need more time for the same objective, and the ratio is a lower bound.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import warnings

import numpy as np
from net_common import read_mnist

from heldout.models.linear_svm import LinearSVM


def objective(coef: np.ndarray, intercept: np.ndarray, x: np.ndarray, t: np.ndarray, C: float) -> float:
    slack = np.maximum(0, 1 - t * (x @ coef.T + intercept))
    return float(((coef**2).sum() + (intercept**2).sum()) / 2 + C * (slack**2).sum())


def bound(model: LinearSVM, x: np.ndarray, t: np.ndarray, C: float) -> float:
    """The dual objective of the model's errors: no weights can do better."""
    slack = np.maximum(0, 1 - t * (x @ model.coef_.T + model.intercept_))
    pull = 2 * C * (t * slack)
    length = ((pull.T @ x) ** 2).sum() + (pull.sum(0) ** 2).sum()
    return float(2 * C * slack.sum() - length / 2 - C * (slack**2).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--C", type=float, default=0.1)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--iterations", type=int, default=1_000)
    options = parser.parse_args()
    from sklearn.svm import LinearSVC

    images, y, test_images, y_test = read_mnist()
    x = images[: options.rows].reshape(options.rows, -1) / 256
    y, x_test = y[: options.rows], test_images.reshape(len(test_images), -1) / 256
    t = np.where(y[:, None] == np.arange(10), 1.0, -1.0)
    C = options.C
    LinearSVM().fit(x[:500], y[:500])  # libraries are loaded
    seconds: dict[str, list[float]] = {"ours": [], "dual": [], "primal": []}
    fitted = {}
    for _ in range(options.rounds):
        theirs = {"C": C, "max_iter": options.iterations, "random_state": 0}
        sides = {
            "ours": LinearSVM(C=C),
            "dual": LinearSVC(dual=True, **theirs),
            "primal": LinearSVC(dual=False, **theirs),
        }
        for name, model in sides.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # whether it arrived is told below
                began = time.perf_counter()
                fitted[name] = model.fit(x, y)
                seconds[name].append(time.perf_counter() - began)
    least = bound(fitted["ours"], x, t, C)
    found = {name: objective(model.coef_, model.intercept_, x, t, C) for name, model in fitted.items()}
    ours = statistics.median(seconds["ours"])
    result = {
        "rows": len(x),
        "C": C,
        "seconds": {name: [round(s, 2) for s in values] for name, values in seconds.items()},
        "ratio": {name: round(statistics.median(seconds[name]) / ours, 2) for name in ("dual", "primal")},
        "objective": {name: round(value, 6) for name, value in found.items()},
        "excess": {name: float(f"{value / least - 1:.2g}") for name, value in found.items()},
        "steps": {name: int(model.n_iter_) for name, model in fitted.items()},
        "stopped_at_its_limit": {name: bool(m.n_iter_ >= options.iterations) for name, m in fitted.items()},
        "test_accuracy": {name: float(model.score(x_test, y_test)) for name, model in fitted.items()},
        "cores": os.cpu_count(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
