"""What every test gets: a ledger and a cache of its own, so that no test touches the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("HELDOUT_LEDGER", str(tmp_path_factory.mktemp("ledger") / "ledger.sqlite"))
    if "HELDOUT_CACHE" not in os.environ:
        monkeypatch.setenv("HELDOUT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def real_data() -> Path:
    """The folder of real data (MNIST, CIFAR-10), where the machine has one."""
    folder = os.environ.get("HELDOUT_MIRROR", "")
    if not folder or not Path(folder).is_dir():  # Path("") is the folder we are in
        pytest.skip("HELDOUT_MIRROR names no folder of real data")
    return Path(folder)
