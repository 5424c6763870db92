"""What makes measurements doubtful as a whole: a machine that was busy, slowed down, or not a real one.

Each sentence says what was seen and what to do. Without any, the machine was, as far as it tells, fit to
measure on; what a machine does not tell raises no doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgeseg.machine.description import Machine
from edgeseg.machine.memory import MB
from edgeseg.machine.state import MachineState
from edgeseg.text import counted

#: Above this share of the cores, the load before the start is thought to go on.
BUSY_BEFORE = 0.25

#: Above this share of the cores, other work meanwhile is thought to disturb.
BUSY_MEANWHILE = 0.10

#: Above this share of the processor time wanted, what the hypervisor withholds is thought to show.
STOLEN = 0.02

#: Below this share of the clock before, the clock after is called fallen.
SLOWER = 0.90

#: Below this share of its highest, the governor powersave is thought to hold the clock down: with some
#: drivers it is a fixed low clock, with others (intel_pstate) a name for one that follows the load.
HELD_DOWN = 0.60

#: More pages (of 4 KiB, as a rule) than this are swapping; some come and go on every machine.
SWAPPED_PAGES = 1000

#: Below this share of all memory, what is available is called little.
LITTLE_MEMORY = 0.05

#: Governors that let the clock follow the load, so that the first inferences run at a low one.
_FOLLOWING = frozenset({"ondemand", "conservative", "schedutil", "interactive", "powersave"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What was measured on.

    Attributes:
        machine: the machine.
        before: its state before the first measurement.
        after: and after the last.
        threads: the most that were measured with.
    """

    machine: Machine
    before: MachineState
    after: MachineState
    threads: int


def doubts(conditions: Conditions) -> Iterator[str]:
    """One sentence for each reason, with what to do about it; none on a quiet, cool and real machine."""
    yield from _emulated(conditions)
    yield from _busy(conditions)
    yield from _stolen(conditions)
    yield from _throttled(conditions)
    yield from _slowed(conditions)
    yield from _clock(conditions)
    yield from _memory(conditions)
    yield from _quota(conditions)


def hints(conditions: Conditions) -> Iterator[str]:
    """What can be made better for steadier times, but is no reason to doubt a conditions."""
    following = _FOLLOWING.intersection((conditions.machine.governor or "").split(", "))
    if following:
        yield (
            f"the governor {min(following)} lets the clock follow the load, so that the first inferences run "
            "at a low one: for steadier times set the governor performance"
        )
    physical, threads = conditions.machine.physical_cores, conditions.threads
    if physical is not None and physical < threads <= conditions.machine.cores:
        yield (
            f"{threads} threads were measured on {counted(physical, 'physical core')}: the hyper-threads of "
            "a core share its arithmetic; measure fewer threads too"
        )


def _emulated(conditions: Conditions) -> Iterator[str]:
    machine = conditions.machine
    if machine.emulated_on:
        yield (
            f"{machine.architecture} is emulated on {machine.emulated_on}: times and memory say nothing "
            "about a real board; bench on the board"
        )


def _busy(conditions: Conditions) -> Iterator[str]:
    machine, before, after = conditions.machine, conditions.before, conditions.after
    others = after.cpu_time.others_since(before.cpu_time) if after.cpu_time and before.cpu_time else None
    if others is None:
        if before.load_1min is not None and before.load_1min > BUSY_BEFORE * machine.cores:
            yield (
                f"the machine was busy before the start (load {before.load_1min:.2f} on "
                f"{counted(machine.cores, 'core')}): times may be too long; end other work and bench again"
            )
        return
    # The load is not asked then: for minutes it remembers work that had ended before the start.
    if after.cpu_time and others > BUSY_MEANWHILE * after.cpu_time.cpus:
        outside = " (also outside of this container)" if "container" in machine.surroundings else ""
        yield (
            f"other work{outside} took {others:.1f} of {counted(after.cpu_time.cpus, 'core')} while "
            "measuring: times may be too long; end it and bench again"
        )


def _stolen(conditions: Conditions) -> Iterator[str]:
    before, after = conditions.before.cpu_time, conditions.after.cpu_time
    stolen = after.stolen_since(before) if after and before else None
    if stolen is not None and stolen > STOLEN:
        yield (
            f"the hypervisor withheld {100 * stolen:.0f} % of the processor time that was wanted: times are "
            "too long by about as much; bench at another hour, or on a machine of your own"
        )


def _throttled(conditions: Conditions) -> Iterator[str]:
    """What a Raspberry Pi's flags tell."""
    before, after = conditions.before, conditions.after
    new = [flag for flag in after.throttled_ever if flag not in before.throttled_ever]
    flags = dict.fromkeys((*before.throttled_now, *after.throttled_now, *new))
    if flags:
        yield (
            f"the board held its clock down while measuring ({', '.join(flags)}): times are not valid; "
            f"{_remedy(flags)} and bench again"
        )
    elif before.throttled_ever:
        # These flags stay set until the board is switched off: a second time leaves no trace.
        yield (
            "the board held its clock down at some time since it was switched on "
            f"({', '.join(before.throttled_ever)}) and does not tell whether it did so again while "
            f"measuring; {_remedy(before.throttled_ever)}, restart it and bench again"
        )


def _remedy(flags: Iterable[str]) -> str:
    if "under-voltage" not in flags:
        return "cool it"
    # Too little voltage caps the frequency as well, so that heat need not be a reason too.
    stronger = "give it a stronger power supply"
    return f"{stronger}, cool it" if "soft temperature limit" in flags else stronger


def _slowed(conditions: Conditions) -> Iterator[str]:
    """What other machines tell of the same."""
    earlier, later = conditions.before.throttle_count, conditions.after.throttle_count
    if earlier is not None and later is not None and later > earlier:
        yield (
            f"the processor slowed itself down {counted(later - earlier, 'time')} while measuring, as it "
            "was too hot: times are too long; cool it and bench again"
        )
    step = max(conditions.before.cooling_step or 0, conditions.after.cooling_step or 0)
    if step:
        yield (
            f"the kernel slowed the processor down to cool it (step {step}): times are too long; cool it and "
            "bench again"
        )


def _clock(conditions: Conditions) -> Iterator[str]:
    before, after = conditions.before.frequency_mhz, conditions.after.frequency_mhz
    if before and after and after < SLOWER * before:
        yield (
            f"the clock fell from {before:.0f} to {after:.0f} MHz while measuring: what came last was "
            "measured too slow; cool the machine, or hold its clock at a lower frequency"
        )
    governor, highest = conditions.machine.governor or "", conditions.machine.max_mhz
    if "powersave" in governor and before and highest and before < HELD_DOWN * highest:
        yield (
            f"the governor powersave held the clock at {before:.0f} of {highest:.0f} MHz: times are too "
            "long; set the governor performance and bench again"
        )


def _memory(conditions: Conditions) -> Iterator[str]:
    before, after = conditions.before, conditions.after
    if before.swapped_pages is not None and after.swapped_pages is not None:
        swapped = after.swapped_pages - before.swapped_pages
        if swapped > SWAPPED_PAGES:
            yield (
                f"the machine swapped {swapped} pages of memory while measuring: times may be too long; end "
                "other programs and bench again"
            )
    memory = conditions.machine.memory_bytes
    available = [each.available_bytes for each in (before, after) if each.available_bytes is not None]
    if memory and available and min(available) < LITTLE_MEMORY * memory:
        yield (
            f"only {min(available) / MB:.0f} MB of {memory / MB:.0f} MB of memory were available: times may "
            "be too long while the kernel makes room; end other programs and bench again"
        )


def _quota(conditions: Conditions) -> Iterator[str]:
    quota, threads = conditions.machine.cpu_quota, conditions.threads
    if quota is not None and quota < threads:
        yield (
            f"this process may use the time of {quota:g} cores, but up to {threads} threads were measured, "
            "which the kernel stops in between; raise the limit, or measure fewer threads"
        )
