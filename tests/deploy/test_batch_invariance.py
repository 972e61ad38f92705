"""A row gets the same bits alone, in any batch and in any order: for every kind, on every kernel, with any threads.

Which kernel multiplies is chosen by environment variables when NumPy and torch are loaded, so each case is a process.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from test_golden_bundles import CASES, kinds_in, kinds_of
from test_golden_bundles import rows_of as golden_rows

from heldout.deploy.bundle import save_bundle
from heldout.deploy.registry import kind_names
from heldout.models.calibrated import SoftmaxCalibrated
from heldout.prepare.vectors import ToVectors

PROGRAM = Path(__file__).with_name("batch_invariance.py")
N_ROWS = 300
N_SOUNDS = 24  # a sound is prepared by itself, and takes a millisecond

KERNELS = [
    {"OPENBLAS_CORETYPE": "SkylakeX", "threads": "2"},
    {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2", "threads": "1"},
    {"OPENBLAS_CORETYPE": "Zen", "ATEN_CPU_CAPABILITY": "default", "threads": "2"},
    {"OPENBLAS_CORETYPE": "Prescott", "ATEN_CPU_CAPABILITY": "default", "threads": "1"},
    {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2", "threads": "2"},
    {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3", "threads": "1"},
]


def large_models():
    """Models whose sizes reach the ways that are taken for many features, many trees and many rows."""
    x, y = load_digits(return_X_y=True)
    single, pictures = x.astype(np.float32), x.reshape(-1, 8, 8, 1).astype(np.uint8)
    plain = {
        "logistic": (LogisticRegression(max_iter=300), x),
        "projected": (make_pipeline(PCA(40), LogisticRegression(max_iter=300)), x),
        "projected-single": (make_pipeline(PCA(40, whiten=True), LogisticRegression(max_iter=300)), single),
        "neighbours": (KNeighborsClassifier(5), x),
        "centroid": (NearestCentroid(), x + np.random.default_rng(0).normal(size=x.shape)),
        "bayes": (GaussianNB(var_smoothing=0.01), x),
        "forest": (RandomForestClassifier(20, random_state=0), x),
        "boosting": (HistGradientBoostingClassifier(max_iter=5, random_state=0), x),
        "machine": (make_pipeline(StandardScaler(), SVC(C=5, break_ties=True)), x),
        "machine-poly": (make_pipeline(StandardScaler(), SVC(kernel="poly", break_ties=True)), x),
        "vectors": (make_pipeline(ToVectors("images"), LogisticRegression(max_iter=300)), pictures),
        "linear-machine": (make_pipeline(StandardScaler(), LinearSVC(C=0.01)), single),
    }
    for name, (model, rows) in plain.items():
        fitted = clone(model).fit(rows[::2], y[::2])
        yield name, fitted if hasattr(fitted, "predict_proba") else SoftmaxCalibrated(fitted), rows


def large_nets():
    """Nets of sizes that are no multiple of what fits into a register, where places differ, and an ordinary one."""
    from heldout.nets.classifier import NetClassifier

    x, y = load_digits(return_X_y=True)
    texts = {
        "net-odd": ("dense 7, relu, dense 5, relu", {"replicates": 2}, x[:, :13].astype(np.float32)),
        "net-wide": ("dense 100, relu, dense 50, relu", {}, x.astype(np.float32)),
        "net-pictures": ("conv 8 3, relu, maxpool 2, flatten, dense 30, relu", {}, x.reshape(-1, 8, 8, 1).astype("u1")),
    }
    for name, (text, settings, rows) in texts.items():
        yield (
            name,
            NetClassifier(text, **settings, epochs=1, batch=64, seed=1, threads=1).fit(rows[:200], y[:200]),
            rows,
        )


def more_rows(rows, random):
    """Rows like these: drawn again, and numbers moved a little."""
    is_sound = isinstance(rows, np.ndarray) and rows.dtype == np.int16
    places = random.integers(0, len(rows), N_SOUNDS if is_sound else N_ROWS)
    if hasattr(rows, "iloc"):
        drawn = rows.iloc[places].reset_index(drop=True)
        for name in drawn.columns:
            if drawn[name].dtype.kind == "f":
                drawn[name] *= 1 + 0.1 * random.normal(size=N_ROWS)
        return drawn
    drawn = rows[places]
    if drawn.dtype.kind == "f":
        return (drawn * (1 + 0.1 * random.normal(size=drawn.shape))).astype(drawn.dtype)
    return drawn ^ random.integers(0, 32, drawn.shape).astype(drawn.dtype)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Bundles with rows: the golden ones, and larger ones of this version."""
    folder = tmp_path_factory.mktemp("bundles")
    random = np.random.default_rng(7)
    for case in CASES:
        if needs(kinds_of(case)):
            continue
        (folder / case.name).mkdir()
        shutil.copytree(case / "model", folder / case.name / "model")
        rows = more_rows(golden_rows(case, json.loads((case / "expected.json").read_text("ascii"))["rows"]), random)
        if hasattr(rows, "iloc"):
            rows.to_csv(folder / case.name / "rows.csv", index=False)
        else:
            np.save(folder / case.name / "rows.npy", rows)
    nets = large_nets() if find_spec("torch") else ()
    for name, model, rows in (*large_models(), *nets):
        save_bundle(folder / f"large-{name}" / "model", model, classes=list("0123456789"), input={}, info={})
        np.save(folder / f"large-{name}" / "rows.npy", more_rows(rows, random))
    return folder


def needs(kinds):
    """An extra that is not installed."""
    return ("net" in kinds and not find_spec("torch")) or ("resample-sounds" in kinds and not find_spec("soxr"))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: "-".join(kernel.values()).replace(" ", "_"))
def test_a_row_gets_the_same_bits_alone_and_in_any_batch(kernel, folder):
    chosen = {name: value for name, value in kernel.items() if name != "threads"}
    threads = {f"{library}_NUM_THREADS": kernel["threads"] for library in ("OMP", "OPENBLAS", "MKL")}
    done = subprocess.run(
        [sys.executable, PROGRAM, folder],
        capture_output=True,
        text=True,
        env={**os.environ, **threads, **chosen},
        timeout=280,
    )
    if done.returncode == -signal.SIGILL:
        pytest.skip(f"this processor cannot run {chosen}")
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) >= 60
    assert {name: ways for name, ways in found.items() if ways} == {}


def test_every_kind_is_tried(folder):
    """Where this fails, a kind is new: give it a model in `large_models`."""
    tried = [json.loads(path.read_text("ascii"))["model"] for path in folder.glob("*/model/header.json")]
    missing = set(kind_names()) - set().union(*(kinds_in(model) for model in tried))
    assert missing <= {"net", "resample-sounds"}
    assert not missing or not (find_spec("torch") and find_spec("soxr"))
