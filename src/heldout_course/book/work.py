"""The work of a worker that knows the course's procedures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def register() -> None:
    """Fill the table of procedures from all modules of `heldout_course.procedures`."""
    import heldout_course.procedures as package

    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


def run_task(specs: Sequence[Mapping[str, Any]], checkpoints: str) -> list[tuple[dict[str, Any], float]]:
    """`heldout_course.experiments.tasks.run_task`, with the course's procedures registered."""
    from heldout_course.experiments import tasks

    register()
    return tasks.run_task(specs, checkpoints)
