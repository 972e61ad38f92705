"""Options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json``, ``--quiet`` and ``--debug``."""
    for option in (
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
        click.option("--quiet", "-q", is_flag=True, help="Print only the result, no progress."),
        click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON document on stdout, everything else on stderr."
        ),
    ):
        command = option(command)
    return command


def mirror(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--mirror``."""
    return click.option(
        "--mirror",
        metavar="DIR|URL",
        envvar="HELDOUT_MIRROR",
        help="Folder or URL to read named datasets from, instead of their public addresses (or set HELDOUT_MIRROR).",
    )(command)
