"""What a board tells about itself, and what to do about it."""

from dataclasses import replace

import pytest

from edgeseg.doctor.board import board_findings
from edgeseg.machine.description import read_machine
from edgeseg.machine.state import read_state


@pytest.fixture
def board(tmp_path):
    """A board's own files; a function that adds or changes them and gives what is found."""
    files = {
        "proc/meminfo": "MemTotal:  3884000 kB\nMemAvailable:  3100000 kB\n",
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": "48200\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1500000\n",
    }

    def find(**changes):
        for path, content in {**files, **changes}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(content)
        machine, state = (
            read_machine(runtime="", root=tmp_path, cpus=[0]),
            read_state(root=tmp_path, cpus=[0]),
        )
        return {finding.topic: finding for finding in board_findings(machine, state)}

    return find


def test_a_cool_and_well_fed_board_is_ok(board):
    found = board()
    assert {topic: finding.state for topic, finding in found.items()} == dict.fromkeys(
        ("temperature", "throttling", "governor", "memory"), "ok"
    )
    assert found["temperature"].detail == "48.2 degrees Celsius"
    assert found["throttling"].detail == "none since it was switched on"
    assert found["governor"].detail.startswith("ondemand, up to 1,500 MHz")
    assert found["memory"].detail == "3,174 of 3,977 MB free"


@pytest.mark.parametrize(
    ("flags", "detail", "cures"),
    [
        ("50005", "now: under-voltage, throttled; earlier: under-voltage, throttled (0x50005)", 2),
        ("10000", "earlier: under-voltage (0x10000): give it the power supply", 1),
        ("e0008", "now: soft temperature limit; earlier: frequency capped, throttled, soft temp", 1),
    ],
)
def test_throttling_is_told_in_words_with_its_cure(board, flags, detail, cures):
    found = board(**{"sys/devices/platform/soc/soc:firmware/get_throttled": flags})["throttling"]
    assert found.state == "note"
    assert detail in found.detail
    assert ("power supply" in found.detail) + ("heat sink" in found.detail) == cures


def test_a_hot_board_is_told_to_be_cooled(board):
    found = board(**{"sys/class/thermal/thermal_zone0/temp": "81500"})["temperature"]
    assert found.state == "note"
    assert found.detail.startswith("81.5 degrees Celsius: from 80 on it slows down")


def test_little_memory_is_a_note(board):
    found = board(**{"proc/meminfo": "MemTotal:  440000 kB\nMemAvailable:  200000 kB\n"})["memory"]
    assert found.state == "note"
    assert "205 of 451 MB free; end other programs" in found.detail


def test_what_is_not_told_has_no_line(tmp_path):
    machine, state = read_machine(runtime="", root=tmp_path, cpus=[0]), read_state(root=tmp_path, cpus=[0])
    assert board_findings(replace(machine, memory_bytes=None), state) == []
