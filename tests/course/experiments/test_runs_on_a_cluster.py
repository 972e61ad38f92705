"""The same plan on Ray: nothing lost and nothing done twice when a worker, or the runner, is killed on the way."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import procedures_for_runs as given
import pytest

from heldout.errors import MissingExtraError, SettingError
from heldout_course.experiments.execution import check_engine
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store

with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None or sys.platform == "win32", reason="needs Ray and signals of POSIX"
)


@pytest.mark.parametrize(
    "engine", ["mars", "ray://", "ray://host", "ray://host:1/x", "ray://a b:10001", "RAY", "http://a:1"]
)
def test_an_engine_that_is_none_is_refused(engine):
    with pytest.raises(SettingError, match="Unknown engine") as error:
        check_engine(engine)
    assert "ray://HOST:PORT" in error.value.fix


def test_without_ray_its_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs ray") as error:
        check_engine("ray://host:10001")
    assert error.value.fix == "pip install 'heldout[cluster]'"


@with_ray
@pytest.mark.parametrize("engine", ["ray://127.0.0.1:1", "ray://127.0.0.1:99999", "ray"])
def test_a_cluster_that_is_not_there_is_told_at_once(tmp_path, monkeypatch, engine):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with Store(tmp_path / "results.sqlite") as store, pytest.raises(SettingError, match="Cannot reach the cluster"):
        run_jobs(given.noting(1, 0, str(tmp_path)), store, given.run_task, n_workers=1, engine=engine)


def start(tmp_path: Path, n: int, seconds: float) -> subprocess.Popen:
    (tmp_path / "notes").mkdir(exist_ok=True)
    arguments = [str(tmp_path / "results.sqlite"), str(n), str(seconds), str(tmp_path / "notes"), "ray"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", given.__file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def begun(tmp_path: Path) -> list[str]:
    return [path.name.partition("-")[2] for path in (tmp_path / "notes").glob("begun-*")]


def ended(tmp_path: Path) -> list[str]:
    return [path.name.partition("-")[2] for path in (tmp_path / "notes").glob("ended-*")]


def just_begun(tmp_path: Path) -> str:
    """A job under way that will not end before its worker can be killed."""
    last = max(begun(tmp_path), key=lambda mark: int(mark.split("-")[2]), default="")
    young = last and time.time_ns() - int(last.split("-")[2]) < 300_000_000
    return last if young and last not in ended(tmp_path) else ""


def wait_until(true, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def rays_of(runner: int) -> list[str]:
    """Processes of the Ray that a runner started: its number is in the name of their folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"heldout-ray-{runner}-" in words:
            found.append(words)
    return found


@with_ray
@pytest.mark.slow
def test_a_worker_that_is_killed_on_the_way_loses_nothing_and_nothing_is_done_twice(tmp_path):
    runner = start(tmp_path, 12, 0.8)
    wait_until(lambda: len(ended(tmp_path)) >= 2 and just_begun(tmp_path))
    victim = max(begun(tmp_path), key=lambda mark: int(mark.split("-")[2]))
    os.kill(int(victim.split("-")[1]), signal.SIGKILL)
    told, noise = runner.communicate(timeout=120)
    assert (told, noise, runner.returncode) == ("12\n", "", 0)
    numbers = Counter(int(mark.split("-")[0]) for mark in ended(tmp_path))
    assert numbers == dict.fromkeys(range(12), 1)
    again = Counter(int(mark.split("-")[0]) for mark in begun(tmp_path)) - numbers
    assert again == {int(victim.split("-")[0]): 1}
    assert len({mark.split("-")[1] for mark in ended(tmp_path)}) >= 2
    jobs = given.noting(12, 0.8, str(tmp_path / "notes"))
    with Store(tmp_path / "results.sqlite") as store:
        found = store.results([job.id for job in jobs])
        assert [found[job.id].result["values"]["square"] for job in jobs] == [n**2 for n in range(12)]
        assert [store.attempts(job.id) for job in jobs] == [1 + again[n] for n in range(12)]


@with_ray
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_runner_that_is_stopped_takes_its_ray_along_and_goes_on_later(tmp_path, how):
    runner = start(tmp_path, 8, 0.3)
    wait_until(lambda: len(ended(tmp_path)) >= 2)
    assert rays_of(runner.pid)
    time.sleep(0.5)
    runner.send_signal(how)
    _, noise = runner.communicate(timeout=60)
    if how == signal.SIGINT:
        assert "of 8 jobs are finished and kept" in noise
        assert "run the same command again" in noise
        assert "Traceback" not in noise
    wait_until(lambda: not rays_of(runner.pid))
    if how == signal.SIGINT:
        assert not list(Path("/tmp").glob(f"heldout-ray-{runner.pid}-*"))
    jobs = given.noting(8, 0.3, str(tmp_path / "notes"))
    with Store(tmp_path / "results.sqlite") as store:
        before = store.finished([job.id for job in jobs])
        assert 2 <= len(before) < 8
        assert run_jobs(jobs, store, given.run_task, n_workers=0).n_done == 8 - len(before)
        assert all(store.attempts(job) == 1 for job in before)
