from dataclasses import replace

import pytest

from edgeseg.machine.cpu_time import CpuTime
from edgeseg.machine.doubts import doubts, hints
from support.bench_results import make_result


def time(clock=0.0, busy=0.0, own=0.0, stolen=0.0):
    return CpuTime(clock_s=clock, cpus=4, busy_s=busy, stolen_s=stolen, own_s=own)


def changed(conditions, *, machine=None, before=None, after=None):
    return replace(
        conditions,
        machine=replace(conditions.machine, **machine or {}),
        before=replace(conditions.before, **before or {}),
        after=replace(conditions.after, **after or {}),
    )


@pytest.fixture
def conditions():
    return make_result().conditions


def doubted(conditions, **changes):
    """The one doubt that the changes raise."""
    (doubt,) = doubts(changed(conditions, **changes))
    return doubt


def test_a_quiet_cool_and_real_machine_raises_no_doubt(conditions):
    quiet = changed(
        conditions,
        machine={"cpu_quota": 4.0, "max_mhz": 1500.0, "physical_cores": 4},
        before={"cpu_time": time(), "frequency_mhz": 1500.0, "swapped_pages": 70, "throttle_count": 9},
        after={
            "cpu_time": time(clock=60, busy=70, own=66, stolen=1), "frequency_mhz": 1400.0,
            "swapped_pages": 99, "throttle_count": 9, "cooling_step": 0, "available_bytes": 2**31,
        },
    )  # fmt: skip
    assert list(doubts(quiet)) == []
    assert list(hints(quiet)) == []


def test_other_work_while_measuring_is_told_in_cores(conditions):
    doubt = doubted(
        conditions, before={"cpu_time": time()}, after={"cpu_time": time(clock=60, busy=108, own=60)}
    )
    assert "other work took 0.8 of 4 cores while measuring" in doubt
    assert doubt.endswith("end it and bench again")


def test_in_a_container_other_work_may_be_outside_of_it(conditions):
    doubt = doubted(
        conditions,
        machine={"surroundings": ("container",)},
        before={"cpu_time": time()},
        after={"cpu_time": time(clock=60, busy=108, own=60)},
    )
    assert "other work (also outside of this container) took" in doubt


def test_a_load_that_only_remembers_earlier_work_is_no_reason(conditions):
    idle = changed(
        conditions,
        before={"load_1min": 3.0, "cpu_time": time()},
        after={"cpu_time": time(clock=60, busy=61, own=60)},
    )
    assert list(doubts(idle)) == []


@pytest.mark.parametrize("after", [{}, {"cpu_time": time(clock=0.2, busy=0.8)}])
def test_where_other_work_cannot_be_told_the_load_before_the_start_is(conditions, after):
    doubt = doubted(conditions, before={"load_1min": 3.0, "cpu_time": time()}, after=after)
    assert "busy before the start (load 3.00 on 4 cores)" in doubt


def test_time_that_the_hypervisor_withheld_is_told_as_a_share(conditions):
    doubt = doubted(
        conditions, before={"cpu_time": time()}, after={"cpu_time": time(clock=60, busy=54, own=54, stolen=6)}
    )
    assert "withheld 10 % of the processor time" in doubt


@pytest.mark.parametrize(
    ("flags", "reason", "remedy"),
    [
        ("0x1", "(under-voltage)", "give it a stronger power supply and bench again"),
        ("0x6", "(frequency capped, throttled)", "cool it and bench again"),
        ("0xb", "(under-voltage, frequency capped, soft", "give it a stronger power supply, cool it and"),
        ("0x80000", "(soft temperature limit)", "cool it and bench again"),
    ],
)
def test_flags_that_are_up_or_went_up_are_told_with_their_remedy(conditions, flags, reason, remedy):
    doubt = doubted(conditions, after={"throttled": flags})
    assert "held its clock down while measuring" in doubt
    assert reason in doubt
    assert remedy in doubt


def test_a_flag_that_was_up_before_the_start_counts_too(conditions):
    assert "while measuring (throttled)" in doubted(conditions, before={"throttled": "0x4"})


def test_a_flag_of_earlier_hides_whether_it_happened_again(conditions):
    state = {"throttled": "0x50000"}
    doubt = doubted(conditions, before=state, after=state)
    assert "at some time since it was switched on (under-voltage, throttled)" in doubt
    assert "restart it" in doubt


def test_a_second_kind_of_flag_is_known_to_be_of_this_measurement(conditions):
    doubt = doubted(conditions, before={"throttled": "0x10000"}, after={"throttled": "0x90000"})
    assert "while measuring (soft temperature limit)" in doubt


def test_a_chip_that_slowed_itself_down_is_told_with_how_often(conditions):
    doubt = doubted(conditions, before={"throttle_count": 5}, after={"throttle_count": 6})
    assert "slowed itself down 1 time while measuring" in doubt


def test_cooling_by_the_kernel_is_told(conditions):
    assert "to cool it (step 2)" in doubted(conditions, before={"cooling_step": 2})


def test_a_clock_that_fell_by_more_than_a_tenth_is_told(conditions):
    doubt = doubted(conditions, before={"frequency_mhz": 1500.0}, after={"frequency_mhz": 1340.0})
    assert "the clock fell from 1500 to 1340 MHz" in doubt


@pytest.mark.parametrize("frequencies", [(1500.0, 1360.0), (600.0, 1500.0), (None, 600.0), (1500.0, None)])
def test_a_clock_that_rose_or_hardly_changed_or_is_unknown_is_no_reason(conditions, frequencies):
    before, after = frequencies
    steady = changed(conditions, before={"frequency_mhz": before}, after={"frequency_mhz": after})
    assert list(doubts(steady)) == []


def test_powersave_is_a_reason_where_it_holds_the_clock_down(conditions):
    slow = {"frequency_mhz": 600.0}
    doubt = doubted(conditions, machine={"governor": "powersave", "max_mhz": 1500.0}, before=slow, after=slow)
    assert "powersave held the clock at 600 of 1500 MHz" in doubt


def test_powersave_that_follows_the_load_is_a_hint(conditions):
    fast = {"frequency_mhz": 4100.0}
    laptop = changed(
        conditions, machine={"governor": "powersave", "max_mhz": 4700.0}, before=fast, after=fast
    )
    assert list(doubts(laptop)) == []
    (hint,) = hints(laptop)
    assert "the governor powersave lets the clock follow the load" in hint


def test_a_governor_of_some_cores_is_a_hint_too(conditions):
    (hint,) = hints(changed(conditions, machine={"governor": "performance, schedutil"}))
    assert "the governor schedutil" in hint
    assert "set the governor performance" in hint


def test_threads_on_the_hyper_threads_of_one_core_are_a_hint(conditions):
    (hint,) = hints(changed(conditions, machine={"cores": 2, "physical_cores": 1}))
    assert "2 threads were measured on 1 physical core" in hint


def test_swapping_is_told_in_pages(conditions):
    doubt = doubted(conditions, before={"swapped_pages": 500}, after={"swapped_pages": 2500})
    assert "swapped 2000 pages" in doubt


def test_little_memory_is_told(conditions):
    doubt = doubted(conditions, after={"available_bytes": 100_000_000})
    assert "only 100 MB of 4295 MB of memory were available" in doubt


def test_emulated_times_are_worthless(conditions):
    doubt = doubted(conditions, machine={"emulated_on": "an x86 processor"})
    assert doubt.startswith("aarch64 is emulated on an x86 processor")
    assert "say nothing about" in doubt


def test_fewer_cores_time_than_threads_is_told(conditions):
    doubt = doubted(conditions, machine={"cpu_quota": 1.5})
    assert "the time of 1.5 cores, but up to 2 threads" in doubt


def test_several_reasons_are_several_sentences(conditions):
    found = list(
        doubts(
            changed(
                conditions, machine={"emulated_on": "QEMU"}, before={"load_1min": 9.0, "throttled": "0x1"}
            )
        )
    )
    assert len(found) == 3
    assert len(set(found)) == 3
