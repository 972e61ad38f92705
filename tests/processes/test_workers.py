import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from heldout.errors import TrainingError
from heldout.processes.workers import SHARE_ABOVE_BYTES, OutOfTimeError, Workers
from heldout.select.fitting import Rows

ROWS = Rows("images", np.arange(12, dtype=np.uint8).reshape(4, 3, 1, 1), np.array([0, 1, 0, 1]))


def total(data, extra):
    return int(data.x.sum()) + extra


def never_end(data):
    threading.Event().wait()


def fail(data):
    raise ValueError("no such luck")


def die(data):
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(data, mark):
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def threads(data):
    from threadpoolctl import threadpool_info

    return max((pool["num_threads"] for pool in threadpool_info()), default=0)


def test_results_come_in_the_order_of_the_tasks():
    seen = []
    with Workers(ROWS, 2) as workers:
        results = workers.run([(total, (n,)) for n in range(7)], on_done=lambda i, value: seen.append(i))
    assert results == [66 + n for n in range(7)]
    assert sorted(seen) == list(range(7))


def test_an_error_in_a_task_is_a_training_error_that_names_it():
    with Workers(ROWS, 1) as workers, pytest.raises(TrainingError, match="ValueError: no such luck"):
        workers.run([(fail, ())])


def test_a_worker_that_dies_twice_is_named_with_its_signal():
    with Workers(ROWS, 1) as workers, pytest.raises(TrainingError, match="SIGKILL"):
        workers.run([(die, ())])


def test_a_task_whose_worker_died_once_is_done_again(tmp_path):
    with Workers(ROWS, 1) as workers:
        assert workers.run([(die_once, (tmp_path / "mark",))]) == ["alive"]


def test_a_deadline_ends_running_tasks_at_once():
    deadline = time.monotonic() + 1.5
    with Workers(ROWS, 2) as workers, pytest.raises(OutOfTimeError):
        workers.run([(never_end, ()), (never_end, ())], deadline=lambda done: deadline)


def test_workers_can_be_used_again_after_a_failure():
    with Workers(ROWS, 1) as workers:
        with pytest.raises(TrainingError):
            workers.run([(fail, ())])
        assert workers.run([(total, (0,))]) == [66]


def test_large_arrays_are_shared_and_arrive_whole():
    x = np.zeros((SHARE_ABOVE_BYTES // 100 + 1, 10, 10, 1), np.uint8)
    x[-1] = 1
    with Workers(Rows("images", x, np.zeros(len(x), int)), 1) as workers:
        assert workers.run([(total, (0,))]) == [100]


def test_a_worker_has_the_threads_that_it_is_given():
    with Workers(ROWS, 1, threads=1) as workers:
        assert workers.run([(threads, ())]) == [1]


def test_a_script_without_a_main_guard_survives(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\n"
        "from heldout.select.fitting import Rows\n"
        "from heldout.processes.workers import Workers\n"
        "print('once')\n"
        "with Workers(Rows('images', np.ones((2, 1, 1, 1), np.uint8), np.array([0, 1])), 1) as workers:\n"
        "    print(workers.run([(max, (3,))] if False else []))\n"
        "    from heldout.select.fitting import fit_final\n"
        "    from sklearn.dummy import DummyClassifier\n"
        "    from sklearn.pipeline import make_pipeline\n"
        "    from heldout.prepare.images import FlattenPixels\n"
        "    e = make_pipeline(FlattenPixels(), DummyClassifier())\n"
        "    print(type(workers.run([(fit_final, (e, np.arange(2)))])[0][0]).__name__)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert done.stdout.split() == ["once", "[]", "Pipeline"], done.stderr
