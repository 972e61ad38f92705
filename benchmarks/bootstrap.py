"""How long the intervals of all metrics take, against measuring resampled rows one by one.

    python benchmarks/bootstrap.py [--rows 10000] [--classes 10] [--draws 2000] [--rounds 3] [--plain-draws 5]

Prints one JSON object. ``seconds`` is the median over rounds; ``ratio`` is what a loop of scikit-learn's metrics would
take for as many draws (from ``--plain-draws`` of them, in turns with ours), over that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

import numpy as np


def make_rows(n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of a fair classifier."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, k, n)
    p = rng.dirichlet(np.full(k, 0.4), n) + 0.5 * np.eye(k)[y] * rng.random((n, 1))
    return y, p / p.sum(axis=1, keepdims=True)


def time_plain(y: np.ndarray, p: np.ndarray, n_draws: int, seed: int) -> float:
    """Seconds for a draw of rows and all metrics of it by scikit-learn."""
    from sklearn import metrics as m
    from sklearn.preprocessing import label_binarize

    rng = np.random.default_rng(seed)
    k = p.shape[1]
    start = time.perf_counter()
    for _ in range(n_draws):
        rows = rng.integers(len(y), size=len(y))
        truth, given = y[rows], p[rows]
        guess = given.argmax(axis=1)
        for score in (m.accuracy_score, m.balanced_accuracy_score, m.matthews_corrcoef, m.cohen_kappa_score):
            score(truth, guess)
        for average in ("macro", "micro", "weighted"):
            m.f1_score(truth, guess, average=average)
        m.log_loss(truth, given, labels=range(k))
        m.brier_score_loss(truth, given if k > 2 else given[:, 1], labels=range(k))
        m.top_k_accuracy_score(truth, given, k=3, labels=range(k)) if k > 3 else None
        m.roc_auc_score(truth, given if k > 2 else given[:, 1], multi_class="ovr")
        m.average_precision_score(
            label_binarize(truth, classes=range(k)) if k > 2 else truth, given if k > 2 else given[:, 1]
        )
    return (time.perf_counter() - start) / n_draws


def main() -> None:
    from heldout.evaluate.bootstrap import metric_intervals

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain-draws", type=int, default=5)
    options = parser.parse_args()
    y, p = make_rows(options.rows, options.classes)
    metric_intervals(y[:500], p[:500], n_draws=100)  # libraries are loaded
    ours, plain = [], []
    for turn in range(options.rounds):
        plain.append(time_plain(y, p, options.plain_draws, turn))
        start = time.perf_counter()
        found = metric_intervals(y, p, n_draws=options.draws)
        ours.append(time.perf_counter() - start)
    seconds, per_draw = statistics.median(ours), statistics.median(plain)
    print(
        json.dumps(
            {
                "benchmark": "bootstrap",
                "rows": options.rows,
                "classes": options.classes,
                "draws": options.draws,
                "metrics": sorted(found),
                "seconds": round(seconds, 3),
                "all_rounds": [round(one, 3) for one in ours],
                "plain_seconds_expected": round(per_draw * options.draws, 1),
                "ratio": round(per_draw * options.draws / seconds, 1),
                "cores": os.cpu_count(),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
