"""How many processes can compute at the same time."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def n_cores() -> int:
    """Cores that this process may use: of its affinity, and of the quota of its container if that is less."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, cpu_quota(CGROUP))))


def cpu_quota(folder: Path) -> float:
    """Cores that the container's control group grants, in either version of Linux' files; infinite without a limit."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return math.inf
    if not (quota.isdigit() and period.isdigit() and int(quota) and int(period)):
        return math.inf  # "max", or -1
    return int(quota) / int(period)
