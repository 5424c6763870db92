"""The machine that a measurement was made on, as far as it tells."""

from __future__ import annotations

import contextlib
import platform
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgeseg.machine.cpuinfo import emulated_on, parse_cpuinfo, surroundings
from edgeseg.machine.kernel_files import cpu_folders, field, highest_mhz, text, usable_cpus


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
        max_mhz=highest_mhz(root, cpus, "cpuinfo_max_freq"),
        surroundings=surroundings(root),
        emulated_on=emulated_on(root, platform.machine()),
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
