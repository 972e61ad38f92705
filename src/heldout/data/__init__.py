"""What a dataset is, and where it comes from: tables, folders of files, named datasets."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Dataset", "fetch"]

_HOMES = {
    "Dataset": "heldout.data.dataset",
    "fetch": "heldout.data.named_loading",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that naming the room costs nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'heldout.data' has no attribute {name!r}")
