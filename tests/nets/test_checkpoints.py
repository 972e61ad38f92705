"""A training that is interrupted at any moment ends with the bits of an unbroken one."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from heldout.errors import ArtifactError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit import checkpoint
from heldout.nets.fit.folds import fit_jobs
from heldout.nets.fit.loop import TrainingStopped
from heldout.nets.net import Net

SETTINGS = {
    "net": "conv 4 3, batchnorm, relu, dropout 0.3, flatten, dense 8, relu",
    "batch": 10,
    "epochs": 6,
    "schedule": "one-cycle",
    "standardize": True,
    "augment": "flip, shift 1px, noise 20, mixup 0.3, cutmix",
    "validation": 0.2,
    "early_stopping": 3,
    "replicates": 2,
    "threads": 1,
    "checkpoint_seconds": 0.0,
}


def data():
    random = np.random.default_rng(0)
    x = random.integers(0, 255, (90, 8, 8, 2)).astype(np.uint8)
    y = random.integers(0, 3, 90)
    x[y == 1, 2:4] //= 3
    return x, y


def stop_after(n):
    counter = iter(range(10**9))
    return lambda: next(counter) >= n


def weights(net):
    return {f"{r}/{name}": a for r, arrays in enumerate(net.replicates_) for name, a in arrays.items()}


def assert_same_bits(one, other):
    assert one.history_ == other.history_
    assert list(weights(one)) == list(weights(other))  # in this order a bundle is written and hashed
    for name, array in weights(one).items():
        assert np.array_equal(array, weights(other)[name]), name


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw"])
def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path, optimizer):
    x, y = data()
    settings = {**SETTINGS, "optimizer": optimizer, "momentum": 0.9}
    whole = NetClassifier(**settings).fit(x, y)
    for n in (0, 1, 9, 17):  # steps until it is told to stop, again and again
        with pytest.raises(TrainingStopped):
            NetClassifier(**settings, checkpoint=tmp_path, should_stop=stop_after(n)).fit(x, y)
    resumed = NetClassifier(**settings, checkpoint=tmp_path).fit(x, y)
    assert_same_bits(whole, resumed)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_the_first_version_goes_on_to_the_same_bits(tmp_path):
    x, y = data()
    settings = {**SETTINGS, "early_stopping": 3, "epochs": 9}
    with pytest.raises(TrainingStopped):
        NetClassifier(**settings, checkpoint=tmp_path, should_stop=stop_after(64)).fit(x, y)
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    body = content[len(b"heldout checkpoint 2\n") + 65 :]
    arrays = load(body)
    length = int.from_bytes(body[:8], "little")
    state = json.loads(body[8 : 8 + length])["__metadata__"]
    plan = Net(SETTINGS["net"]).plan((8, 8, 2), 3)
    old = dict(zip([p.name for p in plan.parameters], plan.old_parameter_names, strict=True))
    renamed = {}
    for key, array in arrays.items():
        group, slash, name = key.rpartition("/")
        renamed[f"{group}{slash}{old.get(name, name)}"] = array
    assert "best/0/0.kernel" in renamed
    body = save(renamed, state)
    file.write_bytes(b"heldout checkpoint 1\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    resumed = NetClassifier(**settings, checkpoint=tmp_path).fit(x, y)
    assert_same_bits(resumed, NetClassifier(**settings).fit(x, y))


def test_a_resumed_training_does_not_repeat_what_was_done(tmp_path):
    x, y = data()
    with pytest.raises(TrainingStopped):
        NetClassifier(**SETTINGS, checkpoint=tmp_path, should_stop=stop_after(60)).fit(x, y)
    events = []
    NetClassifier(**SETTINGS, checkpoint=tmp_path, callback=events.append).fit(x, y)
    assert events[0]["step"] > 25


def test_folds_keep_the_finished_ones(tmp_path):
    x, y = data()
    rows = np.arange(90)
    net = NetClassifier(**{**SETTINGS, "replicates": 1}, checkpoint=tmp_path)
    jobs = [(rows, s) for s in range(3)]
    with pytest.raises(TrainingStopped):
        fit_jobs(net, x, y, jobs, should_stop=stop_after(120))
    for one, other in zip(
        fit_jobs(net, x, y, jobs), fit_jobs(net.set_params(checkpoint=None), x, y, jobs), strict=True
    ):
        assert_same_bits(one, other)


def test_another_seed_or_other_data_begins_anew(tmp_path):
    x, y = data()
    with pytest.raises(TrainingStopped):
        NetClassifier(**SETTINGS, checkpoint=tmp_path, should_stop=stop_after(30)).fit(x, y)
    other = NetClassifier(**SETTINGS, seed=5, checkpoint=tmp_path).fit(x, y)
    assert_same_bits(other, NetClassifier(**SETTINGS, seed=5).fit(x, y))
    x[3] += 1
    assert_same_bits(NetClassifier(**SETTINGS, checkpoint=tmp_path).fit(x, y), NetClassifier(**SETTINGS).fit(x, y))


@pytest.mark.parametrize("place", [3, 40, 200, -1])
def test_a_damaged_checkpoint_is_refused_by_name(tmp_path, place):
    x, y = data()
    with pytest.raises(TrainingStopped):
        NetClassifier(**SETTINGS, checkpoint=tmp_path, should_stop=stop_after(30)).fit(x, y)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(ArtifactError, match=rf"{file.name}: the checkpoint is damaged"):
        NetClassifier(**SETTINGS, checkpoint=tmp_path).fit(x, y)


def test_a_full_disk_is_a_warning_and_the_training_goes_on(tmp_path, monkeypatch):
    from heldout.files import DiskError

    def full(path, content):
        raise DiskError("cannot write: no space left on device", where=str(path))

    monkeypatch.setattr(checkpoint, "write_bytes", full)
    x, y = data()
    settings = {**SETTINGS, "epochs": 1, "checkpoint_seconds": 0.0}
    with pytest.warns(UserWarning, match="no space left"):
        net = NetClassifier(**settings, checkpoint=tmp_path).fit(x, y)
    assert_same_bits(net, NetClassifier(**settings).fit(x, y))


SCRIPT = """
import signal, sys
import numpy as np
sys.path.insert(0, sys.argv[3])
from test_checkpoints import SETTINGS, data, weights
from heldout.nets.classifier import NetClassifier
x, y = data()
step, last = 0, int(sys.argv[4])
def tell():
    global step
    step += 1
    if step == last:
        print("here", flush=True)
    if last and step == last + 40:
        signal.pause()
settings = {**SETTINGS, "epochs": 40, "early_stopping": None, "should_stop": tell}
net = NetClassifier(**settings, checkpoint=sys.argv[1]).fit(x, y)
np.savez(sys.argv[2], **weights(net))
"""


def run_until(folder, result, step):
    """Train in a process that is killed some moments after this step (0: never), and at the latest 40 steps on."""
    command = [sys.executable, "-c", SCRIPT, str(folder), str(result), str(Path(__file__).parent), str(step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        if step:
            assert process.stdout.readline() == b"here\n"
            os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == (-signal.SIGKILL if step else 0)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_training_that_is_killed_at_random_moments_ends_with_the_same_bits(tmp_path):
    run_until(tmp_path / "never", tmp_path / "whole.npz", 0)
    random = np.random.default_rng()  # other moments each time; the outcome may not depend on them
    for _ in range(3):  # of 576 steps
        run_until(tmp_path / "kept", tmp_path / "resumed.npz", int(random.integers(1, 150)))
    run_until(tmp_path / "kept", tmp_path / "resumed.npz", 0)
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "resumed.npz") as resumed:
        assert whole.files == resumed.files  # in the same order, too: a bundle is written and hashed in it
        for name in whole.files:
            assert np.array_equal(whole[name], resumed[name]), name
