"""What a result depends on besides data and settings: versions, machine, threads."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import heldout
from heldout.processes.cores import n_cores

_PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "pillow", "torch", "safetensors")


def environment() -> dict[str, Any]:
    """Versions of everything that computes, the machine, and how work is cut (plain JSON)."""
    versions: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return {
        "heldout": heldout.__version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "machine": platform.machine(),
        "cores": n_cores(),
        "threads_per_fold": 1,
        "memory_layout": "C",
        "versions": versions,
    }
