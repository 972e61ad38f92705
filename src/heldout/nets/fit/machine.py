"""The device, the threads and the precision that a training runs with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from heldout.errors import SettingError

DTYPES = {"float32": torch.float32, "float64": torch.float64, "mixed": torch.float32}


def find_device(name: str) -> torch.device:
    """Device by name; ``auto`` is a CUDA device if there is one, else Apple's, else the CPU.

    Raises
    ------
    SettingError
        If it is not there.
    """
    has_mps = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    kind, _, number = str(name).partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise SettingError(f"device={name!r}: unknown", fix="device='auto', 'cpu', 'cuda', 'cuda:1' or 'mps'")
    n_cuda = torch.cuda.device_count() if kind == "cuda" else 0
    if (kind == "cuda" and int(number or 0) >= n_cuda) or (kind == "mps" and not has_mps):
        found = f"PyTorch sees {n_cuda} CUDA devices" if kind == "cuda" else "PyTorch sees no Apple GPU"
        raise SettingError(f"device={name!r} is not there: {found}", fix="device='auto' or device='cpu'")
    return torch.device(name)


def sum_dtype(device: torch.device) -> Any:
    """Type of sums over many rows: float64, which Apple's GPU does not have."""
    return torch.float32 if device.type == "mps" else torch.float64


def total_memory(device: torch.device) -> int:
    """Bytes of memory of a device, whoever uses them."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 4 * 2**30  # a modest machine, where the system does not say


@contextmanager
def use_threads(n: int | None) -> Iterator[int]:
    """Let PyTorch compute with this many threads within the block (None: as it is); yields the number."""
    before = torch.get_num_threads()
    wanted = before if n is None else n
    try:
        if wanted != before:
            torch.set_num_threads(wanted)
        yield wanted
    finally:
        if wanted != before:
            torch.set_num_threads(before)


def describe(device: torch.device, threads: int) -> dict[str, Any]:
    """What a reader needs to repeat the bits: device, threads, version."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {"device": name, "threads": threads, "torch": torch.__version__, "capability": _capability()}


def _capability() -> str:
    return str(torch.backends.cpu.get_cpu_capability())
