"""Many images at once: chunks of files are handed to worker processes that write pixels into one file.

Workers are plain subprocesses rather than `multiprocessing`: they need no ``if __name__ == "__main__"`` in the user's
script, never fork a process with threads, and a decoder that crashes takes one worker with it and is named.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import heldout
from heldout.data.decode_worker import Reader, decode_chunk, write_rows
from heldout.data.images import Form, MismatchError
from heldout.processes.cores import n_cores

Progress = Callable[[int, int, str], None]
Answer = dict[str, Any]  # see decode_worker.decode_chunk

_CHUNK = 256
_FEW = 256  # fewer files are decoded here, sooner than a process starts
_MAX_WORKERS = 16
_MAX_CHUNK_BYTES = 32 * 2**20


class DiskFullError(Exception):
    """The pixels could not be written; the message is the system's."""


@dataclass
class Decoded:
    """What became of each file.

    Attributes
    ----------
    sha256 : list of str
        Of each file's bytes; '' where it could not be read.
    bad : dict of int to str
        Position of each file that is no usable image, and why.
    """

    sha256: list[str]
    bad: dict[int, str] = field(default_factory=dict)


def n_workers() -> int:
    """Cores that this process may use, at most 16."""
    return min(_MAX_WORKERS, n_cores())


def decode_files(
    root: Path,
    names: Sequence[str],
    sizes: Sequence[int],
    form: Form,
    output: Path,
    offset: int,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Decoded:
    """Decode files into rows of uint8 in the file `output`, from byte `offset` on.

    Parameters
    ----------
    root : Path
        The folder that holds the files, or a zip file.
    names : sequence of str
        Paths below it.
    sizes : sequence of int
        Their sizes in bytes.
    form : Form
        What each image must be brought to.
    output : Path
        An existing file; row i is the image of ``names[i]`` (zeros where it is bad).
    progress : callable, optional
        Called with (files done, files in all, what).
    workers : int, optional
        Processes; default: one for each core, none for few files.

    Raises
    ------
    MismatchError
        If an image does not have the form's exact size, or is coloured in a grey form.
    DiskFullError
        If writing fails.
    """
    row_bytes = form.height * form.width * form.channels
    size = max(1, min(_CHUNK, _MAX_CHUNK_BYTES // row_bytes))
    chunks = [
        _Chunk(start, list(names[start : start + size]), list(sizes[start : start + size]))
        for start in range(0, len(names), size)
    ]
    if workers is None:
        workers = 0 if len(names) < _FEW or not sys.executable else n_workers()
    task = _Task(root, form, output, offset, len(names), progress)
    if workers == 0:
        _decode_here(task, chunks)
    else:
        _decode_apart(task, chunks, workers)
    return task.decoded


def decode_in_memory(
    root: Path,
    names: Sequence[str],
    sizes: Sequence[int],
    form: Form,
    rows: memoryview,
    progress: Progress | None,
) -> Decoded:
    """Decode files into memory, for want of a disk."""
    row_bytes = form.height * form.width * form.channels
    decoded = Decoded([""] * len(names))
    reader = Reader(os.fspath(root))
    try:
        for start in range(0, len(names), _CHUNK):
            end = min(start + _CHUNK, len(names))
            answer, pixels = decode_chunk(reader, list(names[start:end]), list(sizes[start:end]), form)
            if answer["mismatch"]:
                raise MismatchError(answer["mismatch"])
            rows[start * row_bytes : end * row_bytes] = b"".join(pixels)
            _note(decoded, start, answer)
            if progress is not None:
                progress(end, len(names), "images")
    finally:
        reader.close()
    return decoded


def _note(decoded: Decoded, start: int, answer: Answer) -> None:
    decoded.sha256[start : start + len(answer["sha256"])] = answer["sha256"]
    decoded.bad.update({start + int(position): reason for position, reason in answer["bad"].items()})


@dataclass(frozen=True)
class _Chunk:
    """Files that are handed to a worker together."""

    start: int
    names: list[str]
    sizes: list[int]

    def halves(self) -> list[_Chunk]:
        half = len(self.names) // 2
        return [
            _Chunk(self.start, self.names[:half], self.sizes[:half]),
            _Chunk(self.start + half, self.names[half:], self.sizes[half:]),
        ]


class _Task:
    """One call of `decode_files`, shared by its threads."""

    def __init__(
        self, root: Path, form: Form, output: Path, offset: int, n_files: int, progress: Progress | None
    ) -> None:
        self.root, self.form, self.output, self.offset = os.fspath(root), form, output, offset
        self.row_bytes = form.height * form.width * form.channels
        self.decoded = Decoded([""] * n_files)
        self._n_files, self._n_done, self._progress = n_files, 0, progress

    def take(self, chunk: _Chunk, answer: Answer) -> None:
        """Note an answer; raises what ends the task. Called by one thread only."""
        if answer["mismatch"]:
            raise MismatchError(answer["mismatch"])
        if answer.get("disk"):
            raise DiskFullError(answer["disk"])
        _note(self.decoded, chunk.start, answer)
        self._n_done += len(chunk.names)
        if self._progress is not None:
            self._progress(self._n_done, self._n_files, "images")


def _decode_here(task: _Task, chunks: list[_Chunk]) -> None:
    reader = Reader(task.root)
    try:
        with task.output.open("r+b") as output:
            for chunk in chunks:
                answer, rows = decode_chunk(reader, chunk.names, chunk.sizes, task.form)
                if not answer["mismatch"]:
                    answer["disk"] = write_rows(output, task.offset + task.row_bytes * chunk.start, rows)
                task.take(chunk, answer)
    finally:
        reader.close()


def _decode_apart(task: _Task, chunks: list[_Chunk], workers: int) -> None:
    """One thread for each worker process hands out chunks; this thread collects the answers."""
    waiting: queue.SimpleQueue[_Chunk] = queue.SimpleQueue()
    for chunk in chunks:
        waiting.put(chunk)
    answers: queue.SimpleQueue[tuple[_Chunk, Answer] | BaseException] = queue.SimpleQueue()
    stop = threading.Event()
    threads = [
        threading.Thread(target=_drive, args=(task, waiting, answers, stop), daemon=True)
        for _ in range(min(workers, len(chunks)))
    ]
    for thread in threads:
        thread.start()
    left = sum(len(chunk.names) for chunk in chunks)
    try:
        while left:
            item = answers.get()
            if isinstance(item, BaseException):
                raise item
            task.take(*item)
            left -= len(item[0].names)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _drive(
    task: _Task,
    waiting: queue.SimpleQueue[_Chunk],
    answers: queue.SimpleQueue[tuple[_Chunk, Answer] | BaseException],
    stop: threading.Event,
) -> None:
    """Feed one worker process, and a new one after each that dies."""
    worker: _Worker | None = None
    try:
        while not stop.is_set():
            try:
                pending = [waiting.get_nowait()]
            except queue.Empty:
                break
            while pending and not stop.is_set():
                chunk = pending.pop(0)
                worker = worker or _Worker(task)
                answer = worker.ask(chunk)
                if answer is not None:
                    answers.put((chunk, answer))
                    continue
                worker.close()
                worker = None
                if len(chunk.names) > 1:  # halve down to the file that kills the worker
                    pending = chunk.halves() + pending
                else:
                    reason = "the decoder crashed or hung on it"
                    answers.put((chunk, {"sha256": [""], "bad": {"0": reason}, "mismatch": None}))
    except BaseException as error:  # whatever it is, the collecting thread must hear of it
        answers.put(error)
    finally:
        if worker is not None:
            worker.close()


class _Worker:
    """A process that decodes; `ask` gives None when it has died or hangs."""

    def __init__(self, task: _Task) -> None:
        home = os.fspath(Path(heldout.__file__).parent.parent)
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "heldout.data.decode_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
            text=True,
            encoding="utf-8",
        )
        form = task.form
        job = {
            "root": task.root,
            "form": [form.height, form.width, form.channels, form.exact],
            "output": os.fspath(task.output),
            "offset": task.offset,
        }
        self._greeting = json.dumps(job) + "\n"

    def ask(self, chunk: _Chunk) -> Answer | None:
        """Have a chunk decoded, within 30 seconds and one more for each file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watchdog = threading.Timer(30.0 + len(chunk.names), self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._process.stdin.write(self._greeting + json.dumps(vars(chunk)) + "\n")
            self._process.stdin.flush()
            self._greeting = ""
            answer = self._process.stdout.readline()
            return json.loads(answer) if answer.endswith("\n") else None
        except OSError:
            return None
        finally:
            watchdog.cancel()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
