"""The same plan on Ray: nothing lost and nothing done twice when a worker, or the runner, is killed on the way."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import procedures_for_runs as given
import pytest

from heldout.errors import MissingExtraError, SettingError
from heldout_course.experiments.execution import check_engine
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Store
from waiting import wait_until

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
        run_jobs(given.noting(1, str(tmp_path)), store, given.run_task, n_workers=1, engine=engine)


def start(tmp_path: Path, n: int) -> subprocess.Popen:
    """A runner with two tasks under way at a time on a Ray of its own."""
    (tmp_path / "notes").mkdir(exist_ok=True)
    arguments = [str(tmp_path / "results.sqlite"), str(n), str(tmp_path / "notes"), "ray", "2"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", given.__file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


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
    notes = tmp_path / "notes"
    given.let_end(notes, 0, 1)
    runner = start(tmp_path, 12)
    wait_until(lambda: len(given.noted(notes, "begun")) == 4)  # two have ended, and two wait
    (victim, *_) = set(given.noted(notes, "begun")) - set(given.noted(notes, "ended"))
    os.kill(int(victim.split("-")[1]), signal.SIGKILL)
    given.let_end(notes)
    told, noise = runner.communicate()
    assert (told, noise, runner.returncode) == ("12\n", "", 0)
    numbers = Counter(int(mark.split("-")[0]) for mark in given.noted(notes, "ended"))
    assert numbers == dict.fromkeys(range(12), 1)
    again = Counter(int(mark.split("-")[0]) for mark in given.noted(notes, "begun")) - numbers
    assert again == {int(victim.split("-")[0]): 1}
    assert len({mark.split("-")[1] for mark in given.noted(notes, "ended")}) >= 2
    jobs = given.noting(12, str(notes))
    with Store(tmp_path / "results.sqlite") as store:
        found = store.results([job.id for job in jobs])
        assert [found[job.id].result["values"]["square"] for job in jobs] == [n**2 for n in range(12)]
        assert [store.attempts(job.id) for job in jobs] == [1 + again[n] for n in range(12)]


@with_ray
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_runner_that_is_stopped_takes_its_ray_along_and_goes_on_later(tmp_path, how):
    notes = tmp_path / "notes"
    given.let_end(notes, 0, 1)
    runner = start(tmp_path, 8)
    wait_until(lambda: len(given.noted(notes, "begun")) == 4)  # two have ended and are kept
    assert rays_of(runner.pid)
    runner.send_signal(how)
    _, noise = runner.communicate()
    if how == signal.SIGINT:
        assert "of 8 jobs are finished and kept" in noise
        assert "run the same command again" in noise
        assert "Traceback" not in noise
    wait_until(lambda: not rays_of(runner.pid))
    if how == signal.SIGINT:
        assert not list(Path("/tmp").glob(f"heldout-ray-{runner.pid}-*"))
    given.let_end(notes)
    jobs = given.noting(8, str(notes))
    with Store(tmp_path / "results.sqlite") as store:
        before = store.finished([job.id for job in jobs])
        assert len(before) == 2
        assert run_jobs(jobs, store, given.run_task, n_workers=0).n_done == 8 - len(before)
        assert all(store.attempts(job) == 1 for job in before)
