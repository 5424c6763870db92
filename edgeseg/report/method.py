"""Where and how a result was measured, as terms and what they were."""

from __future__ import annotations

from collections.abc import Iterator

from edgeseg.bench.result import BenchResult
from edgeseg.machine.memory import MB
from edgeseg.machine.state import MachineState
from edgeseg.metrics.statistics import CONFIDENCE, DRAWS

_UNKNOWN = "not told"


def machine_facts(result: BenchResult) -> Iterator[tuple[str, str]]:
    """The machine and its state before and after."""
    machine = result.machine
    yield "board", machine.board or _UNKNOWN
    yield "processor", f"{machine.cpu or _UNKNOWN} ({machine.architecture})"
    yield "features that matter", ", ".join(machine.cpu_features) or "none"
    yield "cores", _cores(result)
    yield "memory", _UNKNOWN if machine.memory_bytes is None else f"{machine.memory_bytes / MB:,.0f} MB"
    yield "governor", machine.governor or _UNKNOWN
    if machine.max_mhz:
        yield "highest clock", f"{machine.max_mhz:,.0f} MHz"
    yield "system", f"{machine.system}, {machine.libc}"
    if machine.surroundings:
        yield "surroundings", ", ".join(machine.surroundings)
    if machine.emulated_on:
        yield "emulated on", machine.emulated_on
    yield "runtimes", ", ".join(f"{name} ({version})" for name, version in result.runtimes.items())
    yield (
        "software",
        (f"edgeseg {result.edgeseg}, Python {machine.python}, numpy {machine.numpy}, zlib {machine.zlib}"),
    )
    yield "before", _state(result.before)
    yield "after", _state(result.after)
    yield "ended", result.created_at


def _cores(result: BenchResult) -> str:
    machine = result.machine
    physical = f", {machine.physical_cores} physical" if machine.physical_cores else ""
    quota = f", the time of {machine.cpu_quota:g} at most" if machine.cpu_quota else ""
    return f"{machine.cores}{physical}{quota}"


def _state(state: MachineState) -> str:
    known = {
        "load {:.2f}": state.load_1min,
        "{:.1f} degrees Celsius": state.temperature_c,
        "{:,.0f} MHz": state.frequency_mhz,
        "{:,.0f} MB available": None if state.available_bytes is None else state.available_bytes / MB,
        "firmware flags {}": state.throttled,
        "slowed down {} times since it was started": state.throttle_count,
    }
    return ", ".join(text.format(value) for text, value in known.items() if value is not None) or _UNKNOWN


def method_facts(result: BenchResult) -> Iterator[tuple[str, str]]:
    """How it was measured."""
    options, used = result.options, result.dataset
    yield "rows", "a file, a runtime, a number of threads; each in processes of its own, which take turns"
    yield (
        "time",
        (
            f"rounds: {options.rounds} of {options.seconds:g} s at least, {options.samples} samples of a row "
            f"at least, after a warm-up of {options.warmup_seconds:g} s at most; the first inference is "
            "counted apart"
        ),
    )
    yield "percentiles", "nearest rank: each is a time that was measured"
    yield "bytes", "kB of 1000 bytes; of the file as it is shipped, the .xz where that is what is deployed"
    yield "memory", "MB of 10^6 bytes; the most that a process had resident"
    if used is None:
        yield "quality", "not measured"
        return
    yield (
        "quality",
        (
            f"{used.images} of {used.of} images of {used.name}, split {used.split} "
            f"(digest {used.digest[:12]}), once a runtime; Dice and IoU over the pixels of all images"
        ),
    )
    yield "intervals", f"the middle {CONFIDENCE} % of {DRAWS:,} draws of source images, with replacement"
    yield "cells", result.matching
    yield (
        "agreement",
        (
            f"the share of mask pixels that are as those of {result.reference} in the same runtime"
            if result.reference
            else "not measured: there is no reference"
        ),
    )
