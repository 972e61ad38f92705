"""Wait for what happens, and never for a number of seconds: a busy machine takes ten times as long."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PATIENCE_SECONDS = 1800.0
"""Only against hanging for ever."""

T = TypeVar("T")


def wait_until(true: Callable[[], T], what: str = "it") -> T:
    """The first answer that is true."""
    began = time.monotonic()
    while not (answer := true()):
        assert time.monotonic() - began < PATIENCE_SECONDS, f"{what} did not happen"
        time.sleep(0.02)
    return answer


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that ended and was not waited for does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    try:
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:  # it ended while we looked
        return False
