"""The machine that a measurement was made on, as far as it tells, and its state before and after."""

from __future__ import annotations

import contextlib
import platform
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from edgeseg.machine import throttling
from edgeseg.machine.cpu_time import CpuTime, read_cpu_time
from edgeseg.machine.cpuinfo import emulated_on, parse_cpuinfo, surroundings
from edgeseg.machine.kernel_files import cpu_folders, decimal, field, integers, text, usable_cpus
from edgeseg.machine.temperature import read_temperature

#: So long a processor is kept at work before its clock is read; governors decide every 10 ms or so. Seconds.
_WAKE_UP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What does not change while a measurement runs; empty or `None` where it could not be read.

    Attributes:
        architecture: `x86_64`, `aarch64`, ...
        cpu: the processor's name.
        cpu_features: those that decide the speed of inference (`dotprod`, `i8mm`, `avx512_vnni`, ...).
        cores: that this process may use; hyper-threads count.
        memory_bytes: in all.
        board: the device tree's model, as `Raspberry Pi 4 Model B Rev 1.4`, or the maker's name of a PC.
        governor: who sets the clock; several names where the cores differ.
        system: name and version of the operating system, and of its kernel.
        libc: name and version.
        python: its version.
        numpy: its version.
        zlib: its version; gzip sizes depend on it.
        runtime: distribution and version, as `ai-edge-litert 2.3.0`.
        physical_cores: that `cores` are on; fewer where hyper-threads share them.
        cpu_quota: so many cores' time a container may use, as 1.5; `None` also where it is not limited.
        max_mhz: the highest clock of the fastest core.
        surroundings: of `virtual machine` and `container` those that show.
        emulated_on: what runs these instructions where they are not its own, as `an x86 processor`.
    """

    architecture: str
    cpu: str
    cpu_features: tuple[str, ...]
    cores: int
    memory_bytes: int | None
    board: str | None
    governor: str | None
    system: str
    libc: str
    python: str
    numpy: str
    zlib: str
    runtime: str
    physical_cores: int | None = None
    cpu_quota: float | None = None
    max_mhz: float | None = None
    surroundings: tuple[str, ...] = ()
    emulated_on: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        lists = {name: tuple(value[name]) for name in ("cpu_features", "surroundings")}
        return cls(**{**value, **lists})


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

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        cpu_time = value.get("cpu_time")
        return cls(**{**value, "cpu_time": CpuTime(**cpu_time) if cpu_time else None})


def read_machine(*, runtime: str, root: Path = Path("/"), cpus: Sequence[int] | None = None) -> Machine:
    """Describe this machine.

    Args:
        runtime: distribution and version.
        root: where `proc` and `sys` are.
        cpus: numbers of the processors that may be used; none: those that this process may use.
    """
    cpus = usable_cpus() if cpus is None else cpus
    cpu, features = parse_cpuinfo(text(root / "proc/cpuinfo") or "")
    memory = field(root / "proc/meminfo", "MemTotal")
    return Machine(
        architecture=platform.machine(),
        cpu=cpu or platform.processor(),
        cpu_features=features,
        cores=len(cpus),
        memory_bytes=None if memory is None else memory * 1024,
        board=_board(root),
        governor=_governor(root, cpus),
        system=_system(),
        libc=" ".join(platform.libc_ver()).strip(),
        python=platform.python_version(),
        numpy=np.__version__,
        zlib=zlib.ZLIB_RUNTIME_VERSION,
        runtime=runtime,
        physical_cores=_physical_cores(root, cpus),
        cpu_quota=_cpu_quota(root),
        max_mhz=_highest_mhz(root, cpus, "cpuinfo_max_freq"),
        surroundings=surroundings(root),
        emulated_on=emulated_on(root, platform.machine()),
    )


def read_state(*, root: Path = Path("/"), cpus: Sequence[int] | None = None) -> MachineState:
    """How this machine is at the moment; arguments as of `read_machine`."""
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


def _board(root: Path) -> str | None:
    names = [text(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name")]
    return text(root / "proc/device-tree/model") or " ".join(filter(None, names)) or None


def _governor(root: Path, cpus: Sequence[int]) -> str | None:
    names = [text(folder / "cpufreq/scaling_governor") for folder in cpu_folders(root, cpus)]
    return ", ".join(dict.fromkeys(filter(None, names))) or None


def _system() -> str:
    name = platform.system()
    with contextlib.suppress(OSError):
        name = platform.freedesktop_os_release().get("PRETTY_NAME", name)
    return f"{name}, kernel {platform.release()}"


def _physical_cores(root: Path, cpus: Sequence[int]) -> int | None:
    siblings = [text(folder / "topology/thread_siblings_list") for folder in cpu_folders(root, cpus)]
    return None if None in siblings or not siblings else len(set(siblings))


def _cpu_quota(root: Path) -> float | None:
    """The tightest `cpu.max` (cgroup v2) of this process's group and those around it, in cores."""
    group = next(
        (line[3:] for line in (text(root / "proc/self/cgroup") or "").splitlines() if line.startswith("0::")),
        "/",
    )
    quotas = []
    for folder in (parts := Path(group.lstrip("/")), *parts.parents):
        quota, _, period = (text(root / "sys/fs/cgroup" / folder / "cpu.max") or "").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def _highest_mhz(root: Path, cpus: Sequence[int], name: str) -> float | None:
    found = integers(folder / "cpufreq" / name for folder in cpu_folders(root, cpus))
    return max(found) / 1000 if found else None


def _frequency_mhz(root: Path, cpus: Sequence[int]) -> float | None:
    end = time.monotonic() + _WAKE_UP
    while time.monotonic() < end:
        pass
    told = _highest_mhz(root, cpus, "scaling_cur_freq")
    if told is not None:
        return told
    lines = (line.partition(":") for line in (text(root / "proc/cpuinfo") or "").splitlines())
    clocks = [decimal(value) for name, _, value in lines if name.strip() == "cpu MHz"]
    return max((clock for clock in clocks if clock is not None), default=None)
