"""Plain progress lines on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from heldout.cli.words import visible


def counting() -> Callable[[int, int, str], None]:
    """A listener that prints ``what: 3 of 7``, at most once a second."""
    shown = time.monotonic()

    def show(done: int, total: int, what: str) -> None:
        nonlocal shown
        if time.monotonic() - shown > 1:
            shown = time.monotonic()
            print(visible(f"{what}: {done:,} of {total:,}"), file=sys.stderr, flush=True)

    return show
