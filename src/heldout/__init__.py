"""From labelled data to a classifier you can trust.

Names are loaded on first use, so that ``import heldout`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from heldout.processes.threads import wait_briefly

__version__ = "0.2.0.dev0"

_HOMES = {
    "Dataset": "heldout.data.dataset",
    "Net": "heldout.nets.net",
    "NetClassifier": "heldout.nets.classifier",
    "Run": "heldout.job.run",
    "compare": "heldout.evaluate.comparison",
    "confusion": "heldout.evaluate.confusion",
    "load": "heldout.kinds.loading",
    "metrics": "heldout.evaluate.metrics",
    "open_run": "heldout.job.run",
    "train": "heldout.job.run",
}

__all__ = [
    "Dataset",
    "Net",
    "NetClassifier",
    "Run",
    "__version__",
    "compare",
    "confusion",
    "load",
    "metrics",
    "open_run",
]
__all__ += ["train"]


wait_briefly()  # before a library that computes on several threads is loaded


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'heldout' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
