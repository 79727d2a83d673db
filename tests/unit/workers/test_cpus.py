from pathlib import Path

import pytest

from waypost.workers.cpus import cpu_share, worker_count


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "cg").mkdir()
    return tmp_path


def share(machine: Path) -> float:
    return cpu_share(machine / "proc", machine / "cg")


def test_a_machine_without_quota_counts_its_cores(machine: Path) -> None:
    assert share(machine) >= 1


def test_the_tightest_quota_on_the_way_up_counts_in_cgroup_v2(machine: Path) -> None:
    (machine / "proc/self/cgroup").write_text("0::/pod/app\n")
    (machine / "cg/pod/app").mkdir(parents=True)
    (machine / "cg/pod/app/cpu.max").write_text("max 100000\n")
    (machine / "cg/pod/cpu.max").write_text("50000 100000\n")
    assert share(machine) == 0.5


def test_the_quota_counts_in_cgroup_v1(machine: Path) -> None:
    (machine / "proc/self/cgroup").write_text("4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n")
    folder = machine / "cg/cpu,cpuacct"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text("75000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert share(machine) == 0.75


def test_no_quota_is_not_a_quota_of_minus_one(machine: Path) -> None:
    (machine / "cg/cpu").mkdir()
    (machine / "cg/cpu/cpu.cfs_quota_us").write_text("-1\n")
    (machine / "cg/cpu/cpu.cfs_period_us").write_text("100000\n")
    assert share(machine) >= 1


@pytest.mark.parametrize(("cpus", "workers"), [(0.5, 1), (1.0, 1), (1.9, 1), (4.0, 4)])
def test_there_is_a_worker_for_each_whole_cpu(cpus: float, workers: int) -> None:
    assert worker_count(cpus) == workers
