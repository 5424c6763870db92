from dataclasses import replace

import pytest

from edgeseg.bench.machine import Machine, MachineState, parse_cpuinfo, read_machine, read_state

PI5 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU part\t: 0xd0b
"""
PC = """processor\t: 0
model name\t: AMD EPYC 7763 64-Core Processor
flags\t\t: fpu sse2 fma avx avx2 sha_ni
"""


@pytest.fixture
def pi(tmp_path):
    """The files of a Raspberry Pi 5 that edgeseg reads."""
    content = {
        "proc/cpuinfo": PI5,
        "proc/meminfo": "MemTotal:        8245312 kB\nMemFree:  1 kB\n",
        "proc/loadavg": "0.42 0.30 0.20 1/234 5678\n",
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/class/thermal/thermal_zone0/temp": "61300\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    }
    for name, text in content.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_pi_5_is_known_by_its_part_number_and_has_dot_products():
    assert parse_cpuinfo(PI5) == ("Cortex-A76", ("dotprod", "fp16", "lse"))


def test_a_pc_states_its_name_and_only_features_that_matter_are_kept():
    assert parse_cpuinfo(PC) == ("AMD EPYC 7763 64-Core Processor", ("fma", "avx2"))


def test_an_unknown_arm_part_is_told_by_its_number():
    assert parse_cpuinfo("CPU part : 0xfff\n") == ("ARM part 0xfff", ())


def test_board_governor_and_memory_are_read(pi):
    machine = read_machine(runtime="ai-edge-litert 2.3.0", root=pi)
    assert machine.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert machine.governor == "ondemand"
    assert machine.memory_bytes == 8245312 * 1024


def test_the_state_holds_load_temperature_and_the_throttled_flags(pi):
    assert read_state(root=pi) == MachineState(load_1min=0.42, temperature_c=61.3, throttled="0x50005")


def test_only_the_low_bits_say_that_the_clock_is_held_down_now(pi):
    state = read_state(root=pi)
    assert state.throttled_now
    assert not replace(state, throttled="0x50000").throttled_now
    assert not replace(state, throttled=None).throttled_now


def test_what_cannot_be_read_is_none(tmp_path):
    machine, state = read_machine(runtime="x 1", root=tmp_path), read_state(root=tmp_path)
    assert (machine.board, machine.governor, machine.memory_bytes) == (None, None, None)
    assert (state.load_1min, state.temperature_c) == (None, None)


def test_this_machine_can_be_read_and_survives_json():
    machine, state = read_machine(runtime="ai-edge-litert 2.3.0"), read_state()
    assert machine.cores >= 1
    assert Machine.from_dict(machine.to_dict()) == machine
    assert MachineState.from_dict(state.to_dict()) == state
