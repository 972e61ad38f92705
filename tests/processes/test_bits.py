"""The number of cores, of threads and of jobs decides how long a run takes, and never a bit of what comes out."""

import json
import os
import subprocess
import sys

import pytest

from heldout.processes.threads import WAITING, wait_briefly

SCRIPT = """
import hashlib, json, os, sys
from pathlib import Path
import numpy as np
if sys.argv[2] == "one core" and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import heldout as ho
from heldout.run.metrics import without_times

jobs, folder = int(sys.argv[1]), Path(sys.argv[3])
found = {}
for data, models in [("breast-cancer", "linear-svm"), ("breast-cancer", "boosting"), ("breast-cancer", "mlp"),
                     ("digits", "rbf-svm"), ("digits", "cnn")]:
    run = ho.train(data, models=models, folds=2, repeats=1, rows=300, seed=1, jobs=jobs, out=folder / models)
    run.assess()
    values = without_times(json.loads((run.path / "metrics.json").read_text()))
    values.pop("run", None)
    values["seal"].pop("ledger")  # its path
    arrays = b"".join(path.read_bytes() for path in sorted((run.path / "model").glob("*.safetensors")))
    found[models] = [hashlib.sha256(arrays).hexdigest(), hashlib.sha256(json.dumps(values).encode()).hexdigest()]

random = np.random.default_rng(0)
x, y = random.integers(0, 255, (300, 16, 16, 1)).astype(np.uint8), random.integers(0, 3, 300)
nets = {
    "two threads": ho.NetClassifier("conv 32 3, relu, conv 32 3, relu, flatten", epochs=1, batch=100),
    "a stack in parts": ho.NetClassifier("flatten, dense 200, relu", epochs=1, replicates=6, batch=100),
    "side by side": ho.NetClassifier("conv 16 3, relu, flatten", epochs=1, replicates=3, batch=100),
}
for name, net in nets.items():
    net.fit(x, y)
    weights = b"".join(a.tobytes() for arrays in net.replicates_ for _, a in sorted(arrays.items()))
    found[name] = [hashlib.sha256(weights).hexdigest(), hashlib.sha256(net.predict_proba(x).tobytes()).hexdigest()]
print(json.dumps(found))
"""


def run(folder, *, threads, jobs, cores):
    folder.mkdir()
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    variables["HELDOUT_LEDGER"] = str(folder / "ledger.sqlite")  # each opens the seal for the first time
    command = [sys.executable, "-c", SCRIPT, str(jobs), cores, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_threads_jobs_and_cores_decide_no_bit(tmp_path):
    expected = run(tmp_path / "a", threads=1, jobs=1, cores="one core")
    assert run(tmp_path / "b", threads=2, jobs=2, cores="all") == expected
    assert run(tmp_path / "c", threads=4, jobs=3, cores="all") == expected


def test_threads_wait_briefly_unless_the_user_has_decided(monkeypatch):
    for name in ("OMP_WAIT_POLICY", *WAITING):
        monkeypatch.delenv(name, raising=False)
    wait_briefly()
    assert {name: os.environ[name] for name in WAITING} == WAITING
    for name in WAITING:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_briefly()
    assert "GOMP_SPINCOUNT" not in os.environ
