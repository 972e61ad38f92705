import math
import os

import pytest

from heldout.processes import cores


@pytest.mark.parametrize(
    ("content", "expected"),
    [("200000 100000\n", 2.0), ("50000 100000\n", 0.5), ("max 100000\n", math.inf), ("", math.inf)],
)
def test_the_quota_of_a_container_is_read(tmp_path, content, expected):
    (tmp_path / "cpu.max").write_text(content)
    assert cores.cpu_quota(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("150000", 1.5), ("-1", math.inf)])
def test_the_quota_in_the_files_of_the_first_version(tmp_path, quota, expected):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert cores.cpu_quota(tmp_path) == expected


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert cores.cpu_quota(tmp_path) == math.inf


def test_a_quota_below_one_core_still_gives_one(tmp_path, monkeypatch):
    (tmp_path / "cpu.max").write_text("20000 100000")
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    assert cores.n_cores() == 1


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="affinity is known on Linux")
def test_cores_that_the_process_may_not_use_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert cores.n_cores() == 1
