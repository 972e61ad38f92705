"""Jobs in worker processes of one thread each.

A worker is ``python -m heldout.nets.fit.worker`` and reads the rows from memory-mapped files, so that nothing large
passes through a pipe and a caller's main script is never imported again. Its standard input stays open as long as the
parent lives: a worker whose parent is gone ends itself.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from heldout.errors import TrainingError
from heldout.nets.fit.loop import TrainingStopped
from heldout.nets.fit.planner import Data, Machine
from heldout.nets.settings import Job, Progress, Trained

#: Seconds between two looks at `should_stop` while waiting.
POLL_SECONDS = 0.1
#: Seconds without a word after which a worker is given up (it reports every half second while it trains).
SILENCE_SECONDS = 600.0


def train_in_processes(
    data: Data,
    jobs: Sequence[Job],
    *,
    n_classes: int,
    n_workers: int,
    machine: Machine | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Trained]:
    """Train every job alone on one thread, `n_workers` at a time; results in the order of the jobs.

    The numbers do not depend on `n_workers`.

    Raises
    ------
    TrainingError
        If a worker dies, with the end of what it wrote.
    TrainingStopped
        If `should_stop` said so.
    """
    with tempfile.TemporaryDirectory(prefix="heldout-", ignore_cleanup_errors=True) as folder:
        pool = _Pool(Path(folder), data, jobs, n_classes, n_workers, machine)
        try:
            pool.work(progress, should_stop)
            return [_read_result(Path(folder), number, pool.replies[number]) for number in range(len(jobs))]
        finally:
            pool.end()


class _Pool:
    def __init__(
        self, folder: Path, data: Data, jobs: Sequence[Job], n_classes: int, n_workers: int, machine: Machine | None
    ) -> None:
        self.folder, self.jobs = folder, jobs
        self.words: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
        self.waiting = list(range(len(jobs)))
        self.at_work: dict[int, int] = {}
        self.replies: dict[int, dict[str, Any]] = {}
        self.events: dict[int, dict[str, Any]] = {}
        arrays = {name: _share(folder, name, array) for name, array in vars(data).items() if array is not None}
        self.header: dict[str, Any] = {"arrays": arrays, "n_classes": n_classes, "checkpoint": None}
        if machine is not None and machine.checkpoint is not None:
            self.header["checkpoint"] = [str(Path(machine.checkpoint).absolute()), machine.checkpoint_seconds]
        self.workers = [self._start(number) for number in range(n_workers)]
        self.heard = [time.monotonic()] * n_workers

    def _start(self, number: int) -> subprocess.Popen[str]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with (self.folder / f"errors{number}.txt").open("wb") as errors:
            worker = subprocess.Popen(
                [sys.executable, "-m", "heldout.nets.fit.worker", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                env=environment,
            )
        threading.Thread(target=self._listen, args=(number, worker), daemon=True).start()
        return worker

    def _listen(self, number: int, worker: subprocess.Popen[str]) -> None:
        """Put each line of a worker into the queue, and None when it ends."""
        assert worker.stdout is not None
        for line in worker.stdout:
            self.words.put((number, json.loads(line)))
        self.words.put((number, None))

    def work(self, progress: Progress | None, should_stop: Callable[[], bool] | None) -> None:
        began = time.monotonic()
        for number in range(len(self.workers)):
            self._say(number, self.header)
            self._give_job(number)
        while len(self.replies) < len(self.jobs):
            if should_stop is not None and should_stop():
                raise TrainingStopped("the training was stopped", fix="start it again, or give it more time")
            try:
                number, word = self.words.get(timeout=POLL_SECONDS)
            except queue.Empty:
                self._check_silence()
                continue
            self.heard[number] = time.monotonic()
            if word is None:
                self._explain_death(number)
            elif word["kind"] == "done":
                self.replies[self.at_work.pop(number)] = word
                self._give_job(number)
            elif word["kind"] == "refused":
                raise TrainingError(word["what"], where="a worker process")
            elif progress is not None:
                self.events[self.at_work[number]] = word["event"]
                progress(self._sum(word["event"], began))

    def _give_job(self, worker: int) -> None:
        if not self.waiting:
            return
        number = self.at_work[worker] = self.waiting.pop(0)
        self._say(worker, _write_job(self.folder, number, self.jobs[number]))

    def _say(self, worker: int, word: dict[str, Any]) -> None:
        stream = self.workers[worker].stdin
        assert stream is not None
        try:
            stream.write(json.dumps(word) + "\n")
            stream.flush()
        except (BrokenPipeError, OSError):
            self._explain_death(worker)

    def _check_silence(self) -> None:
        now = time.monotonic()
        for worker in self.at_work:
            if now - self.heard[worker] > SILENCE_SECONDS:
                silence = f"said nothing for {SILENCE_SECONDS:.0f} s"
                raise TrainingError(
                    f"a worker process {silence} while training job {self.at_work[worker]}",
                    fix="threads=1 trains without worker processes",
                )

    def _explain_death(self, worker: int) -> None:
        """Nothing more comes from a worker: an error, unless it had nothing left to do."""
        if worker not in self.at_work:
            return
        code = self.workers[worker].wait(timeout=10)
        text = (self.folder / f"errors{worker}.txt").read_text(encoding="utf-8", errors="replace").strip()
        reason = "was killed (out of memory?)" if code == -9 else f"ended with exit code {code}"
        last = f": {text.splitlines()[-1]}" if text else ""
        raise TrainingError(
            f"a worker process {reason} while training job {self.at_work[worker]}{last}",
            fix="a smaller batch or net, or threads=1, which trains without worker processes",
        )

    def _sum(self, event: dict[str, Any], began: float) -> dict[str, Any]:
        """Progress of all jobs together."""
        steps = event["steps"]
        current = {n: e["step"] for n, e in self.events.items() if n not in self.replies}
        done = len(self.replies) * steps + sum(current.values())
        total = len(self.jobs) * steps
        seconds = time.monotonic() - began
        left = seconds / max(1, done) * (total - done)
        return {
            **event,
            "step": done,
            "steps": total,
            "replicates": len(self.jobs),
            "seconds": seconds,
            "seconds_left": left,
        }

    def end(self) -> None:
        """End all workers at once; their files go with the folder."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
        for worker in self.workers:
            worker.wait()
            for stream in (worker.stdin, worker.stdout):
                if stream is not None:
                    _close(stream)


def _close(stream: Any) -> None:
    try:
        stream.close()
    except OSError:  # a pipe whose reader is gone, with something left to flush
        return


def _share(folder: Path, name: str, array: np.ndarray) -> dict[str, Any]:
    """Say where a worker finds an array: in its own file if it is memory-mapped whole, else in a copy."""
    base: Any = array
    while isinstance(base.base, np.ndarray):  # a view of a memmap repeats the offset of the whole: go to the root
        base = base.base
    is_file = isinstance(base, np.memmap) and base.filename is not None and base.mode in ("r", "r+")
    if is_file and array.flags.c_contiguous:
        shift = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        offset = base.offset + shift
        if shift >= 0 and offset + array.nbytes <= Path(base.filename).stat().st_size:
            place = {"file": str(base.filename), "offset": offset}
            return {**place, "dtype": array.dtype.str, "shape": list(array.shape)}
    path = folder / f"{name}.npy"
    np.save(path, array, allow_pickle=False)
    return {"file": str(path)}


def _write_job(folder: Path, number: int, job: Job) -> dict[str, Any]:
    np.save(folder / f"rows{number}.npy", job.rows, allow_pickle=False)
    if job.validation is not None:
        np.save(folder / f"validation{number}.npy", job.validation, allow_pickle=False)
    if job.start is not None:
        save_file(
            {name: np.ascontiguousarray(a) for name, a in job.start.items()}, folder / f"start{number}.safetensors"
        )
    return {
        "job": number,
        "seed": job.seed,
        "settings": asdict(job.settings),
        "has_validation": job.validation is not None,
        "has_start": job.start is not None,
    }


def _read_result(folder: Path, number: int, reply: dict[str, Any]) -> Trained:
    arrays = load_file(folder / f"trained{number}.safetensors")
    return Trained(arrays, reply["history"], reply["failed"], 1, reply["checkpoint"])
