"""Where heldout keeps what it downloaded or decoded; all of it may be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """A folder below the cache: ``HELDOUT_CACHE``, or the user's cache directory. It may not exist yet."""
    root = os.environ.get("HELDOUT_CACHE")
    if root:
        return Path(root, *parts)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("heldout"), *parts)
