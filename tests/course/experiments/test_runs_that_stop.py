"""A killed run goes on where it was, two runners share the work, and nothing finished is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import procedures_for_runs as given
import pytest

from heldout.errors import ArtifactError, TrainingError
from heldout.files import DiskError
from heldout_course.experiments import store as stores
from heldout_course.experiments.expand import expand
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Finished, Store
from waiting import is_alive, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def start(path: Path, n: int, notes: Path) -> subprocess.Popen:
    """A runner in a process of its own, without workers."""
    notes.mkdir(exist_ok=True)
    arguments = [sys.executable, given.__file__, str(path), str(n), str(notes), "local", "0"]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def has_results(path: Path, n: int) -> bool:
    if not path.exists():
        return False
    try:
        with Store(path) as store:
            return store.db.execute("SELECT count(*) FROM results").fetchone()[0] >= n
    except (DiskError, ArtifactError):
        return False


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    path, notes = tmp_path / "results.sqlite", tmp_path / "notes"
    given.let_end(notes, 0, 1, 2)
    first = start(path, 12, notes)
    wait_until(lambda: has_results(path, 3))
    first.send_signal(signal.SIGKILL)
    first.communicate()
    given.let_end(notes)
    jobs = given.noting(12, str(notes))
    with Store(path) as store:
        before = store.finished([job.id for job in jobs])
        assert len(before) == 3
        outcome = run_jobs(jobs, store, given.run_task, n_workers=0)
        assert outcome.n_done == 12 - len(before)
        results = store.results([job.id for job in jobs])
        assert [results[job.id].result["values"]["square"] for job in jobs] == [n**2 for n in range(12)]
        assert all(store.attempts(job) == 1 for job in before)


def test_two_runners_share_the_work_and_do_no_job_twice(tmp_path):
    path, notes = tmp_path / "results.sqlite", tmp_path / "notes"
    runners = [start(path, 16, notes) for _ in range(2)]
    wait_until(lambda: len({mark.split("-")[1] for mark in given.noted(notes, "begun")}) == 2)  # both are at work
    given.let_end(notes)
    done = [int(runner.communicate()[0]) for runner in runners]
    assert sum(done) == 16
    assert min(done) >= 1
    with Store(path) as store:
        assert [store.attempts(job.id) for job in given.noting(16, str(notes))] == [1] * 16


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path):
    jobs = given.squares(3)
    calls = []

    def stop_at_second(specs, checkpoints):
        calls.append(specs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return given.run_task(specs, checkpoints)

    with Store(tmp_path / "results.sqlite") as store:
        with pytest.raises(TrainingError, match="1 of 3 jobs are finished and kept") as error:
            run_jobs(jobs, store, stop_at_second, n_workers=0)
        assert "same command" in error.value.fix
        assert run_jobs(jobs, store, given.run_task, n_workers=0).n_done == 2


def dying(tmp_path: Path, always: bool) -> list:
    text = f"""
id: dying
title: dying
model: {{procedure: die-once-for-tests, marker: "{tmp_path / "marker"}", always: {str(always).lower()}}}
vary: {{number: [0, 1]}}
measure: [alive]
"""
    return expand(recipe_from_text(text), "quick").jobs


def test_a_worker_that_dies_is_replaced_and_its_job_run_again(tmp_path):
    with Store(tmp_path / "results.sqlite") as store:
        outcome = run_jobs(dying(tmp_path, False), store, given.run_task, n_workers=1)
        assert (outcome.n_done, outcome.failed) == (2, {})


def test_a_job_that_always_kills_its_worker_fails_alone(tmp_path):
    jobs = dying(tmp_path, True)
    with Store(tmp_path / "results.sqlite") as store:
        outcome = run_jobs(jobs, store, given.run_task, n_workers=1)
        assert outcome.n_done == 1
        assert "process died" in outcome.failed[jobs[0].id]
        assert list(store.failures([job.id for job in jobs])) == [jobs[0].id]


def test_a_job_that_raises_fails_alone_and_is_tried_again_later(tmp_path):
    jobs = given.squares(3)

    def fail_on_one(specs, checkpoints):
        if specs[0]["model"]["number"] == 1:
            raise ValueError("a bad day")
        return given.run_task(specs, checkpoints)

    with Store(tmp_path / "results.sqlite") as store:
        outcome = run_jobs(jobs, store, fail_on_one, n_workers=0)
        assert list(outcome.failed.values()) == ["ValueError: a bad day"]
        assert run_jobs(jobs, store, given.run_task, n_workers=0).n_done == 1
        assert store.failures([job.id for job in jobs]) == {}


def test_workers_end_with_a_runner_that_is_killed(tmp_path):
    marker = tmp_path / "pid"
    arguments = [sys.executable, given.__file__, str(tmp_path / "results.sqlite"), str(marker)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runner:
        worker = int(wait_until(lambda: marker.exists() and marker.read_text()))
        assert is_alive(worker)
        runner.kill()
        runner.wait()
    wait_until(lambda: not is_alive(worker))


def finished(job: str) -> tuple[Finished, dict]:
    return Finished(job, {"values": {"x": "y" * 5000}}, 0, {}, "here", 0.1), {}


def test_a_full_disk_says_how_to_go_on_and_keeps_what_was_there(tmp_path):
    with Store(tmp_path / "results.sqlite") as store:
        store.finish([finished("a")], "me")
        pages = store.db.execute("PRAGMA page_count").fetchone()[0]
        store.db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskError, match="full") as error:
            store.finish([finished(f"b{n}") for n in range(20)], "me")
        assert "run the same command again" in error.value.fix
        assert store.finished(["a", "b0"]) == {"a"}


def test_a_store_of_another_version_is_refused_and_left_as_it_was(tmp_path):
    path = tmp_path / "results.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ArtifactError, match="format 99, and this heldout reads format 1"):
        Store(path)


@pytest.mark.parametrize("content", [b"hello " * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_no_store_is_refused(tmp_path, content):
    path = tmp_path / "results.sqlite"
    path.write_bytes(content)
    with pytest.raises((ArtifactError, DiskError), match="another --store FILE"):
        Store(path)


def test_another_program_s_database_is_refused(tmp_path):
    path = tmp_path / "results.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE birds (name TEXT)")
    db.commit()
    db.close()
    with pytest.raises(ArtifactError, match="not a file of results"):
        Store(path)


def test_a_lease_is_held_until_its_runner_is_gone_or_silent(tmp_path, monkeypatch):
    with Store(tmp_path / "results.sqlite") as store:
        mine, other = stores.owner_name(), f"elsewhere|{os.getpid()}|1"
        assert store.lease(["a", "b"], other) == ["a", "b"]
        assert store.lease(["a", "b", "c"], mine) == ["c"]
        monkeypatch.setattr(stores, "STALE_SECONDS", 0.0)
        assert store.lease(["a"], mine) == ["a"]
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        monkeypatch.setattr(stores, "STALE_SECONDS", 60.0)
        gone = mine.replace(f"|{os.getpid()}|", f"|{ended.pid}|")
        assert store.lease(["d"], gone) == ["d"]
        assert store.lease(["d"], mine) == ["d"]
