"""The pool of worker processes: order, errors, death, silence, stopping, Ctrl-C, threads, shared arrays."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from heldout.errors import SettingError, TrainingError
from heldout.processes import pool as pools
from heldout.processes import starting
from heldout.processes.pool import How, OutOfTimeError, Pool, StoppedError, Task
from heldout.processes.sharing import SHARE_ABOVE_BYTES, SharedArray, open_shared, share
from heldout.processes.worker import report, stopping
from waiting import is_alive, wait_until


@dataclass(frozen=True)
class Numbers:
    """What tasks share."""

    x: np.ndarray
    name: str = "x"


def total(data, extra):
    return int(data.x.sum()) + extra


def fail():
    raise ValueError("no such luck")


def refuse():
    raise SettingError("lr is 0", where="net", fix="lr=0.1")


def die():
    print("last words", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(mark):
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def never_end():
    threading.Event().wait()


def say_that_it_began_and_never_end():
    report(os.getpid())
    never_end()


def count_until_told_to_stop(mark):
    report("begun")
    while not stopping():
        time.sleep(0.01)
    mark.write_text("ended in order")


def a_function_cannot_be_sent():
    return lambda: None


def threads():
    from threadpoolctl import threadpool_info

    return {pool["user_api"]: pool["num_threads"] for pool in threadpool_info()} | {"": os.environ["OMP_NUM_THREADS"]}


def process_number():
    return os.getpid()


def variable(name):
    return os.environ.get(name)


@pytest.fixture(params=["forked from a server", "begun anew"])
def preload(request):
    """Modules to load: with them workers are forked (on Linux), without they are begun anew as on other systems."""
    return ("heldout.processes.preload",) if request.param == "forked from a server" else ()


def test_results_come_in_the_order_of_the_tasks(preload):
    seen = []
    with Pool(2, shared=[Numbers(np.arange(12))], preload=preload) as pool:
        results = pool.run([Task(total, (n,)) for n in range(7)], on_done=lambda i, value: seen.append(i))
    assert results == [66 + n for n in range(7)]
    assert sorted(seen) == list(range(7))


def test_a_stream_of_tasks_is_made_as_it_is_needed_and_comes_in_order():
    made = []

    def tasks():
        for n in range(40):
            made.append(n)
            yield Task(total, (n,))

    with Pool(2, shared=[Numbers(np.arange(12))]) as pool:
        results = pool.stream(tasks())
        assert next(results) == 66
        assert len(made) <= 9
        assert list(results) == [66 + n for n in range(1, 40)]


def test_an_error_in_a_task_is_a_training_error_that_names_it():
    with Pool(1) as pool, pytest.raises(TrainingError, match=r"fold 3: ValueError: no such luck \(test_pool.py:\d+\)"):
        pool.run([Task(fail, name="fold 3")])


def test_an_error_of_ours_keeps_class_cause_place_and_remedy():
    with Pool(1) as pool, pytest.raises(SettingError, match="lr is 0") as caught:
        pool.run([Task(refuse)])
    assert (caught.value.what, caught.value.where, caught.value.fix) == ("lr is 0", "net", "lr=0.1")


def test_a_result_that_cannot_be_sent_is_an_error_and_the_worker_lives_on():
    with Pool(1) as pool:
        with pytest.raises(TrainingError, match="a_function_cannot_be_sent"):
            pool.run([Task(a_function_cannot_be_sent)])
        assert isinstance(pool.run([Task(process_number)])[0], int)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_worker_that_dies_twice_is_named_with_its_signal_and_its_last_words(preload):
    with Pool(1, preload=preload) as pool, pytest.raises(TrainingError, match=r"SIGKILL.*last words") as caught:
        pool.run([Task(die, name="fold 1")])
    assert caught.value.where == "fold 1"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_task_whose_worker_died_once_is_done_again(tmp_path, preload):
    with Pool(1, preload=preload) as pool:
        assert pool.run([Task(die_once, (tmp_path / "mark",))]) == ["alive"]
        assert list(pool.stream([Task(die_once, (tmp_path / "other",))])) == ["alive"]


def test_a_deadline_ends_running_tasks_at_once():
    deadline = time.monotonic() + 1.0
    with Pool(2) as pool, pytest.raises(OutOfTimeError):
        pool.run([Task(never_end), Task(never_end)], deadline=lambda done: deadline)


def test_a_worker_that_hangs_is_named_and_ended(monkeypatch):
    found = []
    with (
        Pool(1) as pool,
        pytest.raises(TrainingError, match=r"no sign of life for 0 s, at the second attempt"),
    ):
        pool.run([Task(say_that_it_began_and_never_end, silence=0.2)], on_report=lambda n, pid: found.append(pid))
    wait_until(lambda: not any(map(is_alive, found)))


def test_a_worker_that_only_computes_for_long_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(pools, "SILENCE_SECONDS", 0.0)
    with Pool(1) as pool:
        pool.submit(1, Task(never_end))
        wait_until(lambda: pool.collect(0.1))  # taken to hang: its sign comes later than at once
    monkeypatch.setattr(pools, "SILENCE_SECONDS", 600.0)
    with Pool(1) as pool:
        pool.submit(1, Task(never_end))
        worker = pool._busy[1]
        began = worker._heard
        wait_until(lambda: not pool.collect(0.1) and worker._heard > began)


def test_workers_can_be_used_again_after_a_failure():
    with Pool(1) as pool:
        (before,) = pool.run([Task(process_number)])
        with pytest.raises(TrainingError, match="no such luck"):
            pool.run([Task(fail)])
        assert pool.run([Task(process_number)]) == [before]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_worker_that_was_killed_while_idle_is_replaced():
    with Pool(1) as pool:
        (number,) = pool.run([Task(process_number)])
        os.kill(number, signal.SIGKILL)
        wait_until(lambda: not is_alive(number))
        assert pool.run([Task(process_number)]) != [number]


def test_stopping_lets_tasks_end_in_order(tmp_path):
    begun = []
    with Pool(1) as pool, pytest.raises(StoppedError):
        pool.run(
            [Task(count_until_told_to_stop, (tmp_path / "mark",))],
            on_report=lambda number, word: begun.append(word),
            should_stop=lambda: bool(begun),
            grace=600.0,
        )
    assert (tmp_path / "mark").read_text() == "ended in order"


def test_ctrl_c_is_for_the_parent_alone(preload):
    found = []

    def press(number, pid):
        found.append(pid)
        signal.raise_signal(signal.SIGINT)

    with Pool(1, preload=preload) as pool, pytest.raises(KeyboardInterrupt):
        pool.run([Task(say_that_it_began_and_never_end)], on_report=press)
    wait_until(lambda: not is_alive(found[0]))


def test_tasks_one_by_one_with_keys():
    with Pool(1, shared=[Numbers(np.arange(12))]) as pool:
        assert pool.has_room
        pool.submit("a", Task(total, (1,)))
        assert not pool.has_room
        (ended,) = wait_until(lambda: pool.collect(1.0))
        assert (ended.key, ended.how, ended.value) == ("a", How.DONE, 67)
        pool.submit("b", Task(total, ("x",)))
        (ended,) = wait_until(lambda: pool.collect(1.0))
        assert (ended.key, ended.how, ended.value.kind) == ("b", How.FAILED, "TypeError")


def test_a_worker_has_the_threads_that_it_is_given(preload):
    with Pool(1, threads=1, openmp=2, preload=preload) as pool:
        (found,) = pool.run([Task(threads)])
    assert found.pop("") == "1"
    assert found.get("blas", 1) == 1
    assert found.get("openmp", 2) == 2


def test_a_worker_has_the_variables_of_now(monkeypatch, preload):
    with Pool(1, preload=preload) as pool:
        pool.run([Task(process_number)])
    monkeypatch.setenv("HELDOUT_TEST_OF_NOW", "later than the server")
    with Pool(1, preload=preload) as pool:
        assert pool.run([Task(variable, ("HELDOUT_TEST_OF_NOW",))]) == ["later than the server"]
        assert pool.run([Task(variable, ("PYTHONSAFEPATH",))]) == [None]


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_are_shared_and_arrive_whole_in_their_order(order, tmp_path, preload):
    x = np.zeros((SHARE_ABOVE_BYTES // 80 + 1, 10), order=order)
    x[-1] = 1
    reference = share(Numbers(x), tmp_path).x
    assert isinstance(reference, SharedArray)
    back = reference.open()
    assert np.array_equal(back, x)
    assert back.flags.f_contiguous == (order == "F")
    with Pool(1, shared=[Numbers(x)], preload=preload) as pool:
        assert pool.run([Task(total, (0,))]) == [10]


def test_a_memory_mapped_array_is_named_where_it_lies(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(10**6, dtype=np.int64).reshape(-1, 4))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    shared = share(Numbers(mapped[2:]), tmp_path)
    assert shared.x.path == tmp_path / "x.npy"
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]
    assert np.array_equal(open_shared(shared).x, mapped[2:])
    assert open_shared(shared).name == "x"


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
print("once")
from heldout.processes.pool import Pool, Task
from test_pool import process_number
with Pool(1, preload={preload!r}) as pool:
    print(type(pool.run([Task(process_number)])[0]).__name__)
"""


def test_a_script_without_a_main_guard_survives(tmp_path, preload):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=os.path.dirname(__file__), preload=preload))  # noqa: PTH120
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=env)
    assert done.stdout.split() == ["once", "int"], done.stderr


def test_a_file_in_the_folder_with_the_name_of_a_standard_module_is_not_run(tmp_path, monkeypatch, preload):
    (tmp_path / "socket.py").write_text("raise SystemExit('the folder has been run')")
    monkeypatch.chdir(tmp_path)
    with Pool(1, preload=preload) as pool:
        assert pool.run([Task(variable, ("HELDOUT_NOTHING",))]) == [None]


def test_ctrl_c_while_a_process_starts_counts_when_it_has_started(monkeypatch):
    presses = []

    @contextmanager
    def press():
        signal.raise_signal(signal.SIGINT)
        presses.append("went on")
        yield
        presses.append("started")

    monkeypatch.setattr(starting, "_without_current_folder", press)
    with Pool(1) as pool, pytest.raises(KeyboardInterrupt):
        pool.run([Task(never_end)])
    assert presses == ["went on", "started"]


ORPHAN = """
import sys
sys.path.insert(0, sys.argv[1])
from heldout.processes.pool import Pool, Task
from test_pool import say_that_it_began_and_never_end
with Pool(1) as pool:
    pool.run([Task(say_that_it_began_and_never_end)], on_report=lambda n, pid: print(pid, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent_however_that_ends(how):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ORPHAN, os.path.dirname(__file__)]  # noqa: PTH120
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as parent:
        worker = int(parent.stdout.readline())
        parent.send_signal(how)
        noise = parent.stderr.read()
    wait_until(lambda: not is_alive(worker))
    assert "never_end" not in noise.replace("say_that_it_began_and_never_end)]", "")
