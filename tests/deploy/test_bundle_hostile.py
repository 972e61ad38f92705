"""Damaged and hostile bundles: refused or harmless, within little time and memory, and never a crash."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from heldout.deploy.bundle import save_bundle
from heldout.models.calibrated import SoftmaxCalibrated

SHARED_MEMORY = Path("/dev/shm")
PROGRAM = Path(__file__).with_name("hostile_bundles.py")


def models():
    x, y = load_iris(return_X_y=True)
    gaps = x.copy()
    gaps[::7, 1] = np.nan
    plain = {
        "dummy": DummyClassifier(),
        "centroid": NearestCentroid(),
        "knn": KNeighborsClassifier(3),
        "bayes": GaussianNB(),
        "tree": DecisionTreeClassifier(max_depth=4, random_state=0),
        "forest": RandomForestClassifier(3, max_depth=4, random_state=0),
        "extra": ExtraTreesClassifier(3, max_depth=4, random_state=0),
        "boosting": HistGradientBoostingClassifier(max_iter=3, random_state=0),
        "projected": make_pipeline(StandardScaler(), PCA(2), LogisticRegression()),
        "binary": make_pipeline(StandardScaler(), LogisticRegression()),
    }
    for name, model in plain.items():
        rows = y < 2 if name == "binary" else y < 3
        yield name, clone(model).fit(x[rows], y[rows]), x
    imputed = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), GaussianNB()
    )
    imputed.set_params(gaussiannb__var_smoothing=1e-3)
    yield "imputed", imputed.fit(gaps, y), gaps
    for name, machine in {"linear": LinearSVC(), "rbf": SVC(break_ties=True)}.items():
        yield name, SoftmaxCalibrated(make_pipeline(StandardScaler(), machine).fit(x, y)), x


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name, model, rows in models():
        n_classes = 2 if name == "binary" else 3
        save_bundle(folder / name, model, classes=list("abc")[:n_classes], input={"columns": ["x"]}, info={"n": 1})
        np.save(folder / f"{name}.rows.npy", rows[::5])
    return folder


def run(sources, work, mode, count, seed=0):
    if SHARED_MEMORY.is_dir():  # tens of thousands of small files
        with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as quick:
            return run_in(sources, Path(quick), mode, count, seed)
    return run_in(sources, work, mode, count, seed)


def run_in(sources, work, mode, count, seed):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [sys.executable, PROGRAM, sources, work, mode, str(count), str(seed)],
        capture_output=True,
        text=True,
        env=environment,
    )
    last = (work / "last").read_text() if (work / "last").exists() else ""
    assert done.returncode == 0, f"ended with {done.returncode} at {last}: {done.stderr[-2000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_ten_thousand_damaged_bundles_are_refused_or_give_the_same_answers(sources, tmp_path):
    result = run(sources, tmp_path, "bytes", 10_000)
    assert result["faults"] == []
    assert result["other"] == result["refused_rows"] == 0
    assert result["refused"] + result["same"] == 10_000
    assert result["refused"] > 9_900
    assert result["slowest"] < 1
    assert result["grown_kb"] <= result["allowed_kb"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_thousands_of_bundles_with_false_content_and_right_sums_never_crash_the_reader(sources, tmp_path):
    result = run(sources, tmp_path, "meaning", int(os.environ.get("HELDOUT_MUTATIONS", "4000")))
    assert result["faults"] == []
    assert result["refused"] > result["other"] + result["same"]
    assert result["slowest"] < 1
    assert result["grown_kb"] <= result["allowed_kb"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_nets_with_false_content_and_right_sums_never_crash_the_reader(tmp_path):
    pytest.importorskip("torch", reason="needs the extra nets")
    from heldout.nets.classifier import NetClassifier

    x, y = load_iris(return_X_y=True)
    net = NetClassifier("dense 5, relu", epochs=2, batch=32, seed=1, threads=1).fit(x, y)
    sources = tmp_path / "sources"
    save_bundle(sources / "net", net, classes=list("abc"), input={}, info={})
    np.save(sources / "net.rows.npy", x[::5])
    result = run(sources, tmp_path, "meaning", 1500)
    assert result["faults"] == []
    assert result["refused"] > result["other"] + result["same"]
    assert result["slowest"] < 1
    assert result["grown_kb"] <= result["allowed_kb"]


def test_loading_a_classical_bundle_does_not_import_torch(sources, tmp_path):
    assert run(sources, tmp_path, "bytes", 1)["torch"] is False
