"""The work of a worker that knows the course's procedures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

PROCEDURES = ("counts", "mnist", "nets")
"""Modules of `heldout.book.procedures`; a new one is added here."""


def register() -> None:
    """Fill the table of procedures."""
    for name in PROCEDURES:
        import_module(f"heldout.book.procedures.{name}")


def run_task(specs: Sequence[Mapping[str, Any]], checkpoints: str) -> list[tuple[dict[str, Any], float]]:
    """`heldout.experiments.tasks.run_task`, with the course's procedures registered."""
    from heldout.experiments import tasks

    register()
    return tasks.run_task(specs, checkpoints)
