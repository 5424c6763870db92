"""The machine that a measurement was made on, as far as it tells, and its state before and after."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

#: Features of the processor that decide how fast integers and floats are: the kernel's name -> ours.
_FEATURES = {
    # arm64 ("Features" in /proc/cpuinfo)
    "asimddp": "dotprod", "i8mm": "i8mm", "asimdhp": "fp16", "atomics": "lse", "sve": "sve", "neon": "neon",
    # x86-64 ("flags")
    "fma": "fma", "avx2": "avx2", "avx512f": "avx512f", "avx512_vnni": "avx512_vnni", "avx_vnni": "avx_vnni",
    "amx_int8": "amx_int8",
}  # fmt: skip

#: "CPU part" of Arm's own cores (implementer 0x41), where the kernel gives no "model name".
_ARM_PARTS = {
    "0xc07": "Cortex-A7", "0xd03": "Cortex-A53", "0xd05": "Cortex-A55", "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72", "0xd09": "Cortex-A73", "0xd0a": "Cortex-A75", "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1", "0xd40": "Neoverse-V1", "0xd49": "Neoverse-N2",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What does not change while a measurement runs; empty or `None` where it could not be read.

    Attributes:
        architecture: `x86_64`, `aarch64`, ...
        cpu: the processor's name.
        cpu_features: those that decide the speed of inference (`dotprod`, `i8mm`, `avx512_vnni`, ...).
        cores: that this process may use.
        memory_bytes: in all.
        board: the device tree's model, as `Raspberry Pi 4 Model B Rev 1.4`.
        governor: of the first core's frequency.
        system: name and version of the operating system, and of its kernel.
        libc: name and version.
        python: its version.
        numpy: its version.
        zlib: its version; gzip sizes depend on it.
        runtime: distribution and version, as `ai-edge-litert 2.3.0`.
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

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        return cls(**{**value, "cpu_features": tuple(value["cpu_features"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """What changes while a measurement runs; `None` where it could not be read.

    Attributes:
        load_1min: processes that ran or wanted to, as the mean over the last minute.
        temperature_c: of the processor, degrees Celsius.
        throttled: a Raspberry Pi's own flags (`0x0`: never short of voltage nor too hot since it was
            switched on; bits 0 to 3: now; bits 16 to 19: at some time).
    """

    load_1min: float | None
    temperature_c: float | None
    throttled: str | None

    @property
    def throttled_now(self) -> bool:
        """Whether the firmware holds the clock down at this moment."""
        return self.throttled is not None and bool(int(self.throttled, 16) & 0xF)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From `to_dict`'s data."""
        return cls(**value)


def read_machine(*, runtime: str, root: Path = Path("/")) -> Machine:
    """Describe this machine.

    Args:
        runtime: distribution and version.
        root: where `proc` and `sys` are.
    """
    cpuinfo = _text(root / "proc/cpuinfo") or ""
    cpu, features = parse_cpuinfo(cpuinfo)
    return Machine(
        architecture=platform.machine(),
        cpu=cpu or platform.processor(),
        cpu_features=features,
        cores=_cores(),
        memory_bytes=_memory_bytes(_text(root / "proc/meminfo") or ""),
        board=_text(root / "proc/device-tree/model"),
        governor=_text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        system=_system(),
        libc=" ".join(platform.libc_ver()).strip(),
        python=platform.python_version(),
        numpy=np.__version__,
        zlib=zlib.ZLIB_RUNTIME_VERSION,
        runtime=runtime,
    )


def read_state(*, root: Path = Path("/")) -> MachineState:
    """How this machine is at the moment; `root` as in `read_machine`."""
    load = (_text(root / "proc/loadavg") or "").split()
    return MachineState(
        load_1min=float(load[0]) if load else None,
        temperature_c=_temperature_c(root / "sys/class/thermal"),
        throttled=_throttled(root / "sys/devices/platform/soc/soc:firmware/get_throttled"),
    )


def parse_cpuinfo(text: str) -> tuple[str, tuple[str, ...]]:
    """The processor's name and its features that matter, from the text of `/proc/cpuinfo`."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator:
            fields.setdefault(name.strip(), value.strip())
    present = set(fields.get("flags", fields.get("Features", "")).split())
    features = tuple(ours for kernel, ours in _FEATURES.items() if kernel in present)
    part = fields.get("CPU part", "")
    return fields.get("model name") or _ARM_PARTS.get(part, f"ARM part {part}" if part else ""), features


def _text(path: Path) -> str | None:
    try:
        # The device tree ends its strings with a zero byte.
        return path.read_text(errors="replace").strip("\0\n ") or None
    except OSError:
        return None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes(meminfo: str) -> int | None:
    for line in meminfo.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _system() -> str:
    name = platform.system()
    with contextlib.suppress(OSError):
        name = platform.freedesktop_os_release().get("PRETTY_NAME", name)
    return f"{name}, kernel {platform.release()}"


def _temperature_c(folder: Path) -> float | None:
    readings = [_text(path) for path in sorted(folder.glob("thermal_zone*/temp"))]
    values = [int(reading) / 1000 for reading in readings if reading and reading.lstrip("-").isdigit()]
    return max(values, default=None)


def _throttled(path: Path) -> str | None:
    stated = _text(path)
    if stated:
        return f"0x{int(stated, 16):x}"
    program = shutil.which("vcgencmd")
    if not program:
        return None
    try:
        answer = subprocess.run(
            [program, "get_throttled"], capture_output=True, text=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip().partition("=")[2] or None
