"""Stacks, worker processes and memory: the way must not change the numbers, and failures must be said."""

import itertools
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone

from heldout.errors import SettingError, TrainingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit import here, planner, ways
from heldout.nets.fit.folds import FitJob, fit_jobs
from heldout.nets.fit.loop import TrainingStopped
from heldout.nets.net import Net
from heldout.nets.settings import Job, Settings
from waiting import is_alive, wait_until

CNN = NetClassifier("conv 4 3, batchnorm, relu, dropout 0.3, flatten", batch=16, epochs=3, standardize=True)


def data(n=120):
    random = np.random.default_rng(0)
    return random.integers(0, 255, (n, 8, 8, 1)).astype(np.uint8), random.integers(0, 3, n)


def jobs_of(spec, n=2, epochs=1, rows=10):
    return [Job(s, np.arange(rows), Settings(net=spec, epochs=epochs)) for s in range(n)]


def way(spec, shape, device="cpu", **more):
    return planner.choose_way(Net(spec).plan(shape, 3), jobs_of(spec, **more), torch.device(device))


def test_dense_nets_are_stacked():
    assert way("dense 100, relu", (784,)) == "stack"


def test_large_convolutions_go_to_processes_and_small_ones_one_by_one():
    spec = "conv 32 3, relu, conv 64 3, relu, flatten"
    assert way(spec, (28, 28, 1), rows=50_000) == "processes"
    assert way(spec, (28, 28, 1), rows=50) == "solo"


def test_a_graphics_card_stacks_everything():
    assert way("conv 32 3, relu, conv 64 3, relu, flatten", (28, 28, 1), "cuda", rows=50_000) == "stack"


def test_one_job_is_trained_alone():
    assert way("dense 100, relu", (784,), n=1) == "solo"


@pytest.fixture
def processes(monkeypatch):
    """Worker processes for everything with a convolution."""
    monkeypatch.setattr(planner, "PROCESS_WORK", 0)
    monkeypatch.setattr(ways, "n_cores", lambda: 2)


@pytest.mark.slow
def test_processes_train_the_same_bits_as_this_one(processes, tmp_path):
    x, y = data()
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    jobs = [FitJob(np.arange(20 * k, 120), k, {"epochs": 2 + k}) for k in range(3)]
    events = []
    there = fit_jobs(CNN, mapped[:], y, jobs, progress=events.append)
    for job, found in zip(jobs, there, strict=True):
        (alone,) = fit_jobs(clone(CNN).set_params(threads=1), x, y, [job])
        assert found.history_ == alone.history_
        for name, array in alone.replicates_[0].items():
            assert np.array_equal(array, found.replicates_[0][name]), name
    assert events[-1]["steps"] == 3 * 2 * 8 or events[-1]["replicates"] == 3


def endless(x, y, **more):
    net = CNN.__class__("conv 4 3, relu, flatten", batch=16, epochs=10**6)
    return fit_jobs(net, x, y, [(np.arange(120), s) for s in range(2)], **more)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")
def test_a_worker_that_is_killed_twice_is_an_error_not_a_hang(processes):
    x, y = data()
    killed = []

    def kill(event):
        for pid in children() - set(killed):
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(TrainingError, match="was ended by SIGKILL") as caught:
        endless(x, y, progress=kill)
    assert "threads=1" in caught.value.fix
    wait_until(lambda: not any(map(is_alive, killed)))


def children() -> set[int]:
    """Worker processes of this one."""
    found = set()
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, path.read_text().split()):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


@pytest.mark.slow
def test_being_told_to_stop_ends_the_workers_at_once(processes):
    x, y = data()
    seen, told = [], []

    def stop():
        if seen:
            told.append(len(seen))
        return bool(seen)

    with pytest.raises(TrainingStopped):
        endless(x, y, progress=seen.append, should_stop=stop)
    assert told == [len(seen)], "it was asked once more, or went on after the answer"


@pytest.mark.slow
def test_ctrl_c_ends_the_training_before_anything_else_happens(processes):
    x, y = data()
    seen = []

    def press(event):
        seen.append(event)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        endless(x, y, progress=press)
    assert len(seen) == 1


def test_progress_and_stop_work_from_another_thread():
    x, y = data()
    began, stop = threading.Event(), threading.Event()

    def stop_when_begun():
        began.wait()
        stop.set()

    other = threading.Thread(target=stop_when_begun)
    other.start()
    net = NetClassifier("flatten, dense 4", epochs=10**7, callback=lambda event: began.set())
    with pytest.raises(TrainingStopped):
        net.set_params(should_stop=stop.is_set).fit(x, y)
    other.join()


@pytest.fixture
def lanes(monkeypatch):
    """A part of every stack on each of two threads."""
    monkeypatch.setattr(planner, "SMALL_STEP", 0)
    return NetClassifier("flatten, dense 4, relu, dropout 0.2", epochs=2, replicates=5, precision="float64", threads=2)


def test_a_stack_in_two_parts_equals_the_whole(lanes):
    x, y = data()
    events = []
    parts = lanes.set_params(callback=events.append).fit(x, y)
    whole = clone(lanes).set_params(threads=1, callback=None).fit(x, y)
    assert np.allclose(parts.replicate_probabilities(x), whole.replicate_probabilities(x), rtol=1e-9, atol=1e-12)
    assert events[-1]["step"] == events[-1]["steps"] == 2 * 5
    assert parts.machine_["threads"] == 2


def test_the_parts_of_a_stack_stop_when_told_when_one_fails_and_at_ctrl_c(lanes, monkeypatch):
    x, y = data()
    with pytest.raises(TrainingStopped):
        lanes.set_params(epochs=10**7, should_stop=stop_soon()).fit(x, y)
    lanes.set_params(should_stop=None)

    def interrupt(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lanes.set_params(callback=interrupt).fit(x, y)
    train = here.train_stack

    def fail(plan, stack, *args, **more):
        if len(stack) == 2:
            raise TrainingError("broken")
        return train(plan, stack, *args, **more)

    monkeypatch.setattr(here, "train_stack", fail)
    with pytest.raises(TrainingError, match="broken"):
        lanes.set_params(callback=None).fit(x, y)
    assert threading.active_count() < 10


def stop_soon():
    asked = itertools.count()
    return lambda: next(asked) > 20


def test_a_stack_that_does_not_fit_is_halved_until_it_does(monkeypatch):
    x, y = data()
    sizes = []
    train = here.train_stack

    def short_of_memory(plan, stack, *args, **more):
        sizes.append(len(stack))
        if len(stack) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return train(plan, stack, *args, **more)

    net = NetClassifier("flatten, dense 4, relu", epochs=1, replicates=7, precision="float64")
    whole = net.fit(x, y).predict_proba(x)
    monkeypatch.setattr(here, "train_stack", short_of_memory)
    assert np.allclose(net.fit(x, y).predict_proba(x), whole, rtol=1e-12)
    assert sizes == [7, 3, 1, 2, 4, 2, 2]


def test_a_single_replicate_that_does_not_fit_is_an_error_with_a_remedy(monkeypatch):
    x, y = data()

    def never(*args, **more):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] . DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(here, "train_stack", never)
    with pytest.raises(TrainingError, match="single replicate does not fit into memory") as caught:
        NetClassifier("flatten", epochs=1, batch=64, replicates=2).fit(x, y)
    assert "batch=32" in caught.value.fix


def test_other_errors_of_pytorch_are_not_taken_for_memory(monkeypatch):
    x, y = data()

    def broken(*args, **more):
        raise RuntimeError("something else")

    monkeypatch.setattr(here, "train_stack", broken)
    with pytest.raises(RuntimeError, match="something else"):
        NetClassifier("flatten", epochs=1).fit(x, y)


def test_the_stacks_size_follows_from_the_memory_of_the_machine(monkeypatch):
    plan = Net("dense 100, relu").plan((784,), 10)
    monkeypatch.setattr(here, "total_memory", lambda device: 2**30)
    many = here.stack_size(plan, Settings(optimizer="sgd", batch=64), torch.device("cpu"))
    n_values = 4 * 79510 + 3 * 64 * (784 + 100 + 100 + 10)
    assert many == int(here.MEMORY_SHARE * 2**30 / (4 * n_values))
    assert here.stack_size(plan, Settings(batch=10**7), torch.device("cpu")) == 1


def test_a_device_that_is_not_there_is_said():
    x, y = data()
    with pytest.raises(SettingError, match=r"device='cuda:99' is not there"):
        NetClassifier("flatten", device="cuda:99").fit(x, y)
    with pytest.raises(SettingError, match=r"device='tpu': unknown"):
        NetClassifier("flatten", device="tpu").fit(x, y)


def test_threads_are_as_before_afterwards():
    x, y = data()
    before = torch.get_num_threads()
    NetClassifier("flatten", epochs=1, threads=before + 1).fit(x, y).predict(x)
    assert torch.get_num_threads() == before
