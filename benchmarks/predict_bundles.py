"""Time to predict with a bundle and with the scikit-learn estimator that it was written from; prints JSON.

For each model, milliseconds of processor time for 10,000 rows at once and for one row, and our time as a share of
scikit-learn's (below 1: we are faster). Both sides take turns in one run with one thread; the best time counts.

    python benchmarks/predict_bundles.py [MODEL ...]
"""

from __future__ import annotations

import os

os.environ |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.models.calibrated import SoftmaxCalibrated

N_TRAIN, N_ASKED, N_FEATURES, N_CLASSES = 5_000, 10_000, 30, 10
MODELS = {
    "tree": DecisionTreeClassifier(random_state=0),
    "forest of 200": RandomForestClassifier(200, random_state=0),
    "boosting, 100 rounds of 10": HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=0),
    "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    "projected": make_pipeline(PCA(20, random_state=0), LogisticRegression(max_iter=500)),
    "naive bayes": GaussianNB(),
    "5 neighbours": KNeighborsClassifier(5, algorithm="brute"),
    "rbf machine": SVC(break_ties=True),
}


def best_ms(run: Callable[[], Any], times: int) -> float:
    seconds = []
    for _ in range(times):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return 1e3 * min(seconds)


def compared(theirs: Callable[[Any], Any], ours: Callable[[Any], Any], x: np.ndarray) -> dict[str, Any]:
    found: dict[str, Any] = {"largest_difference": float(np.abs(theirs(x) - ours(x)).max())}
    for name, rows, times in (("all", x, 3), ("one", x[:1], 30)):
        sides = {"scikit_learn_ms": [], "bundle_ms": []}
        for _ in range(3):
            sides["scikit_learn_ms"].append(best_ms(lambda rows=rows: theirs(rows), times))
            sides["bundle_ms"].append(best_ms(lambda rows=rows: ours(rows), times))
        best = {side: round(min(values), 4) for side, values in sides.items()}
        found[name] = {**best, "ratio": round(best["bundle_ms"] / best["scikit_learn_ms"], 3)}
    return found


def main(wanted: list[str]) -> None:
    x, y = make_classification(
        N_TRAIN + N_ASKED, N_FEATURES, n_informative=15, n_classes=N_CLASSES, n_clusters_per_class=2, random_state=0
    )
    found = {}
    for name, model in MODELS.items():
        if wanted and name not in wanted:
            continue
        fitted = model.fit(x[:N_TRAIN], y[:N_TRAIN])
        if not hasattr(fitted, "predict_proba"):
            fitted = SoftmaxCalibrated(fitted)
        with tempfile.TemporaryDirectory() as folder:
            save_bundle(
                Path(folder) / "model", fitted, classes=[str(number) for number in range(N_CLASSES)], input={}, info={}
            )
            bundle = load_bundle(Path(folder) / "model")
        found[name] = compared(fitted.predict_proba, bundle.probabilities, x[N_TRAIN:])
    print(json.dumps({"rows": N_ASKED, "features": N_FEATURES, "classes": N_CLASSES, "models": found}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
