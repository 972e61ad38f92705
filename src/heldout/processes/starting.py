"""Start a process that never hears Ctrl-C, does not run the user's script again, and loads nothing from the folder."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any


def start_process(
    target: Callable[..., None], *arguments: Any, preload: Sequence[str] = ()
) -> tuple[Connection, multiprocessing.process.BaseProcess]:
    """Run ``target(connection, *arguments)`` in a new process; the parent's end of the pipe, and the process."""
    context = _context(preload)
    here, there = context.Pipe()
    process = context.Process(target=target, args=(there, *arguments), daemon=True)
    with ExitStack() as stack:
        for guard in (_ctrl_c_later, _no_ctrl_c_there, _without_main_module, _without_current_folder):
            stack.enter_context(guard())
        process.start()
    there.close()
    return here, process


def _context(preload: Sequence[str]) -> Any:
    """Fork from a clean server that has the modules loaded, quick and safe beside threads; elsewhere begin anew.

    A server is of no use to workers that need little, and macOS' own libraries do not survive a fork.
    """
    if not preload or sys.platform != "linux" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Ctrl-C within the block counts at its end: a process that is half started would be nobody's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # ignored, or not Python's
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        before(*pressed[0])


@contextmanager
def _no_ctrl_c_there() -> Iterator[None]:
    """A process that is started here never hears Ctrl-C, not even while it loads Python."""
    if sys.platform == "win32":
        import ctypes

        ignore = ctypes.windll.kernel32.SetConsoleCtrlHandler  # a process that is started takes this setting over
        ignore(None, True)
        try:
            yield
        finally:
            ignore(None, False)
        return
    resource_tracker.ensure_running()  # when it starts later, it lets Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep a worker from running the user's script again, which a script without a main guard does not survive."""
    main = sys.modules["__main__"]
    kept: dict[str, Any] = {name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__}
    main.__spec__ = None
    try:
        yield
    finally:
        main.__dict__.update(kept)


@contextmanager
def _without_current_folder() -> Iterator[None]:
    """Keep Python from importing files that lie in the user's folder and have the name of a standard module."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
