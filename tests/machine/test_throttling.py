import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeseg.machine.throttling import decode, read_cooling, read_count, read_flags

WORDS = ["under-voltage", "frequency capped", "throttled", "soft temperature limit"]


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    return write_file


@given(now=st.sets(st.sampled_from(range(4))), happened=st.sets(st.sampled_from(range(4))))
def test_every_combination_of_flags_comes_back_in_words(now, happened):
    bits = sum(1 << bit for bit in now) + sum(1 << 16 + bit for bit in happened)
    expected = tuple(tuple(WORDS[bit] for bit in sorted(each)) for each in (now, happened))
    assert decode(f"0x{bits:x}") == expected


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_bits_that_are_not_known_change_nothing(bits):
    assert decode(f"{bits:x}") == decode(f"{bits & 0xF000F:x}")


@pytest.mark.parametrize(
    "folder",
    ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware", "soc:firmware"],
)
def test_flags_are_found_on_boards_of_several_ages(write, tmp_path, folder):
    write(f"sys/devices/platform/{folder}/get_throttled", "50005\n")
    assert read_flags(tmp_path) == "0x50005"


def test_without_the_kernels_file_the_firmwares_program_is_asked(write, tmp_path):
    write("usr/bin/vcgencmd", '#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x20002\n').chmod(0o755)
    assert read_flags(tmp_path) == "0x20002"


@pytest.mark.parametrize("script", ["echo VCHI initialization failed; exit 255", "echo error=1", "echo"])
def test_a_program_that_may_not_ask_the_firmware_gives_none(write, tmp_path, script):
    write("usr/bin/vcgencmd", f"#!/bin/sh\n{script}\n").chmod(0o755)
    # "error=1" reads like an answer, and so must name what it answers.
    assert read_flags(tmp_path) is None


def test_counts_are_summed_over_cores_and_packages(write, tmp_path):
    for core in (0, 1):
        write(f"cpu{core}/thermal_throttle/core_throttle_count", "3\n")
        write(f"cpu{core}/thermal_throttle/package_throttle_count", "4\n")
        write(f"cpu{core}/thermal_throttle/core_throttle_total_time_ms", "999\n")
    assert read_count([tmp_path / "cpu0", tmp_path / "cpu1"]) == 14
    assert read_count([tmp_path / "cpu7"]) is None


def test_only_cooling_of_processors_counts(write, tmp_path):
    for number, (kind, step) in enumerate([("Processor", 0), ("cpufreq-cpu0", 2), ("pwm-fan", 4)]):
        write(f"sys/class/thermal/cooling_device{number}/type", f"{kind}\n")
        write(f"sys/class/thermal/cooling_device{number}/cur_state", f"{step}\n")
    assert read_cooling(tmp_path) == 2


def test_a_fan_alone_says_nothing_about_the_clock(write, tmp_path):
    write("sys/class/thermal/cooling_device0/type", "pwm-fan\n")
    write("sys/class/thermal/cooling_device0/cur_state", "4\n")
    assert read_cooling(tmp_path) is None
