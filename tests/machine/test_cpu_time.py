import os
import subprocess
import sys

import pytest

from edgeseg.machine.cpu_time import CpuTime, read_cpu_time
from edgeseg.machine.kernel_files import usable_cpus

# user nice system idle iowait irq softirq steal guest guest_nice, in ticks
STAT = """cpu  9999 9999 9999 9999 9999 9999 9999 9999 0 0
cpu0 100 20 30 4000 500 6 4 70 50 0
cpu1 200 0 40 4000 500 0 0 10 0 0
cpu2 900 0 0 4000 500 0 0 900 0 0
intr 12345 0 0
ctxt 99
"""
TICK = 1 / os.sysconf("SC_CLK_TCK")

BURN = "import time\nwhile time.process_time() < 1.2: pass"


def at(clock=0.0, busy=0.0, own=0.0, stolen=0.0, cpus=2):
    return CpuTime(clock_s=clock, cpus=cpus, busy_s=busy, stolen_s=stolen, own_s=own)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text(STAT)
    return tmp_path


def test_waiting_and_guests_are_no_work_and_only_usable_cores_count(root):
    read = read_cpu_time(root, [0, 1])
    assert read.cpus == 2
    assert read.busy_s == pytest.approx((160 + 240) * TICK)
    assert read.stolen_s == pytest.approx(80 * TICK)


def test_a_core_that_the_kernel_does_not_list_is_not_counted(root):
    assert read_cpu_time(root, [1, 63]).cpus == 1
    assert read_cpu_time(root, [63]) is None


@pytest.mark.parametrize("text", ["", "cpu0 1 2 3\n", "nothing\n\nhere\n"])
def test_no_or_short_counts_are_none(root, text):
    (root / "proc/stat").write_text(text)
    assert read_cpu_time(root, [0]) is None


def test_other_work_is_what_was_busy_less_what_was_ours():
    assert at(clock=10, busy=18, own=10).others_since(at()) == pytest.approx(0.8)


def test_other_work_is_neither_negative_nor_more_than_the_cores():
    assert at(clock=10, busy=9.9, own=10).others_since(at()) == 0
    assert at(clock=10, busy=25, own=0).others_since(at()) == 2


def test_what_the_hypervisor_withheld_is_a_share_of_what_was_wanted():
    assert at(clock=10, busy=9, stolen=1).stolen_since(at()) == pytest.approx(0.1)
    assert at(clock=10, busy=9, stolen=0).stolen_since(at(stolen=1)) == 0


@pytest.mark.parametrize("later", [at(clock=0.5, busy=1, stolen=1), at(clock=10, busy=8, stolen=1, cpus=4)])
def test_too_short_a_time_or_another_number_of_cores_tells_nothing(later):
    assert later.others_since(at()) is None
    assert later.stolen_since(at()) is None


def test_an_idle_machine_had_nothing_withheld():
    assert at(clock=10).stolen_since(at()) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat is Linux's")
def test_the_work_of_a_child_is_ours_once_it_was_waited_for(tmp_path):
    root, cpus = tmp_path.__class__("/"), usable_cpus()
    before = read_cpu_time(root, cpus)
    with subprocess.Popen([sys.executable, "-c", BURN]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        ended = read_cpu_time(root, cpus)
        assert (ended.busy_s - before.busy_s) - (ended.own_s - before.own_s) > 1
        assert ended.others_since(before) > 0
    assert read_cpu_time(root, cpus).own_s - ended.own_s > 1
