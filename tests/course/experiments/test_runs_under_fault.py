"""Full disks, stores that cannot be written, workers and runners that are killed from outside, clocks that jump."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import procedures_for_runs as given
import pytest

from heldout.errors import ArtifactError
from heldout.files import DiskError
from heldout_course.experiments import runner as running
from heldout_course.experiments import store as stores
from heldout_course.experiments.runner import run_jobs
from heldout_course.experiments.store import Finished, Store
from heldout_course.experiments.workers import Local
from waiting import PATIENCE_SECONDS, wait_until

RECIPE = """id: mine
title: Full
data: {name: DATA, target: label, folds: 5}
model: {kind: svm}
repeats: 60
measure: [accuracy]
"""


def call(*arguments: str, **how) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from heldout.cli.main import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **how)


def recipe(tmp_path: Path) -> Path:
    (tmp_path / "mine.csv").write_text("\n".join(["a,label", *(f"{n % 7},{'xy'[n % 2]}" for n in range(60))]))
    path = tmp_path / "mine.yaml"
    path.write_text(RECIPE.replace("DATA", str(tmp_path / "mine.csv")))
    return path


def test_a_disk_that_fills_up_loses_nothing_finished_and_the_same_command_goes_on(tmp_path):
    import resource

    path = recipe(tmp_path)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    stopped = call("run", str(path), "--store", str(tmp_path / "s.sqlite"), preexec_fn=little_room)
    assert stopped.returncode == 2
    assert "Cannot write" in stopped.stderr
    assert "run the same command again; finished results are kept" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    again = call("run", str(path), "--store", str(tmp_path / "s.sqlite"))
    assert again.returncode == 0
    with_room = int(again.stdout.split("\n")[-2].split(" jobs run")[0])
    assert 0 < with_room < 60
    assert f"{60 - with_room} finished before" in again.stdout
    assert "0 jobs run" in call("run", str(path), "--store", str(tmp_path / "s.sqlite")).stdout


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that this process may not write, whoever runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="heldout-test-"))
    with Store(folder / "results.sqlite") as store:
        store.finish([(Finished("a", {"values": {"x": 1}}, 0, {}, "here", 0.1), {})], "me")
    (folder / "results.sqlite").chmod(0o444)
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_a_store_that_may_only_be_read_is_shown_and_not_written(nobody):
    path = nobody / "results.sqlite"
    with Store(path, read_only=True) as store:
        assert store.finished(["a", "b"]) == {"a"}
    with pytest.raises(DiskError, match="Cannot write results here") as error:
        run_jobs(given.squares(2), Store(path), given.run_task, n_workers=0)
    assert "--store FILE" in error.value.fix


def test_a_store_that_cannot_be_made_names_what_stands_in_the_way(nobody):
    with pytest.raises(DiskError, match="Cannot write results here"):
        Store(nobody / "new.sqlite")
    with pytest.raises(DiskError, match="Cannot create this folder"):
        Store(nobody / "deeper" / "new.sqlite")


def test_a_store_is_a_file_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "a%20b?mode=memory#x"):
        with Store(Path(name)) as store:
            store.finish([(Finished("a", {}, 0, {}, "here", 0.1), {})], "me")
        with Store(Path(name), read_only=True) as store:
            assert store.finished(["a"]) == {"a"}


def test_a_runner_says_that_it_waits_for_another(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "ROUNDS_TO_TELL", 2)
    jobs = given.squares(2)
    with Store(tmp_path / "s.sqlite") as store:
        store.lease([jobs[0].id], "elsewhere|1|1|x")
        told = []

        def progress(done: int, total: int, words: str) -> None:
            told.append((done, total, words))
            if words:
                store.release("elsewhere|1|1|x")

        outcome = run_jobs(jobs, store, given.run_task, n_workers=0, progress=progress)
    assert (outcome.n_done, outcome.failed) == (2, {})
    assert (1, 2, "waiting for 1 that another runner has started") in told


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(DiskError, match="This is a folder"):
        Store(tmp_path)
    with pytest.raises(DiskError, match="This is a folder"):
        Store(tmp_path, read_only=True)


def test_a_store_with_a_table_cut_out_is_refused(tmp_path):
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.db.execute("DROP TABLE leases")
    with pytest.raises(ArtifactError, match="has no table 'leases'"):
        Store(path)


@pytest.mark.parametrize("at", [20, 60, 100, 5000, 9000, -2000])
def test_a_damaged_store_is_refused_or_read_but_never_a_traceback(tmp_path, at):
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.finish([(Finished(f"j{n}", {"values": {"x": n}}, 0, {}, "here", 0.1), {}) for n in range(300)], "me")
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at : at + 1000] = b"\x5a" * 1000
    path.write_bytes(content)
    with suppress(ArtifactError, DiskError), Store(path) as store:
        store.results([f"j{n}" for n in range(300)])
        store.lease(["new"], "me")


def test_a_worker_that_is_killed_while_idle_is_replaced(tmp_path):
    with Local(1, given.run_task) as pool:
        spec = dict(given.squares(1)[0].spec)
        pool.submit(1, [spec], "")
        assert [one.kind for one in pool.collect(PATIENCE_SECONDS)] == ["done"]
        (worker,) = pool._pool._idle
        worker._process.kill()
        worker._process.join()
        for number in (2, 3):
            pool.submit(number, [spec], "")
            assert {one.kind for one in pool.collect(PATIENCE_SECONDS)} <= {"done", "died"}
        pool.submit(4, [spec], "")
        assert [one.kind for one in pool.collect(PATIENCE_SECONDS)] == ["done"]


def start(tmp_path: Path, n: int, **how) -> subprocess.Popen:
    """A runner with two workers."""
    (tmp_path / "notes").mkdir(exist_ok=True)
    arguments = [str(tmp_path / "results.sqlite"), str(n), str(tmp_path / "notes"), "local", "2"]
    return subprocess.Popen([sys.executable, "-W", "error", given.__file__, *arguments], text=True, **how)


def test_a_runner_that_is_killed_leaves_its_jobs_to_the_other_and_none_is_done_twice(tmp_path):
    notes = tmp_path / "notes"
    given.let_end(notes, *range(4))
    runners = [start(tmp_path, 14, stdout=subprocess.PIPE) for _ in range(2)]
    wait_until(lambda: len(given.noted(notes, "ended")) == 4 and len(given.noted(notes, "begun")) == 8)
    runners[0].kill()
    given.let_end(notes)
    for runner in runners:
        runner.communicate()
    numbers = Counter(int(mark.split("-")[0]) for mark in given.noted(notes, "ended"))
    assert set(numbers) == set(range(14))
    with Store(tmp_path / "results.sqlite") as store:
        jobs = given.noting(14, str(notes))
        assert len(store.finished([job.id for job in jobs])) == 14
        once = [n for n, job in enumerate(jobs) if store.attempts(job.id) == 1]
        assert len(once) >= 12  # two were under way in the runner that was killed
        assert all(numbers[n] == 1 for n in once)


@pytest.mark.parametrize("moment", ["the store is made", "workers have begun", "three have ended"])
def test_ctrl_c_at_any_moment_tells_one_thing_and_leaves_no_process(tmp_path, moment):
    notes = tmp_path / "notes"
    if moment == "three have ended":
        given.let_end(notes, 0, 1, 2)
    ours, theirs = pty.openpty()
    runner = start(tmp_path, 30, stdout=theirs, stderr=theirs, stdin=theirs, start_new_session=True)
    os.close(theirs)
    happened = {
        "the store is made": (tmp_path / "results.sqlite").exists,
        "workers have begun": lambda: given.noted(notes, "begun"),
        "three have ended": lambda: len(given.noted(notes, "begun")) == 5,
    }
    wait_until(happened[moment])
    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does: to the runner and all its workers
    runner.wait()
    told = b""
    try:
        while block := os.read(ours, 65536):
            told += block
    except OSError:
        pass  # the end, on Linux
    os.close(ours)
    text = told.decode()
    if moment != "the store is made":
        assert "of 30 jobs are finished and kept" in text
        assert "Traceback" not in text, text
    assert "_serve" not in text
    assert "spawn_main" not in text
    wait_until(lambda: not alive_in_group(runner.pid))


def alive_in_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_number_that_went_to_another_process_is_not_its_runner(monkeypatch):
    mine = stores.owner_name()
    assert stores.is_gone(mine) is False
    if sys.platform == "linux":
        machine, number, began, rest = mine.split("|")
        assert stores.is_gone(f"{machine}|{number}|{int(began) - 1}|{rest}") is True
    assert stores.is_gone("elsewhere|1|1|x") is None
    assert stores.is_gone("") is None


def test_a_runner_that_lives_keeps_its_lease_though_it_slept(tmp_path, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("when a process began is known on Linux")
    with Store(tmp_path / "s.sqlite") as store:
        store.lease(["a"], stores.owner_name())
        store.lease(["b"], "elsewhere|1|1|x")
        later = time.time() + 3600
        monkeypatch.setattr(stores.time, "time", lambda: later)
        assert store.lease(["a", "b"], "another") == ["b"]
        monkeypatch.setattr(stores.time, "time", lambda: later - 7200)  # and the clock is set back
        assert store.lease(["b"], "a third") == ["b"]
