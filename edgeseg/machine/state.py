"""The state that a machine is in: load, heat, clock, memory, and who had the processors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeseg.machine import throttling
from edgeseg.machine.cpu_time import CpuTime, read_cpu_time
from edgeseg.machine.kernel_files import cpu_folders, decimal, field, highest_mhz, text, usable_cpus
from edgeseg.machine.temperature import read_temperature

#: So long a processor is kept at work before its clock is read; governors decide every 10 ms or so. Seconds.
_WAKE_UP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """What changes while a measurement runs; `None` where it could not be read.

    Attributes:
        load_1min: processes that ran or wanted to, as the mean over the last minute.
        temperature_c: of the processor, degrees Celsius.
        throttled: a Raspberry Pi's own flags (`0x0`: never short of voltage nor too hot since it was
            switched on; bits 0 to 3: now; bits 16 to 19: at some time; `throttling.decode` has words).
        frequency_mhz: of the fastest core, read at work: an idle one tells nothing.
        available_bytes: memory that can be had without swapping.
        swapped_pages: read from and written to swap since the machine was started.
        throttle_count: how often the chip slowed itself down since then (Intel).
        cooling_step: by how many steps the kernel slows processors down to cool them; 0 is not at all.
        cpu_time: who had the processors until now.
    """

    load_1min: float | None
    temperature_c: float | None
    throttled: str | None
    frequency_mhz: float | None = None
    available_bytes: int | None = None
    swapped_pages: int | None = None
    throttle_count: int | None = None
    cooling_step: int | None = None
    cpu_time: CpuTime | None = None

    @property
    def throttled_now(self) -> tuple[str, ...]:
        """Why the firmware holds the clock down at this moment; empty where it does not."""
        return throttling.decode(self.throttled)[0] if self.throttled else ()

    @property
    def throttled_ever(self) -> tuple[str, ...]:
        """Why it did at some time since the board was switched on."""
        return throttling.decode(self.throttled)[1] if self.throttled else ()


def read_state(*, root: Path = Path("/"), cpus: Sequence[int] | None = None) -> MachineState:
    """How this machine is at the moment; arguments as of `description.read_machine`."""
    cpus = usable_cpus() if cpus is None else cpus
    load = (text(root / "proc/loadavg") or "").partition(" ")[0]
    available = field(root / "proc/meminfo", "MemAvailable")
    swapped = [field(root / "proc/vmstat", name) for name in ("pswpin", "pswpout")]
    return MachineState(
        load_1min=decimal(load),
        temperature_c=read_temperature(root),
        throttled=throttling.read_flags(root),
        frequency_mhz=_frequency_mhz(root, cpus),
        available_bytes=None if available is None else available * 1024,
        swapped_pages=None if None in swapped else sum(filter(None, swapped)),
        throttle_count=throttling.read_count(cpu_folders(root, cpus)),
        cooling_step=throttling.read_cooling(root),
        cpu_time=read_cpu_time(root, cpus),
    )


def _frequency_mhz(root: Path, cpus: Sequence[int]) -> float | None:
    end = time.monotonic() + _WAKE_UP
    while time.monotonic() < end:
        pass
    told = highest_mhz(root, cpus, "scaling_cur_freq")
    if told is not None:
        return told
    lines = (line.partition(":") for line in (text(root / "proc/cpuinfo") or "").splitlines())
    clocks = [decimal(value) for name, _, value in lines if name.strip() == "cpu MHz"]
    return max((clock for clock in clocks if clock is not None), default=None)
